"""A seat: what only one of several processes may do at a time, such as to receive from a bot's only Gateway session."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from bot.ports import Turn
from bot.store import lanes
from bot.store.opening import Store
from bot.store.unavailable import StoreUnavailable
from bot.store.values import Fenced, Hold

log = logging.getLogger("briefbot.seat")
LEASE = timedelta(seconds=9)
"""For which a seat is held; what a process that died had, another has so long after."""

RENEWED = 2.0
LOOK = 0.5
"""Seconds after which it is looked whether the seat is free."""

AWAY = 5.0


class Seat:
    """Is held by one process at a time, by a lease in the store, in which it is called `name`.

    While the store is away whoever has the seat keeps it: an outage of the store is none of what needs no store. So it
    must be harmless that two have it, which is so where one is cut off from the store and another is not.
    """

    def __init__(self, store: Store, name: str, now: Callable[[], datetime]) -> None:
        self._store = store
        self._name = name
        self._now = now
        self._owner = secrets.token_hex(8)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Waits until the seat is free, and gives the context in which it is ours."""
        hold = await self._taken()
        turn = Turn(hold.fence)
        keeping = asyncio.create_task(self._keep(hold, turn))
        try:
            yield turn
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])
            await self._leave(hold, timedelta(seconds=turn.rest))

    async def _taken(self) -> Hold:
        told = False
        while True:
            try:
                hold = await lanes.take_lane(self._store, self._name, self._owner, self._now(), LEASE)
            except StoreUnavailable as error:
                log.warning("a seat waits for the store", extra={"seat": self._name, "error": str(error)})
                await asyncio.sleep(AWAY)
                continue
            if hold:
                log.info("took a seat", extra={"seat": self._name, "number": hold.fence})
                return hold
            if not told:
                log.info("standing by: another process has the seat", extra={"seat": self._name})
            told = True
            await asyncio.sleep(LOOK)

    async def _keep(self, hold: Hold, turn: Turn) -> None:
        while True:
            await asyncio.sleep(RENEWED)
            try:
                await lanes.keep_lane(self._store, hold, self._now(), LEASE)
            except StoreUnavailable as error:
                log.warning("a seat cannot be renewed", extra={"seat": self._name, "error": str(error)})
            except Fenced:
                log.warning("a seat was taken over", extra={"seat": self._name})
                turn.over.set()
                return
            except Exception:
                log.exception("a seat could not be renewed by a fault of ours", extra={"seat": self._name})

    async def _leave(self, hold: Hold, rest: timedelta) -> None:
        try:
            if rest:
                await lanes.keep_lane(self._store, hold, self._now(), rest)
            else:
                await lanes.leave_lane(self._store, hold)
        except (Fenced, StoreUnavailable) as error:
            log.info("a seat was not given back", extra={"seat": self._name, "error": str(error)})
