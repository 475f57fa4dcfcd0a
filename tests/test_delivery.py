"""What is due is posted once, and at its time, or as late as it says."""

from datetime import timedelta
from typing import Any

import pytest

from bot.delivery.engine import Engine
from bot.publishing import DeliveryError
from bot.store.opening import Store
from briefings.document_json import from_values
from tests.databases import Sqlite
from tests.made_platform import Faults
from tests.stored import subscription
from tests.world import START, World, knowing_of, shown_to

PLACE = "slack:T1/C1"
DAY = timedelta(days=1)
DUE = START + timedelta(hours=1)
DAILY: dict[str, Any] = {"schedule": "daily 09:00", "made_at": START - DAY, "next_fire": DUE}  # 07:00 UTC


@pytest.fixture
def world(on_sqlite: Sqlite) -> World:
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    world.longest_wait = timedelta(hours=1)
    world.subscribe(subscription(**DAILY))
    return world


def test_a_digest_is_posted_at_its_time_and_once(world: World) -> None:
    assert world.live(hours=3)
    [(at, _)] = world.platform.messages[PLACE]
    assert timedelta(0) <= at - DUE < timedelta(seconds=1)
    assert "The claim a holds." in shown_to(world.platform, PLACE)[0]


def test_what_is_posted_is_what_was_written_down(world: World) -> None:
    world.live(hours=3)
    [work] = world.works()
    assert [post.page for _, post in world.platform.messages[PLACE]] == [from_values(d.page) for d in work.deliveries]


def down(world: World, lasting: timedelta) -> None:
    """Has the process be down for a time that begins a second before a digest is due."""
    world.live(hours=1, seconds=-1)
    world.sleep(lasting + timedelta(seconds=1.1))
    world.live(hours=2)


@pytest.mark.parametrize(
    ("lasting", "told"),
    [(timedelta(seconds=30), ""), (timedelta(minutes=5), "5 minutes late"), (timedelta(hours=5), "5 hours late")],
    ids=["30 s", "5 min", "5 h"],
)
def test_what_was_due_while_the_bot_was_down_comes_once_and_says_how_late_it_is(
    world: World, lasting: timedelta, told: str
) -> None:
    down(world, lasting)
    [(at, _)] = world.platform.messages[PLACE]
    assert lasting - timedelta(seconds=2) <= at - DUE < lasting + timedelta(seconds=2)
    [text] = shown_to(world.platform, PLACE)
    assert told in text
    assert ("late" in text) == bool(told)
    assert "The claim a holds." in text


@pytest.mark.parametrize("hours", [0.3, 3.0])
def test_what_the_platform_did_not_take_for_hours_says_how_late_it_is(world: World, hours: float) -> None:
    world.platform.faults = Faults(refused={PLACE: DeliveryError("not_accepted", "lane", "it is down")})
    world.live(hours=1 + hours)
    world.platform.faults = Faults()
    world.live(hours=1)
    [text] = shown_to(world.platform, PLACE)
    said = {"18 minutes": 0.3, "19 minutes": 0.3, "180 minutes": 3.0, "3 hours": 3.0, "2 hours": 3.0}
    assert [late for one, late in said.items() if f"This digest is {one} late." in text] == [hours]
    [work] = world.works()
    assert work.slot.state == "sent"


def test_what_was_due_three_days_ago_is_skipped_with_one_notice_and_comes_with_the_next(world: World) -> None:
    down(world, 3 * DAY + timedelta(hours=7))
    [notice] = shown_to(world.platform, PLACE)
    assert "The claim" not in notice
    assert "Sat 18 Jun 2033, 09:00 (Europe/Berlin)" in " ".join(notice.split())
    assert "/subscriptions show airships" in notice
    world.live(hours=40)
    [_, digest] = shown_to(world.platform, PLACE)
    assert digest.count("The claim") == 2
    assert "late" not in digest
    states = [work.slot.state for work in world.works() if work.slot.kind == "scheduled"]
    assert states == ["skipped", "sent", "skipped"]  # the last has nothing new


@pytest.mark.parametrize(
    "by",
    [timedelta(hours=-2), timedelta(minutes=-1), timedelta(minutes=1), timedelta(hours=2), timedelta(hours=8), timedelta(days=3_652)],
    ids=["-2 h", "-1 min", "+1 min", "+2 h", "slept 8 h", "+10 y"],
)  # fmt: skip
@pytest.mark.parametrize("second", [1_800, 3_599, 3_600.1, 5_400])
def test_whenever_the_clock_is_set_nothing_comes_twice_or_early_or_never(
    world: World, by: timedelta, second: float
) -> None:
    async def jump(store: Store, engine: Engine) -> None:
        world.offset += by

    world.acts.append((second, jump))
    world.live(hours=60)
    posts = [text for text in shown_to(world.platform, PLACE) if "The claim" in text]
    assert [text.count("The claim") for text in posts] == [2]
    assert all(at >= DUE - timedelta(hours=2) for at, _ in world.platform.messages[PLACE])
    assert {work.slot.state for work in world.works()} <= {"sent", "skipped"}


def test_a_clock_that_was_ten_years_ahead_for_an_hour_stops_no_digest(world: World) -> None:
    async def ahead(store: Store, engine: Engine) -> None:
        world.offset += timedelta(days=3_652)

    async def right(store: Store, engine: Engine) -> None:
        world.offset = timedelta()

    world.acts += [(5_400.0, ahead), (9_000.0, right), (9_001.0, _more(world))]
    world.live(hours=30)
    assert [text.count("The claim") for text in shown_to(world.platform, PLACE)][-1] == 1
    assert len(world.platform.messages[PLACE]) <= 3


def test_what_a_clock_that_was_ten_years_ahead_has_dated_comes_all_the_same(world: World) -> None:
    async def ahead(store: Store, engine: Engine) -> None:
        world.offset += timedelta(days=3_652)
        world.knowledge = knowing_of("a", "b", "c")
        world.platform.faults = Faults(refused={PLACE: DeliveryError("not_accepted", "place", "too many", 10)})

    async def right(store: Store, engine: Engine) -> None:
        world.offset, world.platform.faults = timedelta(), Faults()

    world.acts += [(1_800.0, ahead), (3_000.0, right)]
    world.live(hours=80)
    told = " ".join(shown_to(world.platform, PLACE))
    assert [told.count(f"The claim {id_} holds.") for id_ in "abc"] == [1, 1, 1]
    assert {work.slot.state for work in world.works()} <= {"sent", "skipped"}


def _more(world: World) -> Any:
    async def add(store: Store, engine: Engine) -> None:
        world.knowledge = knowing_of("a", "b", "c")

    return add
