"""What goes wrong at the platform: digests come all the same, once, and people are told where they cannot."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.delivery.engine import Engine
from bot.publishing import DeliveryError, Found, Post, Receipt
from bot.store import subscriptions
from bot.store.opening import Store
from bot.store.values import Subscription
from tests.databases import Sqlite
from tests.every_core import SCALE
from tests.made_platform import Faults, budget_of
from tests.stored import subscription
from tests.world import START, World, knowing_of, shown_to

DAY = timedelta(days=1)
PLACE, OWNER = "slack:T1/C1", "slack:T1/@U1"
SOON: dict[str, Any] = {"made_at": START - DAY, "next_fire": START + timedelta(seconds=1), "schedule": "daily 08:00"}
SAY: dict[str, Any] = {"wanted": {"nothing": "say"}}
REFUSED = DeliveryError("permanent", "message", "invalid_blocks")


@pytest.fixture
def world(on_sqlite: Sqlite) -> World:
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    world.longest_wait = timedelta(minutes=5)
    return world


def places(number: int, of: int = 20) -> list[Subscription]:
    """Returns subscriptions in so many places, each `of` them in a workspace."""
    return [subscription(f"s{n:04}", f"slack:T{n // of}/C{n}", **SOON, **SAY) for n in range(number)]


def survives_faults(world: World, digests: int, record_property: Callable[[str, object], None]) -> None:
    world.platform.faults = Faults(lost=2, cut=2, error=3, limited=3)
    world.longest_wait = timedelta(hours=6)
    of_a_day = min(digests, 200)
    world.subscribe(*places(of_a_day))
    days = digests // of_a_day
    world.live(hours=24 * days - 1)
    keys = world.platform.keys
    assert len(keys) == of_a_day * days
    assert set(keys.values()) == {1}
    assert {work.slot.state for work in world.works()} == {"sent"}
    attempts = sum(world.platform.attempts.values()) / len(keys)
    record_property("attempts of a digest under faults", round(attempts, 3))
    assert attempts <= 1.2


def test_under_faults_every_digest_comes_once(world: World, record_property: Callable[[str, object], None]) -> None:
    survives_faults(world, 200, record_property)


@pytest.mark.long(minutes=5)
def test_under_faults_thousands_of_digests_come_once(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    survives_faults(world, round(5_000 * SCALE), record_property)


def test_a_place_that_is_gone_pauses_what_is_posted_there_and_its_owner_is_told_once(world: World) -> None:
    world.subscribe(subscription(**SOON))
    world.platform.gone = {PLACE}
    world.live(hours=50)
    [text] = shown_to(world.platform, OWNER)
    assert "the channel is gone" in text
    assert list(world.platform.messages) == [OWNER]
    one = world.told(lambda store: subscriptions.get(store, "airships"))
    assert (one.state, one.reason) == ("paused", "unreachable: the channel is gone")


def test_an_owner_who_takes_no_messages_is_told_in_the_place_itself_or_the_operators_are(world: World) -> None:
    refused = DeliveryError("permanent", "place", "not_allowed")
    world.subscribe(subscription(**SOON))
    world.platform.faults = Faults(refused={PLACE: refused, OWNER: refused})
    world.live(hours=2)
    assert [place for place, of_place in world.platform.messages.items() if of_place] == [world.operators]
    assert sum(world.platform.attempts.values()) == 4


def test_where_a_platform_takes_nothing_any_more_the_operators_are_told_once_a_day_elsewhere(world: World) -> None:
    revoked = DeliveryError("permanent", "lane", "the token is revoked")
    some = [subscription(f"s{n}", f"slack:T1/C{n}", **SOON) for n in range(5)]
    world.subscribe(*some)
    world.platform.faults = Faults(refused={one.place: revoked for one in some})
    world.live(minutes=30)
    [text] = shown_to(world.platform, world.operators)
    assert "No digest can be posted on slack:T1 any more: the token is revoked." in text
    assert {work.slot.state for work in world.works() if work.slot.kind == "scheduled"} <= {"planned", "sending"}
    assert sum(world.platform.attempts.values()) <= 20
    world.platform.faults = Faults()
    world.live(hours=1)
    assert sum(len(world.platform.messages[one.place]) for one in some) == 5


def test_where_a_file_names_somebody_unknown_as_owner_the_place_or_the_operators_are_told(world: World) -> None:
    world.subscribe(subscription(made_by="Ada from accounting", **SOON))
    world.platform.gone = {PLACE}
    world.live(hours=2)
    assert [place for place, of_place in world.platform.messages.items() if of_place] == [world.operators]
    assert world.told(lambda store: subscriptions.get(store, "airships")).state == "paused"


def test_a_place_that_never_was_one_keeps_no_other_from_going_on(world: World) -> None:
    never = "slack:T1/C0/17"
    world.subscribe(subscription("first", never, **SOON | {"made_at": START - 2 * DAY}), subscription(**SOON, **SAY))
    refused = DeliveryError("permanent", "place", "that is no place")

    async def reachable(place: str) -> bool:
        if place == never:
            raise refused
        return True

    world.platform.faults, world.platform.gone = Faults(refused={never: refused}), {PLACE}
    world.live(minutes=5)
    world.platform.gone = set()
    world.platform.reachable = reachable  # type: ignore[method-assign]

    async def mend(store: Store, engine: Engine) -> None:
        await engine.mend()

    world.acts.append((world.loop.time() + 60, mend))
    world.live(minutes=5)
    assert world.told(lambda store: subscriptions.get(store, "airships")).state == "active"
    assert world.told(lambda store: subscriptions.get(store, "first")).state == "paused"


def test_what_can_never_be_finished_holds_up_no_later_part(world: World) -> None:
    world.knowledge, world.platform.budget = knowing_of("a", "b", "c"), budget_of(4)
    world.subscribe(subscription(**SOON))

    async def finish(post: Post, receipt: Receipt) -> None:
        raise DeliveryError("permanent", "message", "no right to publish")

    world.platform.finish = finish  # type: ignore[method-assign]
    world.live(minutes=5)
    [work] = world.works()
    assert [one.state for one in work.deliveries] == ["sent"] * 2


@pytest.mark.parametrize(
    "error", [DeliveryError("not_accepted", "lane", "no such token"), ValueError("a fault")], ids=["refused", "fault"]
)
def test_what_cannot_be_looked_for_at_last_waits_for_a_person(world: World, error: Exception) -> None:
    world.subscribe(subscription(**SOON | {"catch_up": 60}))
    world.platform.faults = Faults(script=["cut"])

    async def find(post: Post) -> Found:
        raise error

    world.platform.find = find  # type: ignore[method-assign]
    world.live(minutes=2)
    world.sleep(timedelta(hours=25))
    world.live(minutes=5)
    assert {work.slot.state for work in world.works() if work.slot.due < START + DAY} == {"uncertain"}
    assert "It is not known whether part 1" in shown_to(world.platform, world.operators)[0]


def sent_again_though_unclear(world: World, second: str) -> None:
    """Has the first try of a digest be lost, and the second one be what is said; the first arrived, and nobody knows.

    The line of the first breaks after twelve seconds, and twelve seconds later it is sent again.
    """
    world.platform.can_look = False
    world.platform.faults = Faults(script=["lost", second])
    world.subscribe(subscription(**SOON, policy="at_least_once"))
    world.live(seconds=24)
    assert sum(world.platform.attempts.values()) == 2


def test_what_may_be_out_is_sent_again_as_it_was(world: World) -> None:
    sent_again_though_unclear(world, "limited")
    world.knowledge = knowing_of("b", "c")
    world.live(minutes=5)
    first, second = shown_to(world.platform, PLACE)
    assert first == second
    assert [work.slot.state for work in world.works()] == ["sent"]


def test_what_may_be_out_waits_for_a_person_once_its_subscription_is_paused(world: World) -> None:
    sent_again_though_unclear(world, "limited")
    world.told(lambda store: subscriptions.pause(store, "airships", "on leave", world.now()))
    world.live(minutes=5)
    [work] = [work for work in world.works() if work.slot.kind == "scheduled"]
    assert (work.slot.state, len(world.platform.messages[PLACE])) == ("uncertain", 1)


@pytest.mark.parametrize("error", [REFUSED, DeliveryError("permanent", "place", "the channel is gone")], ids=str)
def test_what_may_be_out_waits_for_a_person_once_it_is_refused_for_good(world: World, error: DeliveryError) -> None:
    sent_again_though_unclear(world, "limited")
    world.platform.faults = Faults(refused={PLACE: error})
    world.live(hours=1)
    [work] = [work for work in world.works() if work.slot.kind == "scheduled"]
    assert (work.slot.state, work.slot.reason) == ("uncertain", error.reason)
    assert "It is not known whether part 1" in shown_to(world.platform, world.operators)[0]


@pytest.mark.parametrize("back", [False, True])
def test_what_was_paused_because_its_place_was_gone_goes_on_when_it_is_back(world: World, back: bool) -> None:
    world.subscribe(subscription(**SOON, **SAY))
    world.platform.gone = {PLACE}
    world.live(minutes=5)
    if back:
        world.platform.gone = set()

    async def mend(store: Store, engine: Engine) -> None:
        await engine.mend()

    world.acts.append((world.loop.time() + 60, mend))
    world.live(hours=24)
    assert len(world.platform.messages[PLACE]) == back


def mending(world: World, hours: int) -> None:
    """Has what is paused be looked at each hour, as often as that."""

    async def mend(store: Store, engine: Engine) -> None:
        await engine.mend()

    begins = world.loop.time()
    world.acts += [(begins + 3_600 * hour, mend) for hour in range(1, hours)]
    world.live(hours=hours)


def test_a_place_that_cannot_be_asked_about_is_tried_once_a_day_until_it_takes_a_digest_again(world: World) -> None:
    world.platform.tells_reachable = False
    world.subscribe(subscription(**SOON | {"schedule": "every 2 hours"}, **SAY))
    world.platform.gone = {PLACE}
    mending(world, 72)
    assert len(shown_to(world.platform, OWNER)) == 1
    tried = [work for work in world.works() if work.slot.kind == "scheduled"]
    assert [work.slot.state for work in tried] == ["failed"] * 4
    world.platform.gone = set()
    mending(world, 24)
    assert world.told(lambda store: subscriptions.get(store, "airships")).state == "active"
    assert shown_to(world.platform, PLACE)


def test_a_place_that_comes_and_goes_is_told_of_once_a_day(world: World) -> None:
    world.subscribe(subscription(**SOON | {"schedule": "every 2 hours"}, **SAY))
    for _ in range(6):
        world.platform.gone = {PLACE}
        mending(world, 4)
        world.platform.gone = set()
        mending(world, 4)
    assert len(shown_to(world.platform, OWNER)) == 2
    assert len([work for work in world.works() if work.slot.state == "failed"]) == 6


def test_a_pause_by_a_person_is_ended_by_nobody_else(world: World) -> None:
    world.subscribe(subscription(**SOON, **SAY))
    world.told(lambda store: subscriptions.pause(store, "airships", "on leave", world.now()))

    async def mend(store: Store, engine: Engine) -> None:
        await engine.mend()

    world.acts.append((60.0, mend))
    world.live(hours=24)
    assert not world.platform.keys


def survives_poison(world: World, number: int) -> None:
    """Has one message among many be refused each time, and looks for the others."""
    world.subscribe(*places(number))
    poisoned = "slack:T0/C7"
    world.platform.faults = Faults(refused={poisoned: REFUSED})
    world.live(minutes=30)
    posted = {place for place, of_place in world.platform.messages.items() if of_place}
    assert len(posted) == number - 1
    failed = [work for work in world.works() if work.slot.state == "failed"]
    assert {work.slot.kind for work in failed} == {"scheduled", "notice"}
    assert [work.deliveries[0].attempts for work in failed] == [3, 3]
    assert [work.slot.place for work in failed] == [poisoned] * 2
    quick = [at for place in posted for at, _ in world.platform.messages[place]]
    assert max(quick) < START + timedelta(minutes=1)


def test_a_message_that_is_always_refused_is_given_up_and_holds_up_no_other(world: World) -> None:
    survives_poison(world, 60)


@pytest.mark.long
def test_a_message_that_is_always_refused_holds_up_none_of_a_thousand(world: World) -> None:
    survives_poison(world, 1_000)


def test_where_one_message_is_refused_three_times_its_place_is_told(world: World) -> None:
    world.subscribe(subscription(**SOON))
    refusals: list[Post] = []

    def refuse(post: Post) -> None:
        if not refusals or post.key == refusals[0].key:
            refusals.append(post)
            raise REFUSED

    world.platform.before = refuse
    world.live(minutes=30)
    assert len(refusals) == 3
    [text] = shown_to(world.platform, PLACE)
    assert "invalid_blocks" in text


def test_a_digest_that_cannot_be_composed_is_given_up_after_three_tries_and_the_others_go_on(world: World) -> None:
    odd = subscription("odd", **SOON | {"zone": "Nowhere/Land"}, wanted={"most": 0})
    world.subscribe(odd, *places(10, of=1))
    world.live(minutes=30)
    assert len([work for work in world.works() if work.slot.state == "sent" and work.slot.kind == "scheduled"]) == 10


def test_a_fault_of_ours_in_composing_is_told_where_the_digest_was_to_be(world: World) -> None:
    world.subscribe(subscription("odd", **SOON, wanted={"most": 0}))
    world.live(minutes=30)
    [digest] = [work.slot for work in world.works() if work.slot.kind == "scheduled"]
    assert digest.state == "skipped"
    assert "the fault is in the log as" in digest.reason
    [text] = shown_to(world.platform, PLACE)
    assert "could not be composed" in text
