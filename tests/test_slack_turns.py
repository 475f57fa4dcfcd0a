"""Whose turn it is on Slack, by a clock that the tests move."""

import asyncio
from collections import Counter

import pytest

from bot.platforms.slack import turns
from bot.platforms.slack.turns import ASKED_AT_ONCE, TooEarly, Turns
from tests.hand_clock import HandClock


class Queue:
    """Is a row of messages that wait for their turns, and when each had it."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.turns = Turns(self.clock.now, self.clock.sleep)
        self.had: list[tuple[float, str]] = []

    def wait(self, message: str, channel: str = "C1", workspace: str = "T1") -> asyncio.Task[None]:
        async def turn() -> None:
            await self.turns.take(workspace, channel)
            self.had.append((round(self.clock.seconds - 1_000, 3), message))

        return asyncio.create_task(turn())


async def test_a_channel_has_one_message_a_second_in_the_order_in_which_they_came(runner: asyncio.Runner) -> None:
    queue = Queue()
    for number in range(4):
        queue.wait(str(number))
    await queue.clock.go_on(3.5)
    assert queue.had == [(0, "0"), (1, "1"), (2, "2"), (3, "3")]


async def test_a_channel_that_was_quiet_has_no_burst(runner: asyncio.Runner) -> None:
    queue = Queue()
    queue.wait("first")
    await queue.clock.go_on(60)
    queue.wait("second")
    queue.wait("third")
    await queue.clock.go_on(5)
    assert queue.had == [(0, "first"), (60, "second"), (61, "third")]


async def test_a_workspace_has_twenty_at_once_and_then_five_a_second(runner: asyncio.Runner) -> None:
    queue = Queue()
    for number in range(40):
        queue.wait(str(number), f"C{number}")
    await queue.clock.go_on(10)
    assert [message for _, message in queue.had] == [str(number) for number in range(40)]
    assert [at for at, _ in queue.had] == pytest.approx([0] * 20 + [0.2 * n for n in range(1, 21)])


async def test_no_workspace_waits_for_another(runner: asyncio.Runner) -> None:
    queue = Queue()
    queue.turns.hold("T1", "C1", "lane", 600)
    queue.wait("held")
    queue.wait("free", workspace="T2")
    await queue.clock.go_on(1)
    assert queue.had == [(0, "free")]


async def test_a_channel_that_is_held_back_holds_back_no_other(runner: asyncio.Runner) -> None:
    queue = Queue()
    queue.turns.hold("T1", "C1", "place", 600)
    queue.wait("held")
    queue.wait("free", "C2")
    await queue.clock.go_on(601)
    assert queue.had == [(0, "free"), (600, "held")]


async def test_who_waits_already_is_held_back_too_and_a_hold_is_never_shortened(runner: asyncio.Runner) -> None:
    queue = Queue()
    for message in ("first", "second"):
        queue.wait(message)
    await queue.clock.go_on(0.5)
    queue.turns.hold("T1", "C1", "place", 10)
    queue.turns.hold("T1", "C1", "place", 1)
    await queue.clock.go_on(20)
    assert queue.had == [(0, "first"), (10.5, "second")]


async def test_a_channel_held_back_while_it_waits_for_its_workspace_lets_others_go_first(
    runner: asyncio.Runner,
) -> None:
    queue = Queue()
    queue.turns.hold("T1", "", "lane", 5)
    queue.wait("held", "C1")
    queue.wait("free", "C2")
    await queue.clock.go_on(1)
    queue.turns.hold("T1", "C1", "place", 60)
    await queue.clock.go_on(70)
    assert queue.had == [(5, "free"), (61, "held")]


async def test_who_gives_up_waiting_takes_no_turn(runner: asyncio.Runner) -> None:
    queue = Queue()
    waiting = [queue.wait(message) for message in ("first", "second", "third")]
    await queue.clock.go_on(0.5)
    waiting[1].cancel()
    await queue.clock.go_on(3)
    assert queue.had == [(0, "first"), (1, "third")]


async def test_a_method_is_asked_fifty_times_a_minute_after_its_burst_and_counts_with_the_messages(
    runner: asyncio.Runner,
) -> None:
    queue = Queue()

    async def ask() -> None:
        await queue.turns.ask("T1", "conversations.history")
        queue.had.append((round(queue.clock.seconds - 1_000, 3), "asked"))

    asked = [asyncio.create_task(ask()) for _ in range(ASKED_AT_ONCE + 5)]
    await queue.clock.go_on(30)
    assert all(one.done() for one in asked)
    at = [second for second, _ in queue.had]
    assert at[19] == 0
    assert at[24] == 1  # the workspace has five a second after twenty
    assert at[-1] == 6


async def test_a_method_that_is_held_back_is_not_waited_for_and_holds_back_no_other(runner: asyncio.Runner) -> None:
    queue = Queue()
    queue.turns.hold_method("T1", "conversations.history", 60)
    with pytest.raises(TooEarly) as caught:
        await queue.turns.ask("T1", "conversations.history")
    assert caught.value.seconds == 60
    await queue.turns.ask("T1", "conversations.replies")
    await queue.turns.ask("T2", "conversations.history")
    await queue.turns.take("T1", "C1")


async def test_channels_that_need_not_wait_are_forgotten_and_the_others_kept(
    runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MOST", 50)
    queue = Queue()
    queue.turns.hold("T1", "C0", "place", 1_000)
    held = queue.wait("held", "C0")
    for number in range(1, 500):
        queue.wait(str(number), f"C{number}")
        await queue.clock.go_on(0.2)
    assert len(queue.turns) <= 50
    assert not held.done()
    assert Counter(message for _, message in queue.had).total() == 499
