"""What only one of several processes may do: one has the seat, the others wait, and it changes hands when it is left."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

from bot.operating import seat
from bot.operating.seat import Seat
from bot.ports import Turn
from bot.store import lanes
from bot.store.opening import Store
from bot.store.unavailable import StoreUnavailable


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seat, "LOOK", 0.02)
    monkeypatch.setattr(seat, "RENEWED", 0.05)
    monkeypatch.setattr(seat, "LEASE", timedelta(seconds=0.5))


async def waits_for(one: Seat) -> tuple["asyncio.Task[Turn]", AsyncExitStack]:
    """Lets somebody wait for a seat, and returns the wait and what gives the seat back."""
    stack = AsyncExitStack()
    waiting = asyncio.create_task(stack.enter_async_context(one.turn()))
    await asyncio.sleep(0.2)
    return waiting, stack


async def test_the_second_has_the_seat_once_the_first_has_left_it_and_the_next_number(store: Store) -> None:
    first, second = Seat(store, "gateway", now), Seat(store, "gateway", now)
    async with first.turn() as turn:
        waiting, stack = await waits_for(second)
        assert not waiting.done()
    async with stack:
        assert (await waiting).number == turn.number + 1


async def test_where_a_rest_is_due_the_second_has_the_seat_only_after_it(store: Store) -> None:
    first, second = Seat(store, "gateway", now), Seat(store, "gateway", now)
    async with first.turn() as turn:
        waiting, stack = await waits_for(second)
        turn.rest = 0.6
    left = now()
    async with stack:
        assert (await waiting).number == turn.number + 1
        assert now() - left > timedelta(seconds=0.5)


async def test_seats_of_different_names_are_had_at_a_time(store: Store) -> None:
    async with Seat(store, "gateway:discord/0/2", now).turn(), Seat(store, "gateway:discord/1/2", now).turn():
        pass


async def test_of_whoever_died_another_takes_the_seat_over_when_the_lease_has_ended(store: Store) -> None:
    others, dying = asyncio.all_tasks(), Seat(store, "gateway", now).turn()
    await dying.__aenter__()
    for task in asyncio.all_tasks() - others:
        task.cancel()
    async with Seat(store, "gateway", now).turn() as turn:
        assert turn.number == 2
    await dying.__aexit__(None, None, None)  # while there still is a store


async def test_whoever_was_frozen_past_the_lease_hears_that_the_turn_is_over(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat, "RENEWED", 1.5)  # as if it had been frozen meanwhile
    async with Seat(store, "gateway", now).turn() as turn, Seat(store, "gateway", now).turn():
        async with asyncio.timeout(5):
            await turn.over.wait()


async def test_while_the_store_is_away_whoever_has_the_seat_keeps_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailable("away")

    async with Seat(store, "gateway", now).turn() as turn:
        monkeypatch.setattr(lanes, "keep_lane", away)
        await asyncio.sleep(0.3)
        assert not turn.over.is_set()


async def test_a_fault_of_ours_in_renewing_is_logged_and_the_next_renewal_is_tried(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def faulty(*_: object) -> None:
        raise RuntimeError("unforeseen")

    async with Seat(store, "gateway", now).turn() as turn:
        with monkeypatch.context() as patch:
            patch.setattr(lanes, "keep_lane", faulty)
            async with Seat(store, "gateway", now).turn(), asyncio.timeout(60):  # it is had once the lease has ended
                assert "could not be renewed by a fault of ours" in caplog.text
                patch.undo()
                await turn.over.wait()
