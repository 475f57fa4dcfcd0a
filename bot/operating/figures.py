"""What the database tells of the whole, asked for seldom: whoever looks often must not load it."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from msgspec import Struct, field

from bot.delivery.overdue import AFTER
from bot.places import platform_of
from bot.store import lanes, subscriptions, upkeep
from bot.store.opening import Store
from bot.store.unavailable import StoreUnavailable
from bot.store.upkeep import Counts, Overdue

log = logging.getLogger("briefbot.health")
KEPT = 5.0
"""Seconds for which figures are told again."""

PATIENCE = 2.0
"""Seconds within which the database must have answered; it is not asked again while it has not."""


class Figures(Struct, frozen=True):
    """Is what the database has told, or in `problem` why it has not.

    `held` is why nothing is posted, by lane; `off` how many subscriptions wait for platforms that are off, by platform.
    """

    counts: Counts | None = None
    overdue: tuple[Overdue, ...] = ()
    problem: str = ""
    held: Mapping[str, str] = field(default_factory=dict)
    off: Mapping[str, int] = field(default_factory=dict)


class Census:
    """Takes the figures of the `platforms` that are posted on; `now` is the time, `monotonic` a clock in seconds."""

    def __init__(
        self,
        store: Store,
        platforms: Collection[str],
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._now = now
        self._monotonic = monotonic
        self._patience = patience
        self._task: asyncio.Task[Figures] | None = None
        self._last: tuple[float, Figures] | None = None

    async def figures(self) -> Figures:
        """Returns the figures of a few seconds ago at most."""
        if self._last and self._monotonic() < self._last[0] + KEPT:
            return self._last[1]
        task = self._task = self._task or asyncio.create_task(self._read())
        await asyncio.wait([task], timeout=self._patience)
        if not task.done():
            return Figures(problem=f"the database has not answered within {self._patience:g} s; look at its load")
        if self._task is task:  # the first of those who waited for it
            self._last, self._task = (self._monotonic(), task.result()), None
        return task.result()

    async def _read(self) -> Figures:
        now = self._now()
        try:
            counts = await upkeep.counts(self._store, now)
            late = await upkeep.overdue(self._store, now - AFTER)
            held = await lanes.troubles(self._store)
            off = await subscriptions.of_others(self._store, self._platforms)
        except StoreUnavailable as error:
            return Figures(problem=str(error))
        except Exception:
            log.exception("the database could not be read by a fault of ours")
            return Figures(problem="the database could not be read by a fault of ours; the log tells more")
        ours = tuple(one for one in late if self._is_ours(one.lane))
        return Figures(counts, ours, held={n: why for n, why in held.items() if self._is_ours(n)}, off=off)

    def _is_ours(self, lane: str) -> bool:
        return platform_of(lane) in self._platforms

    async def close(self) -> None:
        """Waits for what is being read."""
        if self._task:
            await asyncio.wait([self._task])
