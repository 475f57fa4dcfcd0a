"""The engine at work: all the time by a clock, or for one pass."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from bot.clock import Clock
from bot.delivery.engine import Engine
from bot.delivery.overdue import Alarm
from bot.delivery.proposing import mend_next_fires
from bot.recently import Recently
from bot.store.files import deliver_lock
from bot.store.lanes import free_lanes
from bot.store.values import StoreUnavailable

log = logging.getLogger("briefbot.delivery")
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
MENDED = timedelta(minutes=10)
"""How often it is looked whether what is paused for its place can go on."""

AGAIN = timedelta(seconds=5)
TOLD = 60.0
"""Seconds in which trouble with the store is told once."""

TICK = timedelta(seconds=30)
SETTLED = timedelta(seconds=10)
"""How long there is no heartbeat at first: what is refused and begun anew, again and again, is not alive."""


@asynccontextmanager
async def ready(engine: Engine, file: Path | None) -> AsyncIterator[None]:
    """Gives the context in which an engine may deliver: alone where the database is a SQLite `file`.

    Raises:
        StoreUnavailable: another process delivers from the file.
    """
    async with AsyncExitStack() as stack:
        if file:
            stack.enter_context(deliver_lock(file))
            await free_lanes(engine.store)
        for publisher in engine.publishers.values():
            await stack.enter_async_context(publisher.opened())
        stack.push_async_callback(engine.stop)
        await mend_next_fires(engine.store, engine.now())
        if waiting := await engine.waiting():
            log.warning("subscriptions wait for platforms that are off here", extra={"subscriptions": waiting})
        yield


async def deliver_by(clock: Clock, engine: Engine, beat: Callable[[], Awaitable[object]] | None = None) -> None:
    """Delivers until cancelled, and lets the heart beat each minute; needs `ready`."""
    told, alarm, beginning = Recently(TOLD), Alarm(engine), iter([True])

    def job(run: Callable[[], Awaitable[datetime]]) -> Callable[[], Awaitable[datetime]]:
        async def guarded() -> datetime:
            try:
                return await run()
            except StoreUnavailable as error:
                if not told.seen("store"):
                    log.error("digests wait for the store", extra={"error": str(error)})
                return engine.now() + AGAIN

        return guarded

    async def mend() -> datetime:
        await engine.mend()
        return engine.now() + MENDED

    async def clean() -> datetime:
        await engine.clean()
        return engine.now() + HOUR

    async def look() -> datetime:
        await alarm.look()
        return engine.now() + MINUTE

    async def heartbeat() -> datetime:
        if next(beginning, False):
            return engine.now() + SETTLED
        if beat:
            await beat()
        return engine.now() + MINUTE

    engine.soon = lambda: clock.soon("tick")
    clock.add("tick", job(engine.tick), TICK)
    clock.add("mend", job(mend), MENDED)
    clock.add("housekeeping", job(clean), HOUR)
    clock.add("overdue", job(look), MINUTE)
    clock.add("heartbeat", heartbeat, MINUTE)
    await clock.run()


async def deliver_once(engine: Engine) -> None:
    """Makes one pass: posts what is due now, and whatever of it wants attention within seconds; needs `ready`.

    Raises:
        StoreUnavailable: the store cannot be used.
    """
    await engine.tick()
    await engine.finish()
    await engine.mend()  # what is due waits for no questions about what is not
    await engine.clean()
