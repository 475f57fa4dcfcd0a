"""Opening the store: its engine, its transactions and its schema."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util import await_

from bot.store.errands import Connecting
from bot.store.files import prepare
from bot.store.tables import REVISION
from bot.store.together import Together
from bot.store.trouble import unavailable
from bot.store.unavailable import StoreUnavailable

WAIT = 5.0
PROGRAM = "briefbot"
"""The name by which PostgreSQL knows the connections of this program."""

_WAYS = "give sqlite:///folder/file or postgresql://user:password@host/database"


@dataclass(frozen=True)
class Store:
    """Is an open database; `name` is its address as people are told it, without a password.

    `steps` is where steps of slots wait to be taken together.
    """

    engine: AsyncEngine
    name: str
    wait: float
    turn: AbstractAsyncContextManager[object]
    steps: Together[Any] = field(default_factory=Together)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Gives a transaction that may write, committed at the end of the context.

        Raises:
            StoreUnavailable: the database cannot be written to; whether a commit that failed took place is not known.
        """
        async with self.turn, self._transaction(writing=True) as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(_LOCAL, {"wait": f"{self.wait}s"})
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Gives a transaction that sees one state of the database and writes nothing.

        Raises:
            StoreUnavailable: the database cannot be read.
        """
        async with self._transaction(writing=False) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, *, writing: bool) -> AsyncIterator[AsyncConnection]:
        options: dict[str, Any] = {"writing": writing}
        if not writing and self.engine.dialect.name == "postgresql":
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        try:
            async with self.engine.connect() as connection:
                await connection.execution_options(**options)
                try:
                    async with connection.begin():
                        yield connection
                except SQLAlchemyError:
                    await connection.invalidate()  # a commit that failed may have left its transaction open
                    raise
        except (SQLAlchemyError, OSError) as error:
            told = unavailable(self.name, error)
            if told is None:
                raise
            raise told from error


# Said in each transaction, not once a connection, so that it holds behind a pooler too. A process that is stopped in
# mid-transaction loses its locks after the last one, and another can take over its lane.
_LOCAL = text(
    "SELECT set_config('lock_timeout', :wait, true), set_config('synchronous_commit', 'on', true), "
    "set_config('statement_timeout', '30s', true), set_config('idle_in_transaction_session_timeout', '10s', true)"
)


@asynccontextmanager
async def open_store(url: str, *, wait: float = WAIT, as_it_is: bool = False) -> AsyncIterator[Store]:
    """Opens the database of a plain URL and brings its schema up to this program's; `wait` is for a lock, in seconds.

    `as_it_is` opens none whose schema is another, and leaves it so.

    Raises:
        StoreUnavailable: it cannot be opened or written to, or was made by a newer program.
    """
    address = address_of(url)
    if address.get_backend_name() == "sqlite":
        prepare(Path(str(address.database)))
    engine = engine_to(address, wait)
    turn = asyncio.Lock() if address.get_backend_name() == "sqlite" else nullcontext()
    store = Store(engine, name_of(address), wait, turn)
    try:
        current = await revision_of(store)
        if current != REVISION and as_it_is:
            raise StoreUnavailable(
                f"the database {store.name} is of another version of briefbot (its schema is {current or 'none'}); "
                "use the version that it belongs to"
            )
        if current != REVISION:
            await _migrate(url)
        async with store.writing() as connection:  # a database that cannot be written to is told at once
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SELECT 1 FROM alembic_version FOR UPDATE"))
        yield store
    finally:
        await engine.dispose()


async def others_connected(store: Store) -> int:
    """Returns how many other connections of this program PostgreSQL has to a database; of SQLite nobody can tell."""
    if store.engine.dialect.name != "postgresql":
        return 0
    async with store.reading() as connection:
        return int(await connection.scalar(_OTHERS, {"program": PROGRAM}) or 0)


_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = :program AND pid <> pg_backend_pid()"
)


def sqlite_file(url: str) -> Path | None:
    """Returns the file of a database, if it is one of SQLite.

    Raises:
        StoreUnavailable: the URL is of no database that can be used.
    """
    address = address_of(url)
    return Path(str(address.database)) if address.get_backend_name() == "sqlite" else None


def address_of(url: str) -> URL:
    """Returns a plain URL with the driver that we use.

    Raises:
        StoreUnavailable: it is of no database that can be used.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        raise StoreUnavailable(f"DATABASE_URL is no address of a database; {_WAYS}") from None
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
    driver = drivers.get(address.drivername)
    if driver is None or (driver == "sqlite+aiosqlite" and address.database in (None, "", ":memory:")):
        raise StoreUnavailable(f"DATABASE_URL: {name_of(address)} is no database that can be used here; {_WAYS}")
    return address.set(drivername=driver)


def way_back(address: URL) -> str:
    """Returns what can be done about a database that a newer program made, whose tables nobody can make older."""
    if address.get_backend_name() == "sqlite":
        return "start that version, or put a backup from before in its place by `briefbot restore FILE --force`"
    return "start that version, or make an empty database, name it by DATABASE_URL, and restore a backup from before"


def name_of(address: URL) -> str:
    """Returns a database's address as people are told it, without a password."""
    if address.get_backend_name() == "sqlite" and address.database:
        return address.database
    return address.set(drivername=address.get_backend_name(), query={}).render_as_string(hide_password=True)


def engine_to(address: URL, wait: float) -> AsyncEngine:
    """Returns an engine that works with a database; `wait` is for a lock, in seconds.

    Raises:
        StoreUnavailable: its driver is not installed.
    """
    if address.get_backend_name() == "postgresql":
        try:
            # A prepared statement does not live through a pooler that gives each transaction another connection.
            kept = {"connect_timeout": 10, "prepare_threshold": None, "keepalives_idle": 30, "tcp_user_timeout": 30_000}
            named = kept | {"application_name": PROGRAM}
            return create_async_engine(address, pool_pre_ping=True, pool_timeout=30, connect_args=named)
        except ImportError:
            raise StoreUnavailable(
                "DATABASE_URL names PostgreSQL, whose driver is not installed; install briefbot[postgres]"
            ) from None
    connecting = Connecting(wait)
    engine = create_async_engine(address, pool_timeout=30, connect_args={"async_creator_fn": connecting})
    event.listen(engine.sync_engine, "begin", _begin)
    event.listen(engine.sync_engine, "engine_disposed", lambda _: await_(connecting.ended()))
    return engine


def _begin(connection: Any) -> None:
    # A transaction that takes the lock only at its first write can fail there, however long it might wait.
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


async def revision_of(store: Store) -> str | None:
    """Returns which schema a database has; None where it has none of ours.

    Raises:
        StoreUnavailable: it cannot be read.
    """
    async with store.reading() as connection:
        if not await connection.run_sync(lambda c: c.dialect.has_table(c, "alembic_version")):
            return None
        current: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        return current


async def _migrate(url: str) -> None:
    """Migrates in a process of its own, so that this one never holds the library; the URL may hold a password."""
    command = (sys.executable, "-P", "-m", "bot.store.migrate")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    told, fault = await process.communicate(url.encode())
    if process.returncode:
        reason = told.decode(errors="replace").strip() or fault.decode(errors="replace").strip()[-2_000:]
        raise StoreUnavailable(reason or f"the database could not be migrated (status {process.returncode})")
