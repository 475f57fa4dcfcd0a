"""Digests as part of the whole program: settings to an engine, a pass, a rehearsal."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from bot.clock import Clock
from bot.commands import names_outside
from bot.declared import reconcile
from bot.delivery.engine import Engine
from bot.delivery.lane import LONGEST_LOOK
from bot.delivery.running import deliver_by, ready
from bot.delivery.shelf import Shelf
from bot.platforms import PLATFORMS, limits
from bot.ports import Publisher
from bot.settings import Settings
from bot.store.opening import Store, sqlite_file
from bot.store.values import StoreUnavailable
from knowledge import Knowledge

log = logging.getLogger("briefbot.delivery")
AGAIN = 30.0
"""Seconds after which it is tried again to deliver where something was in the way."""


def utc_now() -> datetime:
    """Returns the current instant."""
    return datetime.now(UTC)


def names_of_commands() -> Mapping[str, Mapping[str, str]]:
    """Returns by platform what commands are called there, if not by their own names."""
    return {name: names_outside(limits(name).RESERVED) for name in PLATFORMS}


def engine_of(
    settings: Settings,
    store: Store,
    knowledge: Callable[[], Knowledge],
    publishers: Mapping[str, Publisher],
    linger: float = LONGEST_LOOK,
) -> Engine:
    """Returns an engine for the platforms that are on; it keeps a lane that has to go on within `linger` seconds."""
    shelf = Shelf(store, knowledge)
    names = names_of_commands()
    return Engine(store, shelf, publishers, utc_now, names=names, operators=settings.operators, linger=linger)


@asynccontextmanager
async def delivering(settings: Settings, engine: Engine) -> AsyncIterator[Engine]:
    """Gives the context in which an engine may deliver, with the subscriptions in step that are declared in a file.

    Raises:
        StoreUnavailable: the store cannot be used, or another process delivers from it.
        InvalidSubscriptions: the declared file cannot be used.
    """
    async with ready(engine, sqlite_file(settings.database)):
        if settings.subscriptions:
            await reconcile(engine.store, engine.shelf.knowledge, settings.subscriptions, engine.now())
        yield engine


async def deliver_always(settings: Settings, engine: Engine) -> None:
    """Delivers until cancelled; waits, and says so once, while another process delivers or the store is away."""
    told = ""
    while True:
        try:
            async with delivering(settings, engine):
                log.info("digests are posted from here", extra={"owner": engine.owner, "process": os.getpid()})
                told = ""
                await deliver_by(Clock(), engine)
        except StoreUnavailable as error:
            if str(error) != told:
                log.warning("no digests are posted from here", extra={"reason": str(error)})
            told = str(error)
        await asyncio.sleep(AGAIN)
