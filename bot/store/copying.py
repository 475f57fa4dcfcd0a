"""All rows of one store into another that is empty, whatever their engines."""

from sqlalchemy import select

from bot.store.opening import Store
from bot.store.sql import chunks, whole
from bot.store.tables import metadata


@whole
async def copy(store: Store, into: Store) -> None:
    """Copies one state of a store into an empty one."""
    async with store.reading() as source, into.writing() as target:
        for table in metadata.sorted_tables:
            rows = [dict(row._mapping) for row in await source.execute(select(table))]
            for chunk in chunks(rows):
                await target.execute(table.insert(), chunk)
