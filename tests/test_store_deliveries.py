"""From a slot that is proposed to one that is at its end."""

from collections.abc import Awaitable, Callable
from typing import Literal

import pytest

from bot.store import beginning, ledger, outcomes, settling, slots, subscriptions
from bot.store.opening import Store
from bot.store.values import ClaimRevision, Decision, Part, WrongState
from tests.stored import DAY, HOUR, NOW, PLACE, begun, held, parts, proposed, revisions, slot, states, subscribed


async def shown(store: Store) -> str:
    return "".join(sorted(one.claim for one in await ledger.shown_in(store, PLACE)))


async def test_a_slot_is_proposed_once_by_its_key(store: Store) -> None:
    assert await slots.propose(store, slot("k"))
    assert not await slots.propose(store, slot("k", due=NOW + HOUR))
    work = await slots.get(store, slot("k").id)
    assert work
    assert (work.slot.due, work.slot.state, work.deliveries) == (NOW, "planned", ())


async def test_the_id_of_a_slot_is_made_from_its_key_and_found_by_what_people_see_of_it(store: Store) -> None:
    one = await proposed(store, "k")
    assert one.id == slot("k", place="slack:T1/C2").id
    assert len(one.id) == 16
    assert set(one.id) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    found = await slots.get(store, one.id[:8])
    assert found
    assert found.slot.key == "k"
    assert await slots.get(store, "ZZZZZZZZ") is None


async def test_beginning_commits_all_parts_their_reservations_and_the_first_intent(store: Store) -> None:
    hold = await held(store)
    result = await begun(store, hold, of=[Part({"text": "腾讯 \0 \ud800"}, revisions("b", "a")), *parts("c")])
    assert result.outcome == "begun"
    work = await slots.get(store, slot().id)
    assert work
    assert work.deliveries == result.deliveries
    first, second = work.deliveries
    assert (first.id, first.page) == (f"{slot().id}-1", {"text": "腾讯 \0 \ud800"})
    assert (first.state, first.attempts, first.intended_at, first.attempted_at) == ("sending", 1, NOW, NOW)
    assert (second.state, second.attempts, second.intended_at) == ("planned", 0, None)
    assert await ledger.shown_in(store, PLACE) == {
        ClaimRevision("a", 0): first.id,
        ClaimRevision("b", 0): first.id,
        ClaimRevision("c", 0): second.id,
    }


async def test_a_slot_begins_once(store: Store) -> None:
    hold = await held(store)
    await begun(store, hold)
    with pytest.raises(WrongState, match="is sending, not planned"):
        await beginning.begin(store, hold, slot().id, parts("z"), NOW)
    assert await shown(store) == "abc"


@pytest.mark.parametrize("kind", ["scheduled", "now", "correction"])
@pytest.mark.parametrize("stop", [subscriptions.pause, subscriptions.remove])
async def test_a_slot_of_a_subscription_that_stopped_is_skipped_when_it_would_begin(
    store: Store, kind: str, stop: object
) -> None:
    await subscribed(store)
    hold = await held(store)
    assert await stop(store, "airships", "enough", NOW)  # type: ignore[operator]
    result = await begun(store, hold, subscription="airships", kind=kind)
    assert result.outcome == "skipped"
    assert await states(store, slot().id) == ("skipped",)
    assert await shown(store) == ""


async def test_a_notice_goes_out_though_its_subscription_is_paused(store: Store) -> None:
    await subscribed(store)
    await subscriptions.pause(store, "airships", "the channel is archived", NOW)
    result = await begun(store, await held(store), subscription="airships", kind="notice")
    assert result.outcome == "begun"


async def test_a_claim_that_two_parts_tell_is_reserved_for_the_first(store: Store) -> None:
    await begun(store, await held(store), "one", parts("bc", "cd"))
    kept = await ledger.shown_in(store, PLACE)
    assert kept[ClaimRevision("c", 0)] == f"{slot('one').id}-1"
    assert kept[ClaimRevision("d", 0)] == f"{slot('one').id}-2"


