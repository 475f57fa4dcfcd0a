"""Looking into a database without opening it for work: nothing is made, migrated or written."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.store.opening import WAIT, Store, address_of, engine_to, name_of, revision_of
from bot.store.subscriptions import everywhere
from bot.store.tables import REVISION
from bot.store.unavailable import StoreUnavailable
from bot.store.values import Subscription


class Looked(Struct, frozen=True):
    """Is what was seen: the schema's revision, None where there is none, and what is subscribed if it is this one.

    `refusal` is why nothing can be written, as far as the database tells.
    """

    revision: str | None
    subscriptions: tuple[Subscription, ...] = ()
    refusal: str = ""

    @property
    def is_current(self) -> bool:
        """Whether its schema is this program's."""
        return self.revision == REVISION


async def look_into(url: str) -> Looked:
    """Looks into a database that is there.

    Raises:
        StoreUnavailable: it cannot be opened or read.
    """
    address = address_of(url)
    engine = _reader(address) if address.get_backend_name() == "sqlite" else engine_to(address, WAIT)
    store = Store(engine, name_of(address), WAIT, nullcontext())
    try:
        revision = await revision_of(store)
        some = tuple(await everywhere(store)) if revision == REVISION else ()
        return Looked(revision, some, await _refusal(store))
    finally:
        await engine.dispose()


@asynccontextmanager
async def open_to_read(url: str) -> AsyncIterator[Store | None]:
    """Opens a database that is there to be read as it is; gives None where there are no tables of ours in it.

    Raises:
        StoreUnavailable: it cannot be read, or its schema is not this program's.
    """
    address = address_of(url)
    store = Store(engine_to(address, WAIT), name_of(address), WAIT, nullcontext())
    try:
        revision = await revision_of(store)
        if revision not in (REVISION, None):
            raise StoreUnavailable(
                f"the database {store.name} has the schema {revision}, and this program reads {REVISION}; "
                "have `briefbot run` of this version bring it up"
            )
        yield store if revision else None
    finally:
        await store.engine.dispose()


def _reader(address: URL) -> AsyncEngine:
    path = Path(str(address.database)).absolute()
    # Without that other file nobody has it open, and to be told so spares SQLite from making it.
    alone = {} if path.with_name(f"{path.name}-wal").exists() else {"immutable": "1"}
    database = f"file:{quote(str(path))}"
    return create_async_engine(address.set(database=database, query={"mode": "ro", "uri": "true", **alone}))


async def _refusal(store: Store) -> str:
    if store.engine.dialect.name != "postgresql":
        return ""
    async with store.reading() as connection:
        return await _refusal_of_postgresql(connection)


async def _refusal_of_postgresql(connection: AsyncConnection) -> str:
    if await connection.scalar(text("SELECT pg_is_in_recovery()")):
        return "it is a standby, which takes no writes; give the address of the primary server"
    if not await connection.scalar(text("SELECT has_schema_privilege(current_schema(), 'CREATE')")):
        return "its user may make no tables; grant that, for migrations"
    return ""
