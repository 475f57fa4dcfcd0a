"""Databases that are filled, and what is done with them measured while the filling is not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from msgspec.structs import asdict

from bot.places import lane_of
from bot.store.migrate import migrate
from bot.store.values import Slot, Subscription
from tests.benchmarks.bare import Bare, Engine, Row
from tests.benchmarks.measuring import Side
from tests.stored import subscription

NOW = datetime(2033, 6, 15, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
FAR = NOW + 4_000 * DAY
TOGETHER = 100
WORKSPACES = 10
SCHEDULES = ("daily 09:00", "weekdays at 08:30", "mondays 08:30", "daily 17:15", "first monday of the month 10:00")
ZONES = ("Europe/Berlin", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "UTC", "Australia/Lord_Howe")
WRITTEN = {"slot": "id", "delivery": "id", "shown": "place, claim, revision", "decision": "slot, claim, revision"}
"""The tables of the send path, and by what they are sorted."""


@dataclass
class Metered:
    """Does something with what is fresh each time, and lets a clock run only while it does."""

    clock: Callable[[], float]
    fresh: Callable[[], Any]
    does: Callable[[Any], object]
    spent: float = 0.0

    def run(self, calls: int) -> None:
        """Does it so many times."""
        for _ in range(calls):
            prepared = self.fresh()
            begun = self.clock()
            self.does(prepared)
            self.spent += self.clock() - begun

    @property
    def side(self) -> Side:
        """The side that is measured."""
        return Side(self.run, lambda: self.spent)


@dataclass
class Filled:
    """Is a database with subscriptions, and the connection that it is filled by."""

    url: str
    bare: Bare
    subscriptions: list[Subscription]
    rounds: int = 0

    @classmethod
    def made(cls, engine: Engine, number: int = TOGETHER) -> Self:
        """Makes one with so many subscriptions."""
        url = engine.databases.empty()
        migrate(url)
        some, bare = [subscribed(one) for one in range(number)], Bare(url)
        with bare.writing():
            bare.insert("subscription", [asdict(one) for one in some])
        return cls(url, bare, some)

    def proposed(self) -> list[Slot]:
        """Keeps the next slot of a hundred subscriptions, and returns them."""
        self.rounds += 1
        slots = [slot_of(one, NOW + self.rounds * DAY) for one in self.subscriptions[:TOGETHER]]
        with self.bare.writing():
            self.bare.insert("slot", [asdict(one) | {"id": one.id, "wake": one.due} for one in slots])
        return slots

    def rows(self) -> dict[str, list[Row]]:
        """Returns all that is written of digests, by table."""
        return {table: self.bare.rows(f"SELECT * FROM {table} ORDER BY {by}") for table, by in WRITTEN.items()}


def subscribed(number: int) -> Subscription:
    """Returns a subscription that is never due; schedules and zones differ."""
    return subscription(
        f"S{number:06}",
        f"slack:T{number % WORKSPACES}/C{number:06}",
        schedule=SCHEDULES[number % len(SCHEDULES)],
        zone=ZONES[number % len(ZONES)],
        made_at=NOW - 30 * DAY,
        next_fire=FAR,
        wanted={"topics": {"Tencent": "company:tencent", "AI": "theme:ai"}, "nothing": "skip"},
    )


def slot_of(of: Subscription, due: datetime) -> Slot:
    """Returns the slot of a subscription at an instant."""
    key = f"{of.id}@{due.isoformat()}"
    return Slot(key, "scheduled", lane_of(of.place), of.place, due, due + 6 * HOUR, of.id)