async def test_a_digest_does_not_begin_where_something_of_it_was_reserved_already(store: Store) -> None:
    hold = await held(store)
    await begun(store, hold, "one", parts("ab"))
    result = await begun(store, hold, "two", parts("bc", "c"))
    assert result.outcome == "taken"
    assert await states(store, slot("two").id) == ("planned",)
    assert await shown(store) == "ab"


async def test_parts_are_sent_in_order_and_the_last_ends_the_slot(store: Store) -> None:
    hold = await held(store)
    first, second = (await begun(store, hold)).deliveries
    following = await outcomes.sent(store, hold, first.id, {"ts": "1"}, NOW + HOUR)
    assert following
    assert (following.id, following.state, following.intended_at) == (second.id, "sending", NOW + HOUR)
    assert await states(store, slot().id) == ("sending", "sent", "sending")
    assert await outcomes.sent(store, hold, second.id, {"ts": "2"}, NOW + HOUR) is None
    assert await states(store, slot().id) == ("sent", "sent", "sent")
    work = await slots.get(store, slot().id)
    assert work
    assert [one.receipt for one in work.deliveries] == [{"ts": "1"}, {"ts": "2"}]
    assert (work.slot.wake, work.slot.ended_at) == (None, NOW + HOUR)


async def test_that_a_part_was_sent_may_be_said_again(store: Store) -> None:
    hold = await held(store)
    first, second = (await begun(store, hold)).deliveries
    following = await outcomes.sent(store, hold, first.id, {"ts": "1"}, NOW)
    assert await outcomes.sent(store, hold, first.id, {"ts": "1"}, NOW) == following
    with pytest.raises(WrongState, match="posted before"):
        await outcomes.sent(store, hold, first.id, {"ts": "9"}, NOW)
    assert following
    assert following.id == second.id


async def test_a_later_part_is_not_sent_before_an_earlier_one(store: Store) -> None:
    hold = await held(store)
    first, second = (await begun(store, hold)).deliveries
    with pytest.raises(WrongState, match="waits for an earlier one"):
        await outcomes.sending(store, hold, second.id, NOW)
    with pytest.raises(WrongState, match="is planned"):
        await outcomes.sent(store, hold, second.id, {}, NOW)
    with pytest.raises(WrongState, match="is sending"):
        await outcomes.sending(store, hold, first.id, NOW)


async def test_a_part_that_was_not_accepted_is_sent_again_when_it_is_time(store: Store) -> None:
    hold = await held(store)
    first, _ = (await begun(store, hold)).deliveries
    waiting = await outcomes.not_accepted(store, hold, first.id, "429", NOW + HOUR)
    assert (waiting.state, waiting.refusals) == ("planned", 0)
    assert await slots.open_work(store, hold.lane, NOW) == []
    (work,) = await slots.open_work(store, hold.lane, NOW + HOUR)
    assert work.current == waiting
    again = await outcomes.sending(store, hold, first.id, NOW + HOUR)
    assert again
    assert (again.attempts, again.intended_at, again.attempted_at) == (2, NOW, NOW + HOUR)
    refused = await outcomes.not_accepted(store, hold, first.id, "invalid_blocks", NOW + HOUR, refused=True)
    assert refused.refusals == 1


async def test_a_first_part_is_not_sent_again_once_its_subscription_stopped(store: Store) -> None:
    await subscribed(store)
    hold = await held(store)
    first, _ = (await begun(store, hold, subscription="airships")).deliveries
    await outcomes.not_accepted(store, hold, first.id, "429", NOW)
    await subscriptions.pause(store, "airships", "enough", NOW)
    assert await outcomes.sending(store, hold, first.id, NOW) is None
    assert await states(store, slot().id) == ("skipped", "skipped", "skipped")
    assert await shown(store) == ""


