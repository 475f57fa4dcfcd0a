"""What holds the loop lets others go first."""

import asyncio
import time

from bot.yielding import LONG, Yielding


async def turns_of(number: int, seconds: float) -> list[int]:
    """Has so many hold the loop for so long each, and returns in which turns of the loop they did."""
    yielding, held, turn, over = Yielding(), list[int](), 0, asyncio.Event()

    async def count() -> None:
        nonlocal turn
        while not over.is_set():
            turn += 1
            await asyncio.sleep(0)

    async def hold() -> None:
        await yielding.turn()
        held.append(turn)
        time.sleep(seconds)

    counting = asyncio.create_task(count())
    await asyncio.gather(*(hold() for _ in range(number)))
    over.set()
    await counting
    return held


async def test_of_those_that_hold_the_loop_for_long_each_lets_others_go_first(runner: asyncio.Runner) -> None:
    held = await turns_of(10, LONG)
    assert len(set(held)) == 10


async def test_those_that_come_shortly_after_another_are_not_kept_waiting(runner: asyncio.Runner) -> None:
    yielding = Yielding()
    await yielding.turn()
    for _ in range(10):
        waiting = yielding.turn()
        try:
            waiting.send(None)
        except StopIteration:
            continue
        raise AssertionError("it waits for another turn")
