"""Digests that are overdue: whatever keeps them back, somebody is told."""

import logging
from dataclasses import dataclass, field
from datetime import timedelta

from bot.delivery import notices
from bot.delivery.engine import Engine
from bot.places import platform_of
from bot.store import upkeep
from bot.store.upkeep import Overdue

log = logging.getLogger("briefbot.delivery")
AFTER = timedelta(minutes=10)


@dataclass
class Alarm:
    """Tells the operators of lanes whose digests are overdue, where those are so at two looks.

    After a long stop all is overdue at the first, and out by the second.
    """

    engine: Engine
    _before: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)

    async def look(self) -> list[Overdue]:
        """Looks, tells, and returns what is overdue, by lane.

        Raises:
            StoreUnavailable: it cannot be looked.
        """
        engine, now = self.engine, self.engine.now()
        late = [one for one in await upkeep.overdue(engine.store, now - AFTER) if _is_on(engine, one.lane)]
        for one in late:
            if one.lane in self._before:
                await notices.overdue(engine.store, one, engine.operators, now)
                self._tell(one)
        self._before = {one.lane for one in late}
        self._told &= self._before
        return late

    def _tell(self, late: Overdue) -> None:
        if late.lane not in self._told:
            told = {"lane": late.lane, "number": late.number, "since": late.since.isoformat()}
            log.error("digests are overdue", extra=told)
        self._told.add(late.lane)


def _is_on(engine: Engine, lane: str) -> bool:
    return platform_of(lane) in engine.publishers