async def test_a_digest_whose_first_part_is_out_is_finished_though_its_subscription_stopped(store: Store) -> None:
    await subscribed(store)
    hold = await held(store)
    first, second = (await begun(store, hold, subscription="airships")).deliveries
    await outcomes.sent(store, hold, first.id, {}, NOW)
    await outcomes.not_accepted(store, hold, second.id, "429", NOW)
    await subscriptions.remove(store, "airships", "enough", NOW)
    assert await outcomes.sending(store, hold, second.id, NOW)
    assert await outcomes.sent(store, hold, second.id, {}, NOW) is None
    assert await states(store, slot().id) == ("sent", "sent", "sent")


async def test_failing_gives_up_the_reservations_of_this_and_later_parts_for_others_to_take(store: Store) -> None:
    hold = await held(store)
    first, second, _ = (await begun(store, hold, "one", parts("a", "b", "c"))).deliveries
    await outcomes.sent(store, hold, first.id, {}, NOW)
    await outcomes.failed(store, hold, second.id, "invalid_blocks", NOW)
    assert await states(store, slot().id) == ("failed", "sent", "failed", "skipped")
    assert await shown(store) == "a"
    assert (await begun(store, hold, "two", parts("bc"))).outcome == "begun"
    with pytest.raises(WrongState):
        await outcomes.failed(store, hold, first.id, "no", NOW)


async def test_an_uncertain_part_keeps_its_reservation_and_is_looked_for_in_time(store: Store) -> None:
    hold = await held(store)
    first, _ = (await begun(store, hold)).deliveries
    await outcomes.uncertain(store, hold, first.id, "timeout", NOW, NOW + HOUR)
    assert await slots.open_work(store, hold.lane, NOW) == []
    (work,) = await slots.open_work(store, hold.lane, NOW + HOUR)
    assert work.current
    assert (work.current.state, work.current.reason, work.slot.state) == ("uncertain", "timeout", "sending")
    assert await shown(store) == "abc"
    assert await outcomes.sent(store, hold, first.id, {"ts": "found"}, NOW)


async def test_a_part_that_only_a_person_can_settle_stops_its_slot_and_is_listed(store: Store) -> None:
    hold = await held(store)
    first, _ = (await begun(store, hold)).deliveries
    await outcomes.uncertain(store, hold, first.id, "timeout", NOW, None)
    assert await states(store, slot().id) == ("uncertain", "uncertain", "planned")
    assert await slots.open_work(store, hold.lane, NOW + DAY) == []
    assert [work.slot.key for work in await slots.uncertain(store)] == ["one"]


@pytest.mark.parametrize("outcome", ["sent", "not_accepted", "failed", "uncertain"])
async def test_what_waits_for_a_person_is_left_alone_by_the_holder_of_the_lane(store: Store, outcome: str) -> None:
    hold = await held(store)
    first, _ = (await begun(store, hold)).deliveries
    await outcomes.uncertain(store, hold, first.id, "timeout", NOW, None)
    says: dict[str, Callable[[], Awaitable[object]]] = {
        "sent": lambda: outcomes.sent(store, hold, first.id, {}, NOW),
        "not_accepted": lambda: outcomes.not_accepted(store, hold, first.id, "429", NOW),
        "failed": lambda: outcomes.failed(store, hold, first.id, "no", NOW),
        "uncertain": lambda: outcomes.uncertain(store, hold, first.id, "timeout", NOW, NOW),
    }
    with pytest.raises(WrongState, match="a person is to say what became of it"):
        await says[outcome]()
    assert await states(store, slot().id) == ("uncertain", "uncertain", "planned")


SETTLED = [  # what a person says, the states then, what stays reserved, whether there is work
    ("sent", ("sending", "sent", "planned"), "abc", True),
    ("retry", ("sending", "planned", "planned"), "abc", True),
    ("failed", ("failed", "failed", "skipped"), "", False),
]


@pytest.mark.parametrize(("how", "then", "reserved", "work"), SETTLED)
async def test_a_person_settles_what_is_uncertain(
    store: Store, how: str, then: tuple[str, ...], reserved: str, work: bool
) -> None:
    hold = await held(store)
    first, _ = (await begun(store, hold)).deliveries
    await outcomes.uncertain(store, hold, first.id, "timeout", NOW, None)
    await settling.settle(store, slot().id, how, NOW)  # type: ignore[arg-type]
    assert await states(store, slot().id) == then
    assert await shown(store) == reserved
    assert bool(await slots.open_work(store, hold.lane, NOW)) is work
    with pytest.raises(WrongState, match="not to be settled"):
        await settling.settle(store, slot().id, "sent", NOW)


