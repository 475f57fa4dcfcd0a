"""Many at once: as quickly as the platform lets us, small workspaces first, and quietly while there is nothing to do."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.publishing import DeliveryError
from bot.store.values import Subscription
from tests.databases import Sqlite
from tests.made_platform import Faults
from tests.stored import subscription
from tests.world import START, World, knowing_of

DAY = timedelta(days=1)
DUE = START + timedelta(seconds=1)
CAP = 45
BIG = 99_999
SOON: dict[str, Any] = {"made_at": START - DAY, "next_fire": DUE, "schedule": "daily 08:00"}


@pytest.fixture
def world(on_sqlite: Sqlite) -> World:
    """A platform that is one lane, and takes 45 messages a second."""
    world = World(on_sqlite.ready(), knowing_of())
    world.platform.name = "discord"
    world.platform.rate = CAP
    return world


def place(number: int, guild: int) -> str:
    return f"discord:{10**17 + guild}/{2 * 10**17 + number}"


def one(number: int, guild: int, **fields: Any) -> Subscription:
    made: dict[str, Any] = SOON | {"wanted": {"nothing": "say"}} | fields
    return subscription(f"s{number:05}", place(number, guild), **made)


def crowd(number: int) -> list[Subscription]:
    """Returns so many subscriptions, half of them in one guild, the others in guilds of two."""
    half = number // 2
    return [*(one(n, BIG) for n in range(half)), *(one(n, n // 2) for n in range(half, number))]


def sent(world: World) -> list[tuple[float, str]]:
    """Returns when each message was sent, in seconds after it was due, and where."""
    return sorted(
        ((at - DUE).total_seconds(), where) for where, some in world.platform.messages.items() for at, _ in some
    )


def goes_out_in_time(world: World, number: int, record_property: Callable[[str, object], None]) -> None:
    world.subscribe(*crowd(number))
    world.live(seconds=2 * number / CAP + 20)
    at = sent(world)
    assert len(at) == number
    record_property(f"{number} due at once, seconds over N / cap", round(at[-1][0] / (number / CAP), 3))
    assert at[0][0] <= 1
    assert at[-1][0] <= 1.1 * number / CAP
    big = place(0, BIG).partition("/")[0]
    small = [n for n, (_, where) in enumerate(at) if not where.startswith(big)]
    assert small[-1] <= 0.75 * number


def test_what_is_due_at_once_goes_out_as_quickly_as_it_may_and_small_guilds_come_first(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    goes_out_in_time(world, 270, record_property)


@pytest.mark.long
def test_three_thousand_due_at_once_go_out_as_quickly_as_they_may(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    goes_out_in_time(world, 3_000, record_property)


def test_a_place_that_is_to_wait_ten_minutes_delays_no_other(world: World) -> None:
    world.subscribe(*crowd(100))
    busy = DeliveryError("not_accepted", "place", "too many", 600)
    world.platform.faults = Faults(refused={place(0, BIG): busy})
    world.live(minutes=5)
    at = sent(world)
    assert len(at) == 99
    assert at[-1][0] <= 1.1 * 100 / CAP
    assert sum(world.platform.attempts.values()) == 100
    world.platform.faults = Faults()
    world.live(minutes=6)
    late = sent(world)[-1]
    assert late[1] == place(0, BIG)
    assert 600 <= late[0] < 605


def test_while_all_are_to_wait_nothing_is_asked(world: World) -> None:
    world.subscribe(*crowd(100))
    asked: list[datetime] = []

    def limited(post: object) -> None:
        asked.append(world.now())
        if world.now() < DUE + timedelta(seconds=600):
            raise DeliveryError("not_accepted", "lane", "too many of all", 600)

    world.platform.before = limited
    world.live(minutes=15)
    assert len(sent(world)) == 100
    early = [at for at in asked if at < DUE + timedelta(seconds=600)]
    assert len(early) == 1
    assert not [at for at, _ in sent(world) if at < 600]


def test_a_lane_that_waits_asks_the_database_seldom(world: World) -> None:
    world.subscribe(one(1, 1))
    busy = DeliveryError("not_accepted", "place", "too many", 3_600)
    world.platform.faults = Faults(refused={place(1, 1): busy})
    world.live(minutes=1)
    world.seams.start()
    world.live(minutes=58)
    assert len(world.seams.names) < 3_000


def test_a_bot_with_nothing_to_do_asks_the_database_seldom(world: World) -> None:
    world.subscribe(one(1, 1, next_fire=START + DAY))
    world.live(minutes=1)
    world.seams.start()
    world.live(hours=1)
    assert len(world.seams.names) < 2_500


def test_after_ten_years_each_subscription_fires_once(world: World) -> None:
    world.subscribe(*(one(n, n % 7, schedule="*/15 * * * *", catch_up=600) for n in range(60)))
    world.longest_wait = timedelta(hours=1)
    world.offset += timedelta(days=3_652, minutes=14)
    world.live(seconds=50)
    works = world.works()
    assert len(works) == 60 * 2
    assert {work.slot.state for work in works if work.slot.kind == "scheduled"} == {"skipped"}
