"""How often a session may be started: Discord resets the token of a bot that sends IDENTIFY a thousand times a day."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from bot.platforms.discord.state import State

log = logging.getLogger("briefbot.discord")
DAY = 24 * 3600.0
MOST_A_DAY = 200
FREELY = 50
"""Sessions a day before pauses begin, which then double up to an hour."""

SHORTEST_PAUSE, LONGEST_PAUSE = 5.0, 3600.0
"""Seconds; Discord takes one IDENTIFY in five."""


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

    async def turn(self, shard: int | None = None) -> None:
        """Waits until a session may be started, and counts it, so that no crash forgets one."""
        while (pause := self.pause()) > 0:
            if pause > SHORTEST_PAUSE:
                log.warning("too many sessions were started; waiting", extra={"shard": shard, "seconds": round(pause)})
            await self._sleep(pause)
        self._state.identified = [*self._recent(), self._now()]

    def pause(self) -> float:
        """Returns how many seconds have to pass before the next session is started."""
        recent = self._recent()
        if not recent:
            return 0.0
        doubled = SHORTEST_PAUSE * 2.0 ** min(max(0, len(recent) - FREELY), 20)
        due = recent[-1] + min(doubled, LONGEST_PAUSE)
        if len(recent) >= MOST_A_DAY:
            due = max(due, recent[-MOST_A_DAY] + DAY)
        return max(due - self._now(), 0.0)

    def _recent(self) -> list[float]:
        """Returns the times of the last day; those that a clock set back has put into the future count as now."""
        now = self._now()
        return [min(moment, now) for moment in self._state.identified if now - DAY < moment]
