"""Back-ups: one state of a database in a SQLite file of its own, whatever the engine that it is taken from."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from bot.store.copying import copy
from bot.store.files import must_be_ours
from bot.store.opening import open_store, sqlite_file
from bot.store.tables import REVISION
from bot.store.trouble import of_driver
from bot.store.unavailable import StoreUnavailable

_WAIT = 60.0
"""Seconds to wait for a database that is locked."""

_STAMP = "CREATE TABLE backup (made_at TEXT NOT NULL, program TEXT NOT NULL)"


class NoBackup(StoreUnavailable):
    """Says why a file cannot be restored, or a back-up not be written, and the way out."""


class Backup(Struct, frozen=True):
    """Is a back-up that was read: when it was made, and by which version of the program."""

    file: Path
    made_at: datetime
    program: str


async def write(url: str, file: Path, now: datetime, program: str) -> None:
    """Writes a back-up of the database at a URL, which may be in use; it is whole and checked, or not there.

    Raises:
        StoreUnavailable: the database cannot be read.
        NoBackup: the file cannot be written.
    """
    with _aside(file) as fresh:
        source = sqlite_file(url)
        if source:
            _vacuumed(source, fresh, file)
        else:
            async with open_store(url, as_it_is=True) as store, open_store(f"sqlite:///{fresh}") as made:
                await copy(store, made)
        with _told(file), closing(sqlite3.connect(fresh)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")  # one file, with no other beside it
            with connection:
                connection.execute("DROP TABLE IF EXISTS backup")
                connection.execute(_STAMP)
                connection.execute("INSERT INTO backup VALUES (?, ?)", (now.isoformat(), program))
        read(fresh)


def read(file: Path) -> Backup:
    """Checks a back-up from its first byte to its last, and returns what it says of itself.

    Raises:
        NoBackup: it is damaged, or none of ours.
    """
    if not file.is_file():
        raise NoBackup(f"there is no file {file}; give one that `briefbot backup` has written")
    try:
        with closing(sqlite3.connect(_read_only(file), uri=True)) as connection:
            wrong = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
            wrong += [f"a row of {row[0]} belongs to none of {row[2]}" for row in connection.execute(_ORPHANS)]
            stamp, program = connection.execute("SELECT made_at, program FROM backup").fetchone()
        made_at = datetime.fromisoformat(stamp)
    except (sqlite3.Error, TypeError, ValueError) as error:
        raise NoBackup(f"{file} is no back-up of briefbot ({error}); give one that `briefbot backup` wrote") from None
    if wrong:
        raise NoBackup(f"{file} is damaged ({wrong[0]}); give another back-up")
    return Backup(file, made_at, program)


_ORPHANS = "PRAGMA foreign_key_check"


def _read_only(file: Path) -> str:
    return f"file:{quote(str(file.absolute()))}?mode=ro&immutable=1"


def unusable(path: Path) -> str:
    """Returns why a SQLite file, which may be missing or empty, is no database that this program can open, if so."""
    if not path.exists() or not path.stat().st_size:
        return ""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=rw", uri=True)) as connection:
            [told] = connection.execute("PRAGMA quick_check(1)").fetchone()
            if told != "ok":
                return f"it is damaged ({told})"
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
                return ""
            current = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        damaged = error.sqlite_errorname.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))
        return f"it is damaged ({error})" if damaged else ""
    newer = current and str(current[0]) > REVISION
    return f"it was made by a newer briefbot (its schema is {current[0]})" if newer else ""


def unpack(backup: Backup, into: Path) -> None:
    """Writes the database of a back-up into a new file, with the schema that it had then.

    Raises:
        NoBackup: there is no room for it.
    """
    with _told(into), closing(sqlite3.connect(_read_only(backup.file), uri=True)) as source:
        os.close(os.open(into, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        source.execute("VACUUM INTO ?", (str(into),))
        with closing(sqlite3.connect(into)) as made:
            made.execute("DROP TABLE backup")


def _vacuumed(source: Path, fresh: Path, file: Path) -> None:
    """Writes one state of a SQLite file into another, while others read and write the first."""
    must_be_ours(source)
    address = f"file:{quote(str(source.absolute()))}?mode=rw"  # which makes no new one
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=_WAIT)) as connection:
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
            try:
                connection.execute("VACUUM INTO ?", (str(fresh),))
            except sqlite3.Error as error:
                if error.sqlite_errorname.startswith(_OF_THE_SOURCE):
                    raise
                raise _unwritten(file, str(error)) from None
    except sqlite3.Error as error:
        unready = f"the database {source} holds nothing of briefbot's ({error}); see to DATABASE_URL"
        raise of_driver(str(source), error) or StoreUnavailable(unready) from None


_OF_THE_SOURCE = ("SQLITE_BUSY", "SQLITE_CORRUPT", "SQLITE_LOCKED", "SQLITE_NOTADB")


@contextmanager
def _aside(file: Path) -> Iterator[Path]:
    """Gives a file beside another, for its owner alone, which is put in its place at the end, or goes."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with _told(file):
            os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield fresh
        with _told(file):
            _on_disk(fresh)
            fresh.replace(file)
            _on_disk(file.absolute().parent)
    finally:
        for path in (fresh, *(fresh.with_name(f"{fresh.name}-{one}") for one in ("journal", "wal", "shm"))):
            path.unlink(missing_ok=True)


def _on_disk(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems cannot for a folder
            os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise _unwritten(file, error.strerror or "" if isinstance(error, OSError) else str(error)) from None


def _unwritten(file: Path, reason: str) -> NoBackup:
    return NoBackup(f"{file} cannot be written ({reason}); free the disk, or give a file elsewhere")
