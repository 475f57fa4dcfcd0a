"""Erasing for good: from SQLite's log of writes, too."""

import asyncio
import logging
import sqlite3

from bot.store import upkeep
from bot.store.opening import Store
from bot.store.sql import whole

log = logging.getLogger("briefbot.store")
TIMES, AGAIN = 40, 0.25
"""How often it is tried to empty the log while others read, and after how many seconds."""


async def erase(store: Store, workspace: str) -> dict[str, int]:
    """Deletes all that is kept of a workspace (`platform:workspace`), and returns how many rows of each table.

    On SQLite deleted rows are overwritten in the file, and the log in which they stood is emptied; PostgreSQL gives
    the room of deleted rows away by itself.

    Raises:
        StoreUnavailable: nothing is deleted.
    """
    gone = await upkeep.erase(store, workspace)
    if store.engine.dialect.name == "sqlite":
        for _ in range(TIMES):
            if await _log_emptied(store):
                return gone
            await asyncio.sleep(AGAIN)
        log.warning("SQLite's log is in use, and is emptied of what was erased when the last process ends")
    return gone


@whole
async def _log_emptied(store: Store) -> bool:
    async with store.turn, store.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        if driver is None:
            return False
        try:
            await driver.execute("PRAGMA busy_timeout=0")  # our own writes wait for their turn meanwhile
            async with driver.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
                busy, *_ = await cursor.fetchone()
        except (sqlite3.Error, OSError):
            return False
        finally:
            await connection.invalidate()  # the next one waits again
        return not busy
