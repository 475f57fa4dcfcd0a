"""How often a session may be started: Discord resets the token of a bot that sends IDENTIFY a thousand times a day."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable

from bot.platforms.discord.state import State

log = logging.getLogger("briefbot.discord")
DAY = 24 * 3600.0
MOST_A_DAY = 200
FREELY = 50
"""Sessions a day before pauses begin, which then double up to an hour; a shard needs one, so more shards have more."""

SHORTEST_PAUSE, LONGEST_PAUSE = 5.5, 3600.0
"""Seconds; Discord takes one IDENTIFY in five, as they arrive there."""


class Sessions:
    """Counts the sessions of the last day, across restarts; `now` is the time in Unix seconds."""

    def __init__(
        self,
        state: State,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._state = state
        self._now = now
        self._sleep = sleep
        self.shards = 1

    async def started(self) -> None:
        """Counts a session that is about to be started, so that no crash forgets it, once it may be."""
        await self.wait()
        self._state.identify(lambda times: [*self._of_last_day(times), self._now()])

    async def wait(self, shard: int | None = None) -> None:
        """Waits until a session may be started."""
        self._state.identify(self._of_last_day)  # what a clock set back has put into the future counts as now, once
        while (pause := self.pause()) > 0:
            if pause > SHORTEST_PAUSE:
                log.warning("too many sessions were started; waiting", extra={"shard": shard, "seconds": round(pause)})
            await self._sleep(pause)

    def rest(self) -> float:
        """Returns how many seconds have to pass before another process may start a session."""
        return min(self.pause(), SHORTEST_PAUSE)

    def pause(self) -> float:
        """Returns how many seconds have to pass before the next session is started."""
        recent = self._of_last_day(self._state.identified)
        if not recent:
            return 0.0
        freely, most = max(FREELY, 3 * self.shards), max(MOST_A_DAY, 5 * self.shards)
        doubled = SHORTEST_PAUSE * 2.0 ** min(max(0, len(recent) - freely), 20)
        due = recent[-1] + min(doubled, LONGEST_PAUSE)
        if len(recent) >= most:
            due = max(due, recent[-most] + DAY)
        return max(due - self._now(), 0.0)

    def _of_last_day(self, times: Iterable[float]) -> list[float]:
        """Returns those of the last day, none later than now."""
        now = self._now()
        return [min(moment, now) for moment in times if now - DAY < moment]
