"""What is asked for at one time, carried out together."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

from bot.store.sql import ended

A = TypeVar("A")
MOST = 100
"""How much is carried out together."""


class Together(Generic[A]):
    """Gathers what is asked for while something is carried out already, and then carries it out at once.

    So nothing waits for company, and the busier it is, the more goes together. Of one key there is one at a time.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[Hashable, A, asyncio.Future[Any]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, key: Hashable, one: A, carry_out: Callable[[Sequence[A]], Awaitable[Sequence[Any]]]) -> Any:
        """Has one carried out with whatever else is there, and returns or raises what came of it.

        `carry_out` gives back for each either its result or an exception. What was asked for comes to its end though
        the caller is cancelled, who is told so only then.
        """
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((key, one, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(carry_out))
        return await ended(future)

    async def _run(self, carry_out: Callable[[Sequence[A]], Awaitable[Sequence[Any]]]) -> None:
        while self._waiting:
            ones, futures = self._next()
            try:
                came = await carry_out(ones)
            except Exception as error:
                came = [error] * len(ones)
            except BaseException as end:  # of the loop: nobody will carry out the rest
                _settle(
                    [*futures, *(future for _, _, future in self._waiting)], [end] * (len(futures) + len(self._waiting))
                )
                self._waiting.clear()
                raise
            _settle(futures, came)

    def _next(self) -> tuple[list[A], list[asyncio.Future[Any]]]:
        """Takes what is carried out next: as much as there is, in order, each key once."""
        chosen: dict[Hashable, tuple[A, asyncio.Future[Any]]] = {}
        later = []
        for key, one, future in self._waiting:
            if key in chosen or len(chosen) == MOST:
                later.append((key, one, future))
            else:
                chosen[key] = one, future
        self._waiting = later
        return [one for one, _ in chosen.values()], [future for _, future in chosen.values()]


def _settle(futures: Sequence[asyncio.Future[Any]], came: Sequence[Any]) -> None:
    for future, one in zip(futures, came, strict=True):
        if isinstance(one, BaseException):
            future.set_exception(one)
        else:
            future.set_result(one)
