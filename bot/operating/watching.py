"""The process watched by itself: whether platforms really receive, since when, and how late the loop is."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from bot.ports import Condition, Platform

EVERY = 1.0
REMEMBERED = 60
"""Looks back over which the worst lag of the loop is told."""


class Watched(Struct, frozen=True):
    """Is how a platform has been `since` an instant; `serving` is whether it is still tried."""

    name: str
    condition: Condition
    since: datetime
    serving: bool = True


class Watch:
    """Looks each second; `now` is the time."""

    def __init__(self, platforms: Collection[Platform], now: Callable[[], datetime]) -> None:
        self._platforms = platforms
        self._now = now
        self._watched = {one.name: Watched(one.name, one.condition(), now()) for one in platforms}
        self._lags: deque[float] = deque([0.0], REMEMBERED)

    async def watch(self) -> None:
        """Looks until cancelled."""
        while True:
            due = time.monotonic() + EVERY
            await asyncio.sleep(EVERY)
            self._lags.append(max(time.monotonic() - due, 0.0))
            self.look()

    def look(self) -> None:
        """Notes how every platform is, and since when it is so."""
        for one in self._platforms:
            before, condition = self._watched[one.name], one.condition()
            changed = condition.receiving != before.condition.receiving
            since = self._now() if changed else before.since
            self._watched[one.name] = replace(before, condition=condition, since=since)

    def ended(self, name: str) -> None:
        """Notes that a platform is tried no more."""
        self._watched[name] = replace(self._watched[name], serving=False)

    @property
    def watched(self) -> tuple[Watched, ...]:
        """How every platform was at the last look."""
        return tuple(self._watched.values())

    @property
    def lag(self) -> float:
        """How many seconds the loop was late at worst in the last minute."""
        return max(self._lags)
