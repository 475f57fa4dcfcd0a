"""How the whole is, at one look: for people, for monitoring and for the heartbeat."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

from msgspec import Struct

from bot.knowledge_folder import KnowledgeFolder
from bot.operating.figures import Figures
from bot.operating.watching import Watch, Watched
from bot.store.upkeep import Counts, Overdue

DEAF = timedelta(minutes=1)
"""How long a platform may receive nothing before that is trouble: connections are made anew all the time."""


class Status(Struct, frozen=True):
    """Is how the whole was at an instant; `edited` is the day on which the knowledge was last changed by a curator."""

    at: datetime
    started: datetime
    platforms: tuple[Watched, ...]
    figures: Figures
    knowledge: str
    edited: datetime
    claims: int
    rejected: str
    lag: float

    @property
    def trouble(self) -> tuple[str, ...]:
        """What somebody should look at now, each in a sentence; none where all is well."""
        return tuple(self._trouble())

    def _trouble(self) -> Iterator[str]:
        if self.figures.problem:
            yield self.figures.problem
        for late in self.figures.overdue:
            yield f"{late.lane}: {late.number} digests are overdue, the first since {_written(late.since)}"
        for lane, why in self.figures.held.items():
            yield f"{lane}: nothing is posted: {why}"
        for one in self.platforms:
            if not one.serving:
                yield f"{one.name}: refused; the log tells why"
            elif not one.condition.receiving and self.at - one.since > DEAF:
                yield f"{one.name}: nothing is received since {_written(one.since)} ({one.condition.told})"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What somebody should look at some day."""
        return tuple(self._warnings())

    def _warnings(self) -> Iterator[str]:
        counts = self.figures.counts
        if counts and counts.slots.get("uncertain"):
            yield f"{counts.slots['uncertain']} digests may be out; see briefbot deliveries --uncertain"
        if counts and counts.missed:
            yield f"{counts.missed} digests were missed in the last day"
        for platform, number in self.figures.off.items():
            yield f"{number} subscriptions wait for {platform}, which is off here"
        if self.rejected:
            yield f"the knowledge was edited, but not taken up: {self.rejected}"

    def values(self) -> Mapping[str, Any]:
        """Returns it as plain values, for JSON."""
        counts = self.figures.counts
        return {
            "well": not self.trouble,
            "trouble": self.trouble,
            "warnings": self.warnings,
            "version": version("briefbot"),
            "at": _written(self.at),
            "started": _written(self.started),
            "store": {"state": "unavailable" if self.figures.problem else "ok", "reason": self.figures.problem},
            "platforms": {one.name: _platform(one) for one in self.platforms},
            "digests": _digests(counts, self.figures.overdue) if counts else None,
            "subscriptions": counts.subscriptions if counts else None,
            "knowledge": {
                "version": self.knowledge,
                "claims": self.claims,
                "edited": f"{self.edited:%Y-%m-%d}",
                "age_days": (self.at - self.edited).days,
                "rejected": self.rejected,
            },
            "loop_lag_seconds": round(self.lag, 4),
        }


def _platform(one: Watched) -> Mapping[str, Any]:
    return {"receiving": one.condition.receiving, "since": _written(one.since), "how": one.condition.told}


def _digests(counts: Counts, overdue: Collection[Overdue]) -> Mapping[str, Any]:
    return {
        "overdue": {late.lane: late.number for late in overdue},
        "waiting": counts.waiting,
        "missed_in_the_last_day": counts.missed,
        **{state: counts.slots.get(state, 0) for state in ("uncertain", "failed", "skipped", "sent")},
    }


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def looking(
    folder: KnowledgeFolder, watch: Watch, figures: Callable[[], Awaitable[Figures]], now: Callable[[], datetime]
) -> Callable[[], Awaitable[Status]]:
    """Returns what looks at the whole."""
    started = now()

    async def look() -> Status:
        knowledge = folder.current
        edited = max(claim.changed for claim in knowledge.claims.values())
        return Status(
            at=now(),
            started=started,
            platforms=watch.watched,
            figures=await figures(),
            knowledge=folder.version,
            edited=datetime(edited.year, edited.month, edited.day, tzinfo=UTC),
            claims=len(knowledge.claims),
            rejected=folder.problem,
            lag=watch.lag,
        )

    return look