@pytest.mark.parametrize("how", ["sent", "retry"])
async def test_what_a_person_lets_go_on_has_time_to_go_on(store: Store, how: Literal["sent", "retry"]) -> None:
    hold = await held(store)
    first, _ = (await begun(store, hold)).deliveries
    await outcomes.uncertain(store, hold, first.id, "timeout", NOW, None)
    await settling.settle(store, slot().id, how, NOW + DAY, deadline=NOW + DAY + HOUR)
    work = await slots.get(store, slot().id)
    assert work
    assert (work.slot.state, work.slot.deadline) == ("sending", NOW + DAY + HOUR)


async def test_work_goes_on_after_the_part_that_a_person_settled(store: Store) -> None:
    hold = await held(store)
    first, second = (await begun(store, hold)).deliveries
    await outcomes.uncertain(store, hold, first.id, "timeout", NOW, None)
    await settling.settle(store, slot().id, "sent", NOW)
    (work,) = await slots.open_work(store, hold.lane, NOW)
    assert work.current
    assert work.current.id == second.id
    assert await outcomes.sending(store, hold, second.id, NOW)
    await outcomes.uncertain(store, hold, second.id, "timeout", NOW, None)
    await settling.settle(store, slot().id, "sent", NOW)
    assert await states(store, slot().id) == ("sent", "sent", "sent")


async def test_a_digest_of_which_nothing_is_out_begins_anew(store: Store) -> None:
    hold = await held(store)
    first, _ = (await begun(store, hold)).deliveries
    with pytest.raises(WrongState, match="part 1 is sending"):
        await beginning.rebegin(store, hold, slot().id)
    await outcomes.not_accepted(store, hold, first.id, "429", NOW + HOUR)
    await beginning.rebegin(store, hold, slot().id)
    assert await states(store, slot().id) == ("planned",)
    assert await shown(store) == ""
    assert (await beginning.begin(store, hold, slot().id, parts("x"), NOW)).outcome == "begun"
    assert await shown(store) == "x"


@pytest.mark.parametrize("outcome", ["sent", "uncertain"])
async def test_a_digest_that_is_or_may_be_out_neither_begins_anew_nor_is_skipped(store: Store, outcome: str) -> None:
    hold = await held(store)
    first, second = (await begun(store, hold)).deliveries
    if outcome == "sent":
        await outcomes.sent(store, hold, first.id, {}, NOW)
        await outcomes.not_accepted(store, hold, second.id, "429", NOW)
    else:
        await outcomes.uncertain(store, hold, first.id, "timeout", NOW, NOW)
    with pytest.raises(WrongState, match=f"part 1 is {outcome}"):
        await beginning.rebegin(store, hold, slot().id)
    with pytest.raises(WrongState, match=f"part 1 is {outcome}"):
        await beginning.skip(store, hold, slot().id, "late", NOW)


async def test_a_slot_is_skipped_with_its_reason_and_why_nothing_was_chosen(store: Store) -> None:
    hold = await held(store)
    one = await proposed(store)
    decided = [Decision("a", 0, False, "shown before"), Decision("b", 1, False, "not asked for")]
    await beginning.skip(store, hold, one.id, "nothing new", NOW, decided)
    work = await slots.get(store, one.short_id.lower())
    assert work
    assert (work.slot.state, work.slot.reason, work.slot.ended_at) == ("skipped", "nothing new", NOW)
    assert await ledger.decisions(store, one.id) == decided
    assert await slots.get(store, "ZZZZZZZZ") is None


