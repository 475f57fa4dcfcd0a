"""The grip on a lane: the lease that one process has, and what is held back in it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from bot.delivery.trouble import Trouble
from bot.publishing import DeliveryError, Publisher
from bot.store import lanes
from bot.store.opening import Store
from bot.store.unavailable import StoreUnavailable
from bot.store.values import Hold

log = logging.getLogger("briefbot.delivery")
T = TypeVar("T")
LEASE = 20.0
"""Seconds for which a lane is held; what a process that died had begun goes on this long after, and a request more."""

AGAIN, LONGEST_AGAIN = 2.0, 16.0
REQUEST = 12.0
"""Seconds for which a request of the last holder may still be under way."""


class Grip:
    """Holds a lane until it is left, lost or not renewed in time; `at_once` digests may be under way in it."""

    def __init__(
        self,
        store: Store,
        hold: Hold,
        until: datetime,
        now: Callable[[], datetime],
        at_once: int,
        monotonic: Callable[[], float] = time.monotonic,
        lease: float = LEASE,
    ) -> None:
        self.hold = hold
        self.trouble = Trouble(hold.trouble, at_once)
        self._lease = lease
        self._store = store
        self._until = until
        self._now = now
        self._monotonic = monotonic
        self._firm_until = monotonic() + lease
        self._paused: dict[str, float] = {}
        self._turns: set[asyncio.Timeout] = set()
        self._ended = False

    @property
    def is_firm(self) -> bool:
        """Whether nobody else can hold the lane yet."""
        return self._monotonic() < self._firm_until and self._now() < self._until and not self._ended

    def is_free(self, place: str) -> bool:
        """Whether a message may be sent now: nobody else can hold the lane yet, and nothing holds the place back."""
        return self.is_firm and not self.is_paused(place)

    async def turn(self, publisher: Publisher, place: str) -> bool:
        """Waits for the turn of a place, and returns whether a message may be sent there then."""
        if self._ended:
            return False
        try:
            async with asyncio.timeout(None) as turn:  # a task of its own costs a tenth of what posting does
                self._turns.add(turn)
                await publisher.turn(place)
        except Exception as error:  # what is wrong with a place, posting to it will tell
            if not self._ended:
                log.info("there is no turn", extra={"place": place, "reason": str(error)})
        finally:
            self._turns.discard(turn)
        return self.is_free(place)

    async def keep(self) -> None:
        """Renews the lease until cancelled.

        Raises:
            Fenced: another has taken the lane.
        """
        while True:
            await asyncio.sleep(self._lease / 4)
            asked, now, lease = self._monotonic(), self._now(), timedelta(seconds=self._lease)
            try:
                await lanes.keep_lane(self._store, self.hold, now, lease)
            except StoreUnavailable as error:
                log.warning("a lease cannot be renewed", extra={"lane": self.hold.lane, "error": str(error)})
            else:
                self._firm_until, self._until = asked + self._lease, now + lease

    def end(self) -> None:
        """Lets no more messages be sent; nobody waits for a turn any more."""
        self._ended = True
        while self._turns:
            self._turns.pop().reschedule(asyncio.get_running_loop().time())

    def pause(self, what: str, seconds: float) -> None:
        """Holds a place back, or a slot, or the whole lane by an empty word."""
        self._paused[what] = max(self._paused.get(what, 0.0), self._monotonic() + seconds)

    def met(self, error: DeliveryError, begun: int) -> float:
        """Holds the lane for what happened to a message sent in the round `begun`; returns for how many seconds."""
        seconds = self.trouble.met(error, begun)
        self.pause("", seconds)
        return seconds

    def is_paused(self, *what: str) -> bool:
        """Whether one of some places or slots is held back, or the whole lane."""
        return self.trouble.in_doubt or self.is_held("", *what)

    def is_held(self, *what: str) -> bool:
        """Whether one of some places or slots is held back itself, or the whole lane by an empty word."""
        self._release()
        return not self._paused.keys().isdisjoint(what)

    def is_shut(self, seconds: float) -> bool:
        """Whether nothing is sent in the whole lane for longer than that."""
        return self._paused.get("", 0.0) > self._monotonic() + seconds

    @property
    def next_release(self) -> float:
        """In how many seconds something is no longer held back; infinite where nothing is."""
        self._release()
        return min((until - self._monotonic() for until in self._paused.values()), default=float("inf"))

    def _release(self) -> None:
        if not self._paused:
            return
        now = self._monotonic()
        self._paused = {what: until for what, until in self._paused.items() if until > now}

    async def insist(self, write: Callable[[], Awaitable[T]]) -> T:
        """Writes something down that nobody else knows, trying until it is written or the lane is lost.

        Raises:
            Fenced: the lane has changed hands.
            WrongState: a person was quicker.
        """
        wait = AGAIN
        while True:
            try:
                return await write()
            except StoreUnavailable as error:
                log.error("an outcome cannot be written down; nothing is sent", extra={"error": str(error)})
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_AGAIN)
