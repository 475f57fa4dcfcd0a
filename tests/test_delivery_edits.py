"""What people change while digests are due, or under way."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.delivery.engine import Engine
from bot.places import lane_of
from bot.publishing import DeliveryError
from bot.schedule import parse
from bot.store import ledger, subscriptions
from bot.store.opening import Store
from tests.databases import Sqlite
from tests.made_platform import Faults, budget_of
from tests.stored import subscription
from tests.world import START, World, knowing_of, shown_to

PLACE, OTHER = "slack:T1/C1", "slack:T1/C2"
DAY = timedelta(days=1)
SOON: dict[str, Any] = {"made_at": START - DAY, "next_fire": START + timedelta(seconds=1), "schedule": "daily 08:00"}
BUSY = DeliveryError("not_accepted", "place", "too many", 600)
Edit = Callable[[Store], Awaitable[object]]


@pytest.fixture
def world(on_sqlite: Sqlite) -> World:
    """A world in which two claims are due in a second in a place, and again each day at that time."""
    world = World(on_sqlite.ready(), knowing_of("a", "b"))
    world.longest_wait = timedelta(hours=1)
    world.subscribe(subscription(**SOON))
    return world


def edited(world: World, second: float, edit: Edit) -> None:
    """Has somebody edit something at a second."""

    async def act(store: Store, engine: Engine) -> None:
        await edit(store)

    world.acts.append((second, act))


def changed(world: World, **changes: Any) -> Edit:
    return lambda store: subscriptions.change(store, "airships", world.now(), **changes)


def paused(world: World) -> Edit:
    return lambda store: subscriptions.pause(store, "airships", "on leave", world.now())


def resumed(world: World) -> Edit:
    return lambda store: subscriptions.resume(
        store, "airships", parse("daily 08:00", "Europe/Berlin").next(world.now()), world.now()
    )


def removed(world: World) -> Edit:
    return lambda store: subscriptions.remove(store, "airships", "by a person", world.now())


def test_an_edit_of_the_filter_holds_for_the_next_digest_that_begins(world: World) -> None:
    edited(world, 0.5, changed(world, wanted={"most": 1}))
    world.live(hours=25)
    first, second = shown_to(world.platform, PLACE)
    assert [text.count("The claim") for text in (first, second)] == [1, 1]


def test_an_edit_of_the_filter_leaves_a_digest_that_has_begun_as_it_is(world: World) -> None:
    world.platform.faults = Faults(refused={PLACE: DeliveryError("not_accepted", "place", "too many", 30)})
    edited(world, 10, changed(world, wanted={"most": 1}))
    edited(world, 11, _heal(world))
    world.live(hours=1)
    [text] = shown_to(world.platform, PLACE)
    assert text.count("The claim") == 2


@pytest.fixture
def waiting(world: World) -> World:
    """The world, where the digest waits five seconds for its turn once it is composed."""
    world.platform.rate = 0.2
    world.platform._turn = 6.0
    world.longest_wait = timedelta(seconds=2)
    return world


def test_an_edit_of_the_filter_holds_for_a_digest_that_waits_for_its_turn(waiting: World) -> None:
    edited(waiting, 3, changed(waiting, wanted={"most": 1}))
    waiting.live(minutes=1)
    [text] = shown_to(waiting.platform, PLACE)
    assert text.count("The claim") == 1


def test_what_moves_while_it_waits_for_its_turn_is_posted_where_it_moved(waiting: World) -> None:
    edited(waiting, 3, changed(waiting, place=OTHER, lane=lane_of(OTHER)))
    waiting.live(minutes=1)
    assert {place for place, of_place in waiting.platform.messages.items() if of_place} == {OTHER}
    assert waiting.told(lambda store: ledger.shown_in(store, OTHER))
    assert not waiting.told(lambda store: ledger.shown_in(store, PLACE))


def _heal(world: World) -> Edit:
    async def heal(store: Store) -> None:
        world.platform.faults = Faults()

    return heal


def test_an_edit_of_the_schedule_counts_from_now_and_leaves_what_is_due(world: World) -> None:
    world.platform.faults = Faults(refused={PLACE: BUSY})
    following = START + timedelta(hours=5)
    edited(world, 60, changed(world, schedule="daily 13:00", next_fire=following, wanted={"nothing": "say"}))
    edited(world, 61, _heal(world))
    world.live(hours=6)
    due = [work.slot.due for work in world.works()]
    assert due == [START + timedelta(seconds=1), following]
    assert len(world.platform.messages[PLACE]) == 2


@pytest.mark.parametrize("edit", [paused, removed], ids=lambda edit: edit.__name__)
def test_what_stops_before_it_has_begun_is_not_posted(world: World, edit: Callable[[World], Edit]) -> None:
    world.platform.faults = Faults(refused={PLACE: BUSY})
    later = subscription("later", schedule="daily 08:00", made_at=START - DAY, next_fire=START + timedelta(minutes=2))
    world.subscribe(later)  # it waits for its place, and then has nothing new to tell
    edited(world, 180, lambda store: subscriptions.pause(store, "later", "on leave", world.now()))
    edited(world, 200, edit(world))
    edited(world, 201, _heal(world))
    world.live(hours=2)
    assert not world.platform.keys
    assert {work.slot.state for work in world.works()} == {"skipped"}


@pytest.mark.parametrize("edit", [paused, removed], ids=lambda edit: edit.__name__)
def test_what_stops_in_the_middle_is_posted_to_its_end(world: World, edit: Callable[[World], Edit]) -> None:
    world.knowledge = knowing_of("a", "b", "c")
    world.platform.budget = budget_of(4)
    world.platform.faults = Faults(script=["ok", "limited"])
    edited(world, 1.9, edit(world))
    world.live(hours=2)
    [work] = world.works()
    assert work.slot.state == "sent"
    assert [one.state for one in work.deliveries] == ["sent"] * len(work.deliveries)
    assert len(work.deliveries) > 1
    assert set(world.platform.keys.values()) == {1}


def test_what_is_resumed_does_not_catch_up(world: World) -> None:
    edited(world, 0.5, paused(world))
    edited(world, 50 * 3_600, resumed(world))
    world.live(hours=73)
    [(at, _)] = world.platform.messages[PLACE]
    assert at >= START + 3 * DAY


def test_what_moves_starts_a_ledger_of_its_own_and_leaves_the_old_place_alone(world: World) -> None:
    edited(world, 3_600, changed(world, place=OTHER, lane=lane_of(OTHER)))
    world.live(hours=25)
    assert [text.count("The claim") for text in shown_to(world.platform, PLACE)] == [2]
    assert [text.count("The claim") for text in shown_to(world.platform, OTHER)] == [2]


def test_what_moves_back_is_not_told_again(world: World) -> None:
    edited(world, 3_600, changed(world, place=OTHER, lane=lane_of(OTHER)))
    edited(world, 26 * 3_600, changed(world, place=PLACE, lane=lane_of(PLACE)))
    world.live(hours=73)
    assert len(world.platform.messages[PLACE]) == 1


def test_two_subscriptions_of_a_place_never_tell_the_same(world: World) -> None:
    world.subscribe(subscription("others", **SOON))
    world.live(hours=1)
    assert sum(text.count("The claim") for text in shown_to(world.platform, PLACE)) == 2
