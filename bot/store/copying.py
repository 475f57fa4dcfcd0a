"""All rows of one store into another, whatever their engines."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.opening import Store
from bot.store.sql import ROWS, whole
from bot.store.tables import metadata, slot, subscription


@whole
async def copy(store: Store, into: Store) -> None:
    """Copies one state of a store into an empty one."""
    async with store.reading() as source, into.writing() as target:
        await _copy(source, target)


@whole
async def replace(store: Store, into: Store) -> None:
    """Puts all rows of one state of a store in place of those of another, at once or not at all."""
    async with store.reading() as source, into.writing() as target:
        for table in reversed(metadata.sorted_tables):
            await target.execute(table.delete())
        await _copy(source, target)


@whole
async def is_empty(store: Store) -> bool:
    """Returns whether nobody has subscribed yet, and nothing was ever to be posted."""
    async with store.reading() as tx:
        found = [await tx.scalar(select(table.c.id).limit(1)) for table in (subscription, slot)]
    return not any(found)


async def _copy(source: AsyncConnection, target: AsyncConnection) -> None:
    for table in metadata.sorted_tables:
        rows = await source.stream(select(table))
        async for some in rows.partitions(ROWS):
            await target.execute(table.insert(), [dict(row._mapping) for row in some])
