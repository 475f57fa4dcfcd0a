"""A platform that is down, or shuts the bot out: the lane waits, little is left unclear, and it goes on by itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.delivery.engine import Engine
from bot.delivery.running import ready
from bot.delivery.trouble import FIRST
from bot.publishing import DeliveryError, Post, Receipt
from bot.store import lanes, subscriptions
from bot.store.opening import Store
from tests.databases import Sqlite
from tests.made_platform import Faults
from tests.stored import subscription
from tests.world import START, World, knowing_of, shown_to

DAY = timedelta(days=1)
PLACE = "slack:T1/C1"
SOON: dict[str, Any] = {"made_at": START - DAY, "next_fire": START + timedelta(seconds=1), "schedule": "daily 08:00"}
SAY: dict[str, Any] = {"wanted": {"nothing": "say"}}
DOWN = DeliveryError("not_accepted", "lane", "Slack does not answer")
REVOKED = DeliveryError("permanent", "lane", "Slack refuses the token")


@pytest.fixture
def world(on_sqlite: Sqlite) -> World:
    """A platform that cannot be asked what became of a message."""
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    world.longest_wait = timedelta(minutes=5)
    world.platform.can_look, world.operators = False, ""
    return world


def crowd(world: World, number: int) -> None:
    world.subscribe(*(subscription(f"s{n:03}", f"slack:T1/C{n}", **SOON, **SAY) for n in range(number)))


def states(world: World, kind: str = "scheduled") -> dict[str, int]:
    """Returns how many slots of a kind are in which state."""
    found = [work.slot.state for work in world.works() if work.slot.kind == kind]
    return {state: found.count(state) for state in sorted(set(found))}


def in_all(world: World, fault: DeliveryError, seconds: float = 1) -> None:
    """Has the platform take nothing from a second on."""

    async def fail(store: Store, engine: Engine) -> None:
        world.platform.faults.down = fault

    world.acts.append((seconds, fail))


def test_an_outage_of_an_hour_leaves_a_handful_unclear_and_the_others_come_after_it(world: World) -> None:
    world.platform.faults.down = DOWN
    crowd(world, 100)
    world.live(hours=1)
    world.platform.faults.down = None
    world.live(hours=1)
    uncertain = states(world)["uncertain"]
    assert states(world) == {"sent": 100 - uncertain, "uncertain": uncertain}
    assert uncertain <= FIRST
    assert sum(len(shown_to(world.platform, f"slack:T1/C{n}")) for n in range(100)) == 100 - uncertain


def test_an_outage_that_begins_among_many_leaves_those_unclear_that_were_under_way(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    world.platform.rate = 5
    in_all(world, DOWN, 8)
    crowd(world, 200)
    world.live(hours=1)
    world.platform.faults.down = None
    world.live(hours=1)
    unclear = states(world)["uncertain"]
    record_property("unclear after an outage of an hour that begins among many", unclear)
    assert unclear <= 6
    assert states(world)["sent"] == 200 - unclear


def test_no_more_are_under_way_at_once_than_the_platform_says(world: World) -> None:
    world.platform.at_once = 6
    crowd(world, 100)
    under_way, most, publish = 0, 0, world.platform.publish

    async def counted(post: Post) -> Receipt:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await publish(post)
        finally:
            under_way -= 1

    world.platform.publish = counted  # type: ignore[method-assign]
    world.live(hours=1)
    assert most == 6
    assert states(world)["sent"] == 100


def test_where_only_messages_fail_they_are_tried_ever_more_seldom(world: World) -> None:
    crowd(world, 100)
    asked: list[float] = []

    def fail(post: Post) -> None:
        if world.loop.time() < 3_600 and post.place != world.operators:
            asked.append(world.loop.time())
            raise DeliveryError("ambiguous", "message", "HTTP 503")

    world.platform.before = fail
    world.live(hours=1)
    assert len(asked) <= 20
    assert states(world)["planned"] >= 80
    world.live(hours=1)
    assert states(world) == {"sent": 100 - len(asked), "uncertain": len(asked)}


def test_one_message_that_failed_holds_up_no_other_for_a_second(world: World) -> None:
    world.platform.faults = Faults(script=["error"])
    crowd(world, 40)
    world.live(seconds=3)
    assert states(world) == {"sending": 1, "sent": 39}


def test_with_a_refused_token_nothing_is_tried_but_to_come_in_and_it_goes_on_when_that_is_mended(world: World) -> None:
    world.platform.faults.down = REVOKED
    crowd(world, 40)
    world.live(hours=2)
    assert len(world.platform.attempts) <= FIRST
    assert 20 <= world.platform.knocks <= 2 * 12 + 12
    assert set(states(world)) <= {"planned", "sending"}
    world.platform.faults.down = None
    world.live(minutes=10)
    assert states(world) == {"sent": 40}


def test_why_nothing_is_posted_is_kept_until_something_is(world: World) -> None:
    world.platform.faults.down = REVOKED
    crowd(world, 1)
    world.live(minutes=10)
    assert world.told(lanes.troubles) == {"slack:T1": "Slack refuses the token"}
    assert world.told(lambda store: subscriptions.get(store, "s000")).state == "active"
    world.platform.faults.down = None
    world.live(minutes=10)
    assert world.told(lanes.troubles) == {}


def test_a_platform_is_asked_though_nothing_is_due_until_it_answers(world: World) -> None:
    world.platform.faults.down = REVOKED
    world.subscribe(subscription(**SOON | {"catch_up": 60}))
    world.live(minutes=10)
    world.told(lambda store: subscriptions.remove(store, "airships", "", world.now()))
    world.sleep(40 * DAY)  # longer than anything is kept to be told
    world.live(minutes=1)
    assert world.told(lanes.troubles) == {"slack:T1": "Slack refuses the token"}
    world.platform.faults.down = None
    world.live(minutes=1)
    assert world.told(lanes.troubles) == {}


@pytest.mark.parametrize(("fault", "first"), [(REVOKED, "08:00"), (DOWN, "10:00")], ids=["refused", "down"])
def test_what_was_missed_meanwhile_is_told_once_with_the_reason_when_it_is_over(
    world: World, fault: DeliveryError, first: str
) -> None:
    """What may be out is looked for at last, so that of the first it is not known before whether it was missed."""
    world.platform.faults.down = fault
    world.platform.can_look = True
    world.subscribe(subscription(**SOON | {"schedule": "every 2 hours", "catch_up": 600}))
    world.live(hours=5)
    assert states(world) in ({"skipped": 3}, {"sending": 1, "skipped": 2})
    world.platform.faults.down = None
    world.live(minutes=30)
    ended = [work.slot for work in world.works() if work.slot.kind == "scheduled"]
    assert [slot.state for slot in ended] == ["skipped" if fault is REVOKED else "failed", "skipped", "skipped"]
    missed = [slot.reason for slot in ended if slot.state == "skipped"]
    assert all(reason.startswith(f"missed: {fault.reason}; it was to be out by ") for reason in missed)
    notice, *others = shown_to(world.platform, PLACE)
    told = " ".join(notice.split())
    assert f"due on Wed 15 Jun 2033, {first} (Europe/Berlin) was not posted" in told
    assert f"nor what was due while this lasted: {fault.reason}" in told
    assert "due on Wed 15 Jun 2033, 14:00." in told
    assert not [text for text in others if "missed" in text]


def test_what_waits_for_a_platform_that_is_off_is_told_at_start(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.subscribe(
        subscription("a", **SOON), subscription("b", "discord:1/2", **SOON), subscription("c", "discord:1/3")
    )

    async def starts(store: Store) -> None:
        async with ready(world.engine(store), None):
            pass

    world.told(starts)
    [told] = [record for record in caplog.records if "platforms that are off" in record.getMessage()]
    assert told.__dict__["subscriptions"] == {"discord": 2}


def test_a_pass_ends_though_the_platform_takes_nothing(world: World) -> None:
    world.platform.faults.down = DOWN
    crowd(world, 3)

    async def one_pass(store: Store) -> None:
        engine = world.engine(store)
        await engine.tick()
        await engine.finish()

    world.sleep(timedelta(seconds=2))
    begins = world.loop.time()
    world.told(one_pass)
    assert world.loop.time() - begins < 60
