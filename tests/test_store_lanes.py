"""One holder a lane, and nothing from one who lost it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.store import beginning, lanes, ledger, outcomes, upkeep
from bot.store.opening import Store, open_store
from bot.store.values import Fenced, Hold
from tests.databases import PostgreSql
from tests.stored import DAY, HOUR, NOW, PLACE, begun, held, parts, proposed, slot, states

MINUTE = timedelta(minutes=1)
LANE = "slack:T1"


async def test_a_lane_is_taken_by_one_at_a_time(store: Store) -> None:
    hold = await lanes.take_lane(store, LANE, "a", NOW, MINUTE)
    assert hold == Hold(LANE, "a", 1)
    assert await lanes.take_lane(store, LANE, "b", NOW, MINUTE) is None
    assert await lanes.take_lane(store, LANE, "a", NOW, MINUTE) is None
    assert await lanes.take_lane(store, "discord", "b", NOW, MINUTE) == Hold("discord", "b", 1)


async def test_a_lane_that_was_left_is_free_at_once_and_its_fence_grows(store: Store) -> None:
    hold = await held(store)
    await lanes.leave_lane(store, hold)
    assert await lanes.take_lane(store, LANE, "b", NOW, MINUTE) == Hold(LANE, "b", 2)
    with pytest.raises(Fenced):
        await lanes.leave_lane(store, hold)


async def test_a_lease_that_ran_out_is_taken_over_after_the_wait(store: Store) -> None:
    assert await lanes.take_lane(store, LANE, "a", NOW, -MINUTE)
    assert await lanes.take_lane(store, LANE, "b", NOW, HOUR, 2 * MINUTE) is None
    assert await lanes.take_lane(store, LANE, "b", NOW, HOUR, MINUTE) == Hold(LANE, "b", 2)


async def test_a_lease_that_is_kept_does_not_run_out(store: Store) -> None:
    hold = await lanes.take_lane(store, LANE, "a", NOW, -MINUTE)
    assert hold
    await lanes.keep_lane(store, hold, NOW, HOUR)
    assert await lanes.take_lane(store, LANE, "b", NOW, HOUR) is None


@pytest.mark.parametrize("wrong", [5 * MINUTE, -5 * MINUTE, 3_652 * DAY], ids=["+5 min", "-5 min", "+10 y"])
async def test_on_postgresql_a_lease_is_neither_shorter_nor_longer_for_who_has_the_wrong_time(
    on_postgresql: PostgreSql, runner: asyncio.Runner, wrong: timedelta
) -> None:
    async with open_store(on_postgresql.ready()) as store:
        assert await lanes.take_lane(store, LANE, "a", NOW, MINUTE)
        assert await lanes.take_lane(store, LANE, "b", NOW + wrong, MINUTE) is None
        assert await lanes.take_lane(store, "discord", "a", NOW + wrong, -timedelta(seconds=1))
        assert await lanes.take_lane(store, "discord", "b", NOW, MINUTE) == Hold("discord", "b", 2)
        await upkeep.set_back(store, NOW + wrong)
        assert await lanes.take_lane(store, LANE, "b", NOW + wrong, MINUTE) is None


PART = f"{slot('two').id}-1"
WRITES: dict[str, Callable[[Store, Hold], Awaitable[object]]] = {
    "keep_lane": lambda store, hold: lanes.keep_lane(store, hold, NOW, HOUR),
    "leave_lane": lanes.leave_lane,
    "begin": lambda store, hold: beginning.begin(store, hold, slot("one").id, parts("z"), NOW),
    "skip": lambda store, hold: beginning.skip(store, hold, slot("one").id, "late", NOW),
    "rebegin": lambda store, hold: beginning.rebegin(store, hold, slot("one").id),
    "sending": lambda store, hold: outcomes.sending(store, hold, PART, NOW),
    "sent": lambda store, hold: outcomes.sent(store, hold, PART, {}, NOW),
    "uncertain": lambda store, hold: outcomes.uncertain(store, hold, PART, "timeout", NOW, NOW),
    "not_accepted": lambda store, hold: outcomes.not_accepted(store, hold, PART, "429", NOW),
    "failed": lambda store, hold: outcomes.failed(store, hold, PART, "no", NOW),
}


@pytest.mark.parametrize("write", WRITES)
async def test_whoever_lost_a_lane_changes_nothing(store: Store, write: str) -> None:
    hold = await held(store)
    await proposed(store, "one")
    await begun(store, hold, "two")
    await lanes.keep_lane(store, hold, NOW, -HOUR)
    taken = await lanes.take_lane(store, LANE, "b", NOW, HOUR)
    assert taken
    with pytest.raises(Fenced, match=r"me no longer holds slack:T1 \(fence 1\)"):
        await WRITES[write](store, hold)
    assert await states(store, slot("one").id) == ("planned",)
    assert await states(store, slot("two").id) == ("sending", "sending", "planned")
    assert len(await ledger.shown_in(store, PLACE)) == 3
    await lanes.leave_lane(store, taken)


async def test_who_holds_one_lane_does_not_write_in_another(store: Store) -> None:
    await begun(store, await held(store), "two")
    other = await held(store, "discord")
    with pytest.raises(Fenced, match="is of slack:T1, and discord is what is held"):
        await outcomes.sent(store, other, PART, {}, NOW)
