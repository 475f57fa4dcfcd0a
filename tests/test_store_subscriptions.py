"""What places asked to be sent."""

from datetime import datetime

import pytest
from msgspec.structs import replace

from bot.delivery.proposing import propose_due
from bot.store import firing, slots, subscriptions
from bot.store.firing import Fire, Firing
from bot.store.opening import Store
from bot.store.sql import ROWS
from tests.stored import (
    DAY,
    HOUR,
    NOW,
    PLACE,
    all_subscribed,
    begun,
    held,
    proposed,
    slot,
    states,
    subscribed,
    subscription,
)


async def test_a_subscription_comes_back_as_it_was_kept(store: Store) -> None:
    new = subscription(
        title="飞艇 daily",
        wanted={"companies": ["腾讯"], "most": 5, "any": True, "nothing": None},
        layout="headlines",
        catch_up=60,
        holidays="DE",
        policy="at_least_once",
        declared="team",
        changed_at=NOW + HOUR,
    )
    assert await subscriptions.add(store, new)
    assert await subscriptions.get(store, new.id) == new
    assert await subscriptions.get(store, "other") is None


async def test_a_subscription_is_added_once(store: Store) -> None:
    await subscribed(store, declared="team")
    assert not await subscriptions.add(store, subscription(title="another"))
    assert not await subscriptions.add(store, subscription("second", declared="team"))
    assert await subscriptions.add(store, subscription("third"))


async def test_a_declared_id_is_free_again_once_its_subscription_is_removed(store: Store) -> None:
    await subscribed(store, declared="team")
    await subscriptions.remove(store, "airships", "by U1", NOW)
    assert await subscriptions.add(store, subscription("second", declared="team"))


async def test_subscriptions_are_listed_by_place_and_by_workspace(store: Store) -> None:
    places = ["slack:T1/C1", "slack:T1/C2", "slack:T1/C1/7", "slack:t1/C1", "slack:T10/C1", "discord:T1/C1"]
    for number, place in enumerate(places):
        await subscribed(store, str(number), place=place, made_at=NOW + number * HOUR)
    await subscribed(store, "gone", place=PLACE)
    await subscriptions.remove(store, "gone", "by U1", NOW)
    assert [one.id for one in await subscriptions.of_place(store, PLACE)] == ["0"]
    assert [one.id for one in await subscriptions.of_workspace(store, "slack:T1")] == ["0", "1", "2"]
    assert [one.id for one in await subscriptions.everywhere(store)] == list("012345")


def fired(one: Firing) -> Fire:
    """Returns what becomes of a subscription that is due: a slot by its id and instant, and a day's rest."""
    return Fire(slot(f"{one.id}@{one.next_fire}", subscription=one.id), NOW + DAY)


async def fired_when(store: Store, now: datetime) -> list[str]:
    """Fires what is due, and returns whose slots are new, what was due longest first."""
    before = {work.slot.key for work in await slots.latest(store, 1_000)}
    await firing.fire_due(store, now, fired)
    after = [work.slot for work in await slots.latest(store, 1_000)]
    return [str(one.subscription) for one in after if one.key not in before]


async def test_what_is_due_is_active_and_its_time_has_come(store: Store) -> None:
    for id_, hours in (("later", 1), ("now", 0), ("before", -1)):
        await subscribed(store, id_, next_fire=NOW + hours * HOUR)
    await subscribed(store, "never", next_fire=None)
    await subscribed(store, "paused", next_fire=NOW - 2 * HOUR)
    await subscriptions.pause(store, "paused", "by U1", NOW)
    assert await subscriptions.earliest_fire(store) == NOW - HOUR
    assert sorted(await fired_when(store, NOW)) == ["before", "now"]
    assert await subscriptions.earliest_fire(store) == NOW + HOUR


async def test_a_subscription_fires_once(store: Store) -> None:
    await subscribed(store)
    await subscribed(store, "other")
    assert await firing.fire_due(store, NOW, fired) == (2, False)
    assert await firing.fire_due(store, NOW, fired) == (0, False)
    assert await subscriptions.earliest_fire(store) == NOW + DAY


async def test_of_many_that_are_due_some_fire_at_a_time_and_first_what_was_due_first(store: Store) -> None:
    await all_subscribed(store, (subscription(str(n), next_fire=NOW - n * HOUR) for n in range(ROWS + 1)))
    assert await firing.fire_due(store, NOW, fired) == (ROWS, True)
    assert await subscriptions.earliest_fire(store) == NOW
    assert await firing.fire_due(store, NOW, fired) == (1, False)


async def test_what_is_left_as_it_is_does_not_fire_and_is_due_still(store: Store) -> None:
    await subscribed(store, "good")
    await subscribed(store, "bad")
    assert await firing.fire_due(store, NOW, lambda one: fired(one) if one.id == "good" else None) == (1, False)
    assert await firing.fire_due(store, NOW, lambda _: None) == (0, False)
    assert await subscriptions.earliest_fire(store) == NOW