async def test_a_begun_slot_that_is_skipped_gives_up_its_reservations(store: Store) -> None:
    hold = await held(store)
    first, _ = (await begun(store, hold)).deliveries
    await outcomes.not_accepted(store, hold, first.id, "429", NOW)
    await beginning.skip(store, hold, slot().id, "its time is over", NOW)
    assert await states(store, slot().id) == ("skipped", "skipped", "skipped")
    assert await shown(store) == ""


async def test_what_failed_is_reopened_to_be_composed_anew(store: Store) -> None:
    hold = await held(store)
    first, _ = (await begun(store, hold)).deliveries
    with pytest.raises(WrongState):
        await settling.reopen(store, slot().id, NOW + DAY, NOW)
    await outcomes.failed(store, hold, first.id, "invalid_blocks", NOW)
    await settling.reopen(store, slot().id, NOW + DAY, NOW)
    (work,) = await slots.open_work(store, hold.lane, NOW)
    assert (work.slot.state, work.slot.deadline, work.deliveries) == ("planned", NOW + DAY, ())


async def test_what_is_partly_out_is_not_reopened(store: Store) -> None:
    hold = await held(store)
    first, second = (await begun(store, hold)).deliveries
    await outcomes.sent(store, hold, first.id, {}, NOW)
    await outcomes.failed(store, hold, second.id, "invalid_blocks", NOW)
    with pytest.raises(WrongState, match="a part of it was posted"):
        await settling.reopen(store, slot().id, NOW + DAY, NOW)


async def test_decisions_are_kept_with_a_digest(store: Store) -> None:
    hold = await held(store)
    one = await proposed(store)
    decided = [Decision("a", 0, True, "new"), Decision("b", 2, False, "over the number asked for")]
    await beginning.begin(store, hold, one.id, parts("a"), NOW, decided)
    assert await ledger.decisions(store, one.id) == decided


async def test_open_work_is_what_wants_attention_now_in_this_lane_the_longest_due_first(store: Store) -> None:
    hold = await held(store)
    for key, due, lane in (("c", 2, "slack:T1"), ("a", 0, "slack:T1"), ("b", 1, "slack:T1"), ("x", 0, "discord")):
        await proposed(store, key, due=NOW + due * HOUR, lane=lane)
    assert [work.slot.key for work in await slots.open_work(store, hold.lane, NOW + HOUR)] == ["a", "b"]
    assert [work.slot.key for work in await slots.open_work(store, hold.lane, NOW + DAY, most=2)] == ["a", "b"]
    assert await slots.lanes_with_work(store, NOW) == ["discord", "slack:T1"]
    assert await slots.lanes_with_work(store, NOW - HOUR) == []
    assert await slots.earliest_wake(store, "slack:T1") == NOW
    assert await slots.earliest_wake(store, "slack:T2") is None


async def test_the_work_of_a_subscription_is_listed_newest_first(store: Store) -> None:
    await subscribed(store)
    hold = await held(store)
    await begun(store, hold, "old", subscription="airships")
    await proposed(store, "new", subscription="airships", due=NOW + DAY)
    await proposed(store, "other")
    found = await slots.work_of(store, "airships")
    assert [(work.slot.key, len(work.deliveries)) for work in found] == [("new", 0), ("old", 2)]


async def test_odd_characters_of_a_platforms_reason_do_not_keep_it_from_being_recorded(store: Store) -> None:
    hold = await held(store)
    first, _ = (await begun(store, hold)).deliveries
    await outcomes.failed(store, hold, first.id, "not\0good \ud800!", NOW)
    work = await slots.get(store, slot().id)
    assert work
    assert work.slot.reason == "not\ufffdgood \ufffd!"


async def test_a_slot_or_part_that_is_not_there_is_told(store: Store) -> None:
    hold = await held(store)
    with pytest.raises(WrongState, match="there is no slot nowhere"):
        await beginning.begin(store, hold, "nowhere", parts("a"), NOW)
    with pytest.raises(WrongState, match="there is no part nowhere"):
        await outcomes.sent(store, hold, "nowhere", {}, NOW)
    with pytest.raises(ValueError, match="skipped, not begun"):
        await beginning.begin(store, hold, "nowhere", [], NOW)
