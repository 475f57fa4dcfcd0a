"""Faults of the database, told in a line with the way out."""

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from bot.store.unavailable import StoreUnavailable

_OURS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
"""Kinds of errors that are bugs, unless their code is in the table."""
_TOLD = {  # the beginning of SQLite's name or PostgreSQL's code of an error: what it means, and the way out
    "SQLITE_READONLY": ("is read-only", "give the program the right to write to the file and its folder"),
    "SQLITE_PERM": ("may not be used", "give the program the right to write to the file and its folder"),
    "SQLITE_AUTH": ("may not be used", "give the program the right to write to the file and its folder"),
    "SQLITE_CANTOPEN": ("cannot be opened", "see that its folder is there and may be written to"),
    "SQLITE_FULL": ("cannot grow: the disk is full", "free some space; work goes on by itself"),
    "SQLITE_BUSY": ("is locked by another process", "end whatever holds it; work goes on by itself"),
    "SQLITE_LOCKED": ("is locked by another process", "end whatever holds it; work goes on by itself"),
    "SQLITE_NOTADB": ("is no SQLite database", "move the file away, or restore a backup"),
    "SQLITE_CORRUPT": ("is damaged", "restore a backup"),
    "SQLITE_IOERR": ("cannot be read or written: the disk reports an error", "look at the disk and at its space"),
    "25006": ("is read-only", "give the address of the primary server"),
    "28": ("does not let us in", "see to the user and the password in DATABASE_URL"),
    "3D000": ("does not exist", "create it, or correct DATABASE_URL"),
    "3F000": ("has no schema for us", "give its user a schema to create tables in"),
    "42501": ("may not be used", "give its user the right to create and write tables"),
    "53100": ("cannot grow: the disk is full", "free some space; work goes on by itself"),
    "53300": ("has too many connections", "end some, or allow more; work goes on by itself"),
    "55P03": ("is locked by another process", "end whatever holds it; work goes on by itself"),
    "40": ("had two writers in each other's way", "nothing is to be done; work goes on by itself"),
    "57014": ("took too long to answer", "look at its load; work goes on by itself"),
}
_LOST = ("cannot be reached", "see that it runs and that DATABASE_URL names it; work goes on by itself")


def unavailable(name: str, error: SQLAlchemyError | OSError) -> StoreUnavailable | None:
    """Returns what to say of a fault of the database called `name`; None where the fault is a bug of ours."""
    if isinstance(error, NoConnectionFree):
        return _told(name, "took too long to answer", "look at its load; work goes on by itself", "no connection free")
    if isinstance(error, OSError):
        return _told(name, *_LOST, error.strerror or str(error))
    if not isinstance(error, DBAPIError):
        return None
    told = of_driver(name, error.orig)
    if told:
        return told
    ours = isinstance(error, _OURS) or _code(error.orig) == "SQLITE_ERROR"
    return None if ours else _told(name, *_LOST, str(error.orig))


def of_driver(name: str, cause: BaseException | None) -> StoreUnavailable | None:
    """Returns what to say of a fault as a driver tells it; None where its code is not in the table."""
    code = _code(cause)
    for beginning, (what, way_out) in _TOLD.items():
        if code.startswith(beginning):
            return _told(name, what, way_out, str(cause))
    return None


def _code(cause: BaseException | None) -> str:
    return str(getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or "")


def _told(name: str, what: str, way_out: str, detail: str) -> StoreUnavailable:
    first = (detail.strip().splitlines() or [""])[0]
    return StoreUnavailable(f"the database {name} {what} ({first}); {way_out}")
