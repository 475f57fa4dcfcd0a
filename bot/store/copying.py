"""All rows of one store into another, and a copy to try things on: what is copied stays as it is, to the last byte."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.looking import open_to_read
from bot.store.opening import Store, open_store, sqlite_file
from bot.store.sql import ROWS, whole
from bot.store.tables import metadata, slot, subscription
from bot.store.trouble import unavailable
from bot.store.unavailable import StoreUnavailable


@asynccontextmanager
async def copied(url: str, folder: Path) -> AsyncIterator[Store]:
    """Opens a copy, in a folder, of the database of a plain URL; an empty one where there is no database.

    Raises:
        StoreUnavailable: the database cannot be read, or its schema is not this program's.
    """
    file, into = sqlite_file(url), folder / "copy.db"
    if file and file.exists():
        await asyncio.to_thread(_copy_file, file, into)
    try:
        async with open_store(f"sqlite:///{into}") as made:
            if file is None:
                async with open_to_read(url) as store:
                    if store:
                        await copy(store, made)
            yield made
    except StoreUnavailable as error:
        raise StoreUnavailable(str(error).replace(str(into), str(file or into))) from None


def _copy_file(file: Path, into: Path) -> None:
    """Copies a file of SQLite as it is at this moment; what is not in it yet lies in another beside it."""
    beside = {end: file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm")}
    try:
        if all(path.exists() for path in beside.values()):  # somebody may be writing
            reading = f"{file.resolve().as_uri()}?mode=ro"
            with closing(sqlite3.connect(reading, uri=True)) as source, closing(sqlite3.connect(into)) as target:
                source.backup(target)
            return
        shutil.copyfile(file, into)
        if beside["-wal"].exists():
            shutil.copyfile(beside["-wal"], into.with_name(f"{into.name}-wal"))
    except sqlite3.Error as error:
        wrapped = DBAPIError("", None, error)
        raise unavailable(str(file), wrapped) or error from None
    except OSError as error:
        raise unavailable(str(file), error) or error from None


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
