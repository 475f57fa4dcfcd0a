"""Several at once, killed at any point, in any order: what must hold then holds."""

import asyncio
import itertools
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import event

from bot.store import beginning, firing, lanes, ledger, outcomes, settling, slots, subscriptions
from bot.store.firing import Fire, Firing
from bot.store.opening import Store, open_store
from bot.store.sql import ROWS
from bot.store.unavailable import StoreUnavailable
from bot.store.values import Begun, ClaimRevision, Delivery, Fenced, Hold, Part, WrongState
from tests.stored import HOUR, NOW, all_subscribed, begun, held, parts, revisions, slot, subscribed, subscription

FORK = multiprocessing.get_context("fork")
MINUTE = timedelta(minutes=1)


def forked(work: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> multiprocessing.process.BaseProcess:
    """Starts a process of its own from this one, which has all modules already."""
    process = FORK.Process(target=lambda: asyncio.run(work(*arguments)))
    process.start()
    return process


async def propose_all(url: str, number: int, told: Path) -> None:
    async with open_store(url, wait=30) as store:
        new = [key for key in map(str, range(60)) if await slots.propose(store, slot(key))]
        hold = await lanes.take_lane(store, "slack:T1", str(number), NOW, MINUTE)
    (told / str(number)).write_text("\n".join([*new, *(["lane"] if hold else [])]))


def test_of_four_processes_one_proposes_each_slot_and_one_takes_the_lane(url: str, tmp_path: Path) -> None:
    processes = [forked(propose_all, url, number, tmp_path) for number in range(4)]
    for process in processes:
        process.join(60)
    told = Counter(line for path in tmp_path.iterdir() for line in path.read_text().splitlines())
    assert told == Counter([*map(str, range(60)), "lane"])


async def test_of_many_tasks_one_begins_a_slot_and_one_reserves_a_claim(store: Store) -> None:
    hold = await held(store)
    keys = [str(number) for number in range(6)]
    await asyncio.gather(*(slots.propose(store, slot(key)) for key in keys * 2))
    ran = await asyncio.gather(
        *(beginning.begin(store, hold, slot(key).id, parts("abc"), NOW) for key in keys * 2), return_exceptions=True
    )
    assert sum(isinstance(one, WrongState) for one in ran) == 1
    assert sorted(one.outcome for one in ran if isinstance(one, Begun)) == ["begun", *["taken"] * 10]


async def test_of_many_that_fire_at_once_one_fires_a_subscription_and_edits_meanwhile_are_kept(store: Store) -> None:
    number = ROWS + 50
    await all_subscribed(store, (subscription(f"{one:03}") for one in range(number)))

    def fired(one: Firing) -> Fire:
        return Fire(slot(f"{one.id} {one.schedule}", subscription=one.id), NOW + 2 * HOUR)

    def edited(one: int) -> Coroutine[Any, Any, bool]:
        return subscriptions.change(store, f"{one:03}", NOW, schedule="mondays 08:00", next_fire=NOW + HOUR)

    came = await asyncio.gather(
        *(firing.fire_due(store, NOW, fired) for _ in range(6)), *(edited(one) for one in range(0, number, 5))
    )
    told = [one for one in came if isinstance(one, tuple)]
    while (first := await subscriptions.earliest_fire(store)) and first <= NOW:  # whoever came late found none
        told.append(await firing.fire_due(store, NOW, fired))
    kept = Counter(work.slot.subscription for work in await slots.latest(store, 1_000))
    assert set(kept.values()) == {1}
    assert len(kept) == sum(number for number, _ in told)
    for each in await subscriptions.everywhere(store):
        is_edited = int(each.id) % 5 == 0
        assert each.next_fire == (NOW + HOUR if is_edited else NOW + 2 * HOUR), each.id
        assert is_edited or each.id in kept


async def test_pausing_and_beginning_at_once_end_in_one_or_the_other(store: Store) -> None:
    hold = await held(store)
    for number in range(6):
        id_ = str(number)
        await subscribed(store, id_)
        await slots.propose(store, slot(id_, subscription=id_))
        began, _ = await asyncio.gather(
            beginning.begin(store, hold, slot(id_).id, parts(id_), NOW), subscriptions.pause(store, id_, "x", NOW),
            return_exceptions=True,
        )  # fmt: skip
        work = await slots.get(store, slot(id_).id)
        assert work
        assert work.slot.state == ("sending" if isinstance(began, Begun) and began.deliveries else "skipped")


async def test_what_is_done_at_one_time_shares_a_transaction(store: Store) -> None:
    commits: list[object] = []
    held_lanes = [await held(store, f"slack:T{number}") for number in range(4)]
    for number in range(20):
        lane = f"slack:T{number % 4}"
        await slots.propose(store, slot(str(number), lane=lane, place=f"{lane}/C{number}"))
    event.listen(store.engine.sync_engine, "commit", commits.append)
    ran = await asyncio.gather(
        *(
            beginning.begin(store, held_lanes[number % 4], slot(str(number)).id, parts("ab"), NOW)
            for number in range(20)
        )
    )
    assert [one.outcome for one in ran] == ["begun"] * 20
    assert len(commits) == 1
    await asyncio.gather(
        *(outcomes.sent(store, held_lanes[number % 4], ran[number].deliveries[0].id, {}, NOW) for number in range(20))
    )
    assert len(commits) == 2
    assert {(work.slot.state, len(work.deliveries)) for work in await slots.latest(store, 99)} == {("sent", 1)}


async def test_what_one_may_not_do_keeps_none_of_the_others_from_being_done(store: Store) -> None:
    hold, other = await held(store), await held(store, "slack:T2")
    gone = replace(other, fence=other.fence + 1)
    for key in ("good", "twice", "faulty", "elsewhere"):
        await slots.propose(store, slot(key, place=f"slack:T1/{key}"))
    await beginning.begin(store, hold, slot("twice").id, parts("z"), NOW)
    unkept = [Part({"page": 1}, (ClaimRevision("a", 2**70),))]  # no column can hold that
    wanted = {
        "good": (hold, parts("a")), "twice": (hold, parts("a")), "faulty": (hold, unkept), "elsewhere": (gone, parts("a"))
    }  # fmt: skip
    ran = await asyncio.gather(
        *(beginning.begin(store, by, slot(key).id, of, NOW) for key, (by, of) in wanted.items()), return_exceptions=True
    )
    began, twice, faulty, fenced = ran
    assert isinstance(began, Begun)
    assert began.outcome == "begun"
    assert isinstance(twice, WrongState)
    assert isinstance(faulty, Exception)
    assert not isinstance(faulty, StoreUnavailable)
    assert isinstance(fenced, Fenced)
    kept = {key: await slots.get(store, slot(key).id) for key in wanted}
    assert {key: work.slot.state for key, work in kept.items() if work} == {
        "good": "sending", "twice": "sending", "faulty": "planned", "elsewhere": "planned"
    }  # fmt: skip


async def test_a_revision_that_two_want_at_one_time_is_given_to_one_with_all_of_its_own(store: Store) -> None:
    hold = await held(store)
    for key in ("one", "two"):
        await slots.propose(store, slot(key))
    first, second = await asyncio.gather(
        beginning.begin(store, hold, slot("one").id, parts("abx"), NOW),
        beginning.begin(store, hold, slot("two").id, parts("bcy"), NOW),
    )
    assert sorted((first.outcome, second.outcome)) == ["begun", "taken"]
    shown = "".join(sorted(one.claim for one in await ledger.shown_in(store, slot("one").place)))
    assert shown == ("abx" if first.outcome == "begun" else "bcy")


async def test_one_that_is_cancelled_while_it_waits_for_others_is_done_all_the_same(store: Store) -> None:
    hold = await held(store)
    for key in ("one", "two"):
        await slots.propose(store, slot(key, place=f"slack:T1/{key}"))
    tasks = [
        asyncio.ensure_future(beginning.begin(store, hold, slot(key).id, parts("a"), NOW)) for key in ("one", "two")
    ]
    await asyncio.sleep(0)
    tasks[0].cancel()
    cancelled, began = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(cancelled, asyncio.CancelledError)
    assert isinstance(began, Begun)
    assert {work.slot.state for work in await slots.latest(store, 9)} == {"sending"}


class Channel:
    """Is a place where messages stay: a file, which outlives who wrote to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def posted(self) -> list[str]:
        """The parts that were posted, in order."""
        return self.path.read_text().split() if self.path.exists() else []

    def publish(self, id_: str) -> dict[str, str]:
        """Posts a part."""
        with self.path.open("a") as file:
            file.write(f"{id_}\n")
        return {"ts": id_}


async def deliver(store: Store, channel: Channel, key: str, owner: str, now: datetime) -> None:
    """Does all that is to be done for one slot, as an engine does that was killed anywhere before."""
    await slots.propose(store, slot(key))
    hold = await lanes.take_lane(store, "slack:T1", owner, now, -MINUTE)  # whoever had it is gone
    assert hold
    for work in await slots.open_work(store, hold.lane, now):
        if work.slot.state == "planned":
            its_own = [Part({"page": number}, revisions(f"{key}-{number}")) for number in (1, 2)]
            started = await beginning.begin(store, hold, work.slot.id, its_own, now)
            await post(store, hold, channel, started.deliveries[0], now)
        elif (one := work.current) and one.state == "planned":
            await post(store, hold, channel, await outcomes.sending(store, hold, one.id, now), now)
        elif one and one.id in channel.posted:
            await post(store, hold, channel, await outcomes.sent(store, hold, one.id, {"ts": one.id}, now), now)
        elif one:
            await outcomes.not_accepted(store, hold, one.id, "not there", now)
            await post(store, hold, channel, await outcomes.sending(store, hold, one.id, now), now)
    await lanes.leave_lane(store, hold)


async def post(store: Store, hold: Hold, channel: Channel, one: Delivery | None, now: datetime) -> None:
    while one:
        one = await outcomes.sent(store, hold, one.id, channel.publish(one.id), now)


async def deliver_until_killed(url: str, path: Path, key: str, point: int) -> None:
    """Delivers, and dies at the given one of all statements and commits, before or after it."""
    left = itertools.count(point, -1)

    def here(*_: object) -> None:
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    async with open_store(url) as store:
        for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
            event.listen(store.engine.sync_engine, name, here)
        await deliver(store, Channel(path), key, "first", NOW)


def killed_at(url: str, tmp_path: Path, points: range) -> int:
    """Kills a delivery at each point and finishes it; returns at how many it was killed."""

    async def finish(key: str, channel: Channel) -> None:
        async with open_store(url) as store:
            await deliver(store, channel, key, "second", NOW + HOUR)
            work = await slots.get(store, slot(key).id)
            assert work
            assert [work.slot.state, *(one.state for one in work.deliveries)] == ["sent", "sent", "sent"], key
            assert channel.posted == [one.id for one in work.deliveries], key
            left = await slots.open_work(store, "slack:T1", NOW + HOUR)
            assert left == []

    for killed, point in enumerate(points):
        key, path = f"k{point}", tmp_path / str(point)
        process = forked(deliver_until_killed, url, path, key, point)
        process.join(60)
        asyncio.run(finish(key, Channel(path)))
        if process.exitcode == 0:
            return killed
        assert process.exitcode == -signal.SIGKILL
    return len(points)


@pytest.mark.parametrize("start", [2, 7])
def test_a_delivery_that_is_killed_is_finished_once(url: str, tmp_path: Path, start: int) -> None:
    assert killed_at(url, tmp_path, range(start, 10_000, 10)) >= 3


@pytest.mark.long(minutes=5)
def test_a_delivery_that_is_killed_at_any_statement_or_commit_is_finished_once(url: str, tmp_path: Path) -> None:
    assert killed_at(url, tmp_path, range(10_000)) > 40


STEPS = ["begin", "sending", "sent", "uncertain", "ask", "settle", "retry", "not_accepted", "failed", "skip", "rebegin"]
STEPS += ["reopen", "pause", "resume"]


async def step(store: Store, hold: Hold, name: str, key: str, claims: str) -> None:
    """Takes a step with a slot; one that is out of order changes nothing."""
    id_ = slot(key).id
    work = await slots.get(store, id_)
    part = work.current.id if work and work.current else f"{id_}-1"
    takes: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "begin": lambda: beginning.begin(store, hold, id_, parts(*claims), NOW),
        "sending": lambda: outcomes.sending(store, hold, part, NOW),
        "sent": lambda: outcomes.sent(store, hold, part, {}, NOW),
        "uncertain": lambda: outcomes.uncertain(store, hold, part, "timeout", NOW, NOW),
        "ask": lambda: outcomes.uncertain(store, hold, part, "timeout", NOW, None),
        "settle": lambda: settling.settle(store, id_, "sent", NOW),
        "retry": lambda: settling.settle(store, id_, "retry", NOW),
        "not_accepted": lambda: outcomes.not_accepted(store, hold, part, "429", NOW),
        "failed": lambda: outcomes.failed(store, hold, part, "no", NOW),
        "skip": lambda: beginning.skip(store, hold, id_, "late", NOW),
        "rebegin": lambda: beginning.rebegin(store, hold, id_),
        "reopen": lambda: settling.reopen(store, id_, NOW + HOUR, NOW),
        "pause": lambda: subscriptions.pause(store, f"of {key}", "x", NOW),
        "resume": lambda: subscriptions.resume(store, f"of {key}", NOW, NOW),
    }
    before = await slots.get(store, id_)
    try:
        await takes[name]()
    except WrongState:
        assert await slots.get(store, id_) == before


async def holds(store: Store, keys: list[str], place: str) -> None:
    """Checks what must hold between any two steps."""
    kept = await ledger.shown_in(store, place)
    carrying = set()
    for key in keys:
        work = await slots.get(store, slot(key).id)
        assert work
        sent = [one.state == "sent" for one in work.deliveries]
        assert sent == sorted(sent, reverse=True), "what was sent comes first"
        under_way = [one for one in work.deliveries if one.state in ("sending", "uncertain")]
        assert len(under_way) <= 1
        assert not under_way or under_way == [work.current]
        open_ = work.slot.state in ("planned", "sending")
        assert open_ == (work.slot.wake is not None) == (work.slot.ended_at is None)
        assert (work.slot.state == "planned") <= (work.deliveries == ())
        assert (work.slot.state == "sent") == (bool(sent) and all(sent))
        carrying |= {one.id for one in work.deliveries if one.state not in ("failed", "skipped")}
        assert all(one.intended_at for one in work.deliveries if one.state in ("sending", "sent", "uncertain"))
    assert set(kept.values()) <= carrying, "what failed or was skipped reserves nothing"


@settings(max_examples=25)
@given(taken=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 1), st.text("abcd", min_size=1, max_size=3)), min_size=5, max_size=25))  # fmt: skip
def test_no_order_of_steps_breaks_what_must_hold(
    store: Store, runner: asyncio.Runner, taken: list[tuple[str, int, str]]
) -> None:
    async def run() -> None:
        mark = str(next(NUMBER))
        place, keys = f"slack:T1/{mark}", [f"{mark}-0", f"{mark}-1"]
        hold = await lanes.take_lane(store, "slack:T1", mark, NOW, -HOUR)
        assert hold
        for key in keys:
            await subscribed(store, f"of {key}", place=place)
            await slots.propose(store, slot(key, subscription=f"of {key}", place=place))
        for name, which, claims in taken:
            await step(store, hold, name, keys[which], claims)
            await holds(store, keys, place)

    runner.run(run())


NUMBER = itertools.count()


async def test_what_was_released_is_reserved_by_the_next(store: Store) -> None:
    hold = await held(store)
    for number in range(4):
        started = await begun(store, hold, str(number), parts("a", "b"))
        assert started.outcome == "begun"
        await outcomes.failed(store, hold, started.deliveries[0].id, "no", NOW)


async def test_a_task_that_is_cancelled_anywhere_leaves_a_store_that_works(store: Store) -> None:
    hold = await held(store)
    for number in range(15):
        one = slot(str(number))
        await slots.propose(store, one)
        task = asyncio.ensure_future(beginning.begin(store, hold, one.id, parts("a", "b"), NOW))
        await asyncio.sleep(number * 0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        work = await slots.get(store, one.id)
        assert work
        assert (work.slot.state, len(work.deliveries)) in (("planned", 0), ("sending", 2))
