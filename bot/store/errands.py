"""SQLite by one errand to its thread a statement: an errand costs more than what most statements do there.

aiosqlite makes one for the cursor, one for the statement, one for the rows and one for the end.
"""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Self, TypeVar

import aiosqlite

AHEAD = 1_000
"""How many rows come back with the statement; whoever reads a whole table fetches the rest."""

T = TypeVar("T")
Row = tuple[Any, ...]
Way = Callable[[str, Any], sqlite3.Cursor]
Left = sqlite3.Cursor | None


class Errands(aiosqlite.Connection):
    """Is a connection of aiosqlite whose statements are one errand each."""

    is_clean = True
    """Whether nothing was done since the last commit; the pool has each transaction rolled back all the same."""

    _ending: "asyncio.Future[Any] | None" = None

    def __init__(self, opens: Callable[[], sqlite3.Connection], endings: "set[asyncio.Future[Any]]") -> None:
        super().__init__(opens, iter_chunk_size=64)
        self._thread.daemon = True  # it keeps no process from ending
        self._endings = endings

    def stop(self) -> "asyncio.Future[Any] | None":
        """Has the thread end, and returns what waits for that; once, or a second end would be waited for for ever.

        SQLAlchemy stops a connection while it is closing where whoever closes it is cancelled.
        """
        if self._ending is None and (ending := super().stop()):
            self._ending = ending
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
        return self._ending

    async def commit(self) -> None:
        """Commits the current transaction."""
        await super().commit()
        self.is_clean = True

    async def rollback(self) -> None:
        """Rolls the current transaction back, if there can be one."""
        if not self.is_clean:
            await super().rollback()
            self.is_clean = True

    async def errand(self, does: Callable[[], T]) -> T:
        """Returns what something comes to in the thread, in turn."""
        done: T = await self._execute(does)  # type: ignore[no-untyped-call]
        return done

    def cursor(self) -> "Cursor":  # type: ignore[override]
        """Returns a cursor, for which nothing is done yet."""
        return Cursor(self)


class Cursor:
    """Is what SQLAlchemy asks of a cursor of aiosqlite."""

    def __init__(self, connection: Errands) -> None:
        self.arraysize = 1
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self._connection = connection
        self._rows: deque[Row] = deque()
        self._left: Left = None
        """What has more rows."""

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        """Carries out a statement."""
        return await self._carry_out(self._connection._conn.execute, statement, parameters)

    async def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> Self:
        """Carries out a statement for each row."""
        return await self._carry_out(self._connection._conn.executemany, statement, rows)

    async def fetchall(self) -> list[Row]:
        """Returns the rows that are left."""
        return await self.fetchmany(-1)

    async def fetchmany(self, size: int | None = None) -> list[Row]:
        """Returns the next rows; of a negative size, all."""
        most = self.arraysize if size is None else size
        missing = most - len(self._rows)
        if self._left and (most < 0 or missing > 0):
            more = partial(_fetched, self._left, None if most < 0 else max(missing, AHEAD))
            rows, self._left = await self._connection.errand(more)
            self._rows.extend(rows)
        number = len(self._rows) if most < 0 else min(most, len(self._rows))
        return [self._rows.popleft() for _ in range(number)]

    async def fetchone(self) -> Row | None:
        """Returns the next row."""
        return next(iter(await self.fetchmany(1)), None)

    async def close(self) -> None:
        """Lets go of the rows that are left."""
        self._rows.clear()
        if self._left:
            left, self._left = self._left, None
            await self._connection.errand(left.close)

    async def _carry_out(self, way: Way, statement: str, values: Sequence[Any]) -> Self:
        await self.close()
        self._connection.is_clean = False
        cursor, rows, self._left = await self._connection.errand(partial(carried_out, way, statement, values))
        self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        self._rows.extend(rows)
        return self


def carried_out(way: Way, statement: str, values: Sequence[Any]) -> tuple[sqlite3.Cursor, list[Row], Left]:
    """Carries out a statement, and returns its cursor, its first rows, and the cursor once more if more may be left."""
    cursor = way(statement, values)
    return cursor, *(_fetched(cursor, AHEAD) if cursor.description else ([], None))


class Connecting:
    """Makes connections, to be awaited, as SQLAlchemy has them made; `wait` is for a lock, in seconds."""

    def __init__(self, wait: float) -> None:
        self._wait = wait
        self._endings: set[asyncio.Future[Any]] = set()

    def __call__(self, file: str, **options: Any) -> Errands:
        """Returns a connection to a file."""
        return Errands(partial(_opened, file, self._wait, options), self._endings)

    async def ended(self) -> None:
        """Waits until the threads of all connections that were stopped have ended.

        Nobody else does where a file cannot be opened, or whoever waits for a statement is cancelled; and what a thread
        has to say at last, it says to a loop that must still be open.
        """
        while under_way := [one for one in self._endings if not one.done()]:
            await asyncio.wait(under_way)


def _opened(file: str, wait: float, options: Mapping[str, Any]) -> sqlite3.Connection:
    # No isolation level, or the driver would begin transactions by rules of its own.
    connection: sqlite3.Connection = sqlite3.connect(file, wait, isolation_level=None, **options)
    try:
        _log_ahead(connection, wait)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
    except BaseException:
        connection.close()
        raise
    return connection


_PRAGMAS = (
    "PRAGMA synchronous=FULL",  # a message may go out only after its intent is on disk
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # what is erased is overwritten
)


def _log_ahead(connection: sqlite3.Connection, wait: float) -> None:
    """Has what is written go to a log first; of two that begin so with a new file at once, SQLite has neither wait."""
    until = time.monotonic() + wait
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _fetched(cursor: sqlite3.Cursor, most: int | None) -> tuple[list[Row], Left]:
    """Returns so many rows, and the cursor if there may be more."""
    rows = cursor.fetchall() if most is None else cursor.fetchmany(most)
    return rows, None if most is None or len(rows) < most else cursor