async def test_many_that_cannot_fire_keep_no_other_from_firing(store: Store) -> None:
    nowhere = [{"zone": "Europe/Atlantis"}, *ROWS * [{"place": "nowhere"}]]
    await all_subscribed(store, (subscription(str(n), next_fire=NOW - HOUR, **at) for n, at in enumerate(nowhere)))
    await subscribed(store, "good")
    assert sum([kept async for kept in propose_due(store, NOW)]) == 1
    assert [one.id for one in await subscriptions.everywhere(store) if one.state == "active"] == ["good"]


async def test_a_fire_whose_slot_is_there_already_still_moves_on(store: Store) -> None:
    read = await subscribed(store)
    await proposed(store, f"airships@{read.next_fire}", subscription=read.id)
    assert await firing.fire_due(store, NOW, fired) == (0, False)
    assert await subscriptions.earliest_fire(store) == NOW + DAY


async def test_next_fires_are_set_of_what_is_active_alone(store: Store) -> None:
    await subscribed(store)
    await subscribed(store, "paused")
    await subscriptions.pause(store, "paused", "by U1", NOW)
    await firing.move(store, ["airships", "paused", "nobody"], lambda one: NOW + DAY)
    found = {one.id: one.next_fire for one in await subscriptions.everywhere(store)}
    assert found == {"airships": NOW + DAY, "paused": None}


async def test_an_edit_changes_what_it_names_and_nothing_else(store: Store) -> None:
    before = await subscribed(store)
    later = NOW + HOUR
    assert await subscriptions.change(store, before.id, later, wanted={"words": "x"}, layout="headlines")
    assert await subscriptions.get(store, before.id) == replace(
        before, wanted={"words": "x"}, layout="headlines", changed_at=later
    )
    assert not await subscriptions.change(store, "other", later, title="x")


async def test_another_schedule_needs_its_next_fire_and_another_place_its_lane(store: Store) -> None:
    await subscribed(store)
    with pytest.raises(ValueError, match="next fire"):
        await subscriptions.change(store, "airships", NOW, schedule="daily 10:00")
    with pytest.raises(ValueError, match="lane"):
        await subscriptions.change(store, "airships", NOW, place="discord:1/2")


async def test_slots_that_wait_move_with_their_subscription(store: Store) -> None:
    await subscribed(store)
    await begun(store, await held(store), "out", subscription="airships")
    await proposed(store, "waiting", subscription="airships")
    assert await subscriptions.change(store, "airships", NOW, place="discord:1/2", lane="discord")
    assert [work.slot.key for work in await slots.open_work(store, "discord", NOW)] == ["waiting"]
    assert [work.slot.key for work in await slots.open_work(store, "slack:T1", NOW)] == ["out"]


@pytest.mark.parametrize(("stop", "state"), [(subscriptions.pause, "paused"), (subscriptions.remove, "removed")])
async def test_stopping_skips_what_has_not_begun_and_keeps_the_rest(store: Store, stop: object, state: str) -> None:
    await subscribed(store)
    await begun(store, await held(store), "begun", subscription="airships")
    await proposed(store, "waiting", subscription="airships")
    await proposed(store, "notice", subscription="airships", kind="notice")
    assert await stop(store, "airships", "by U1", NOW + HOUR)  # type: ignore[operator]
    assert not await stop(store, "airships", "by U1", NOW + HOUR)  # type: ignore[operator]
    found = await subscriptions.get(store, "airships")
    assert found
    assert (found.state, found.reason, found.next_fire, found.changed_at) == (state, "by U1", None, NOW + HOUR)
    assert await states(store, slot("begun").id) == ("sending", "sending", "planned")
    assert await states(store, slot("notice").id) == ("planned",)
    work = await slots.get(store, slot("waiting").id)
    assert work
    assert (work.slot.state, work.slot.reason, work.slot.wake) == ("skipped", f"{state}: by U1", None)


async def test_a_paused_subscription_resumes_without_what_it_missed(store: Store) -> None:
    await subscribed(store)
    assert not await subscriptions.resume(store, "airships", NOW + DAY, NOW)
    await subscriptions.pause(store, "airships", "by U1", NOW)
    assert await subscriptions.resume(store, "airships", NOW + DAY, NOW)
    found = await subscriptions.get(store, "airships")
    assert found
    assert (found.state, found.reason, found.next_fire) == ("active", "", NOW + DAY)
    assert await fired_when(store, NOW) == []


async def test_a_removed_subscription_is_neither_changed_nor_resumed(store: Store) -> None:
    await subscribed(store)
    await subscriptions.remove(store, "airships", "by U1", NOW)
    assert not await subscriptions.change(store, "airships", NOW, title="x")
    assert not await subscriptions.resume(store, "airships", NOW, NOW)
    assert not await subscriptions.pause(store, "airships", "x", NOW)


async def test_a_slot_of_a_subscription_that_is_gone_is_not_kept(store: Store) -> None:
    assert not await slots.propose(store, slot(subscription="erased"))
    assert await slots.get(store, slot().id) is None


async def test_what_was_paused_anew_for_another_reason_is_not_resumed_for_the_first(store: Store) -> None:
    await subscribed(store)
    await subscriptions.pause(store, "airships", "unreachable: gone", NOW)
    await subscriptions.pause(store, "airships", "by U1", NOW, anew=True)
    assert not await subscriptions.resume(store, "airships", NOW, NOW, "unreachable: gone")
    assert await subscriptions.resume(store, "airships", NOW, NOW, "by U1")
