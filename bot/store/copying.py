"""A copy of a store to try things on: the store itself is read and stays as it is, to the last byte."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from bot.store.opening import Store, open_store, open_to_read, sqlite_file
from bot.store.sql import chunks, whole
from bot.store.tables import metadata
from bot.store.trouble import unavailable
from bot.store.values import StoreUnavailable


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
                        await _copy_rows(store, made)
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
async def _copy_rows(store: Store, into: Store) -> None:
    """Copies one state of a store into an empty one."""
    async with store.reading() as source, into.writing() as target:
        for table in metadata.sorted_tables:
            rows = [dict(row._mapping) for row in await source.execute(select(table))]
            for chunk in chunks(rows):
                await target.execute(table.insert(), chunk)
