"""What is left to do after the acknowledgement: counted, bounded, and finished before leaving."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

log = logging.getLogger("briefbot.slack")
MOST = 512
"""Tasks at a time: the answers that may be in flight, and as many polite refusals."""


class Work:
    """Runs tasks that are kept and counted; bolt's own, the lazy listeners, cost a deep copy of each request."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._answers: set[asyncio.Task[Any]] = set()

    @property
    def in_flight(self) -> int:
        """How many answers are under way; refusals have room of their own."""
        return len(self._answers)

    def start(self, do: Callable[[], Awaitable[object]], *, refuses: bool = False) -> None:
        """Starts to do something, which may be a refusal instead of an answer."""
        if len(self._tasks) >= MOST:
            log.warning("more to do than can be done; a request is dropped")
            return
        task = asyncio.create_task(self._done(do))
        self._tasks.add(task)
        if not refuses:
            self._answers.add(task)

    async def finish(self, seconds: float) -> None:
        """Waits for what is running, so many seconds at most."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel()

    async def _done(self, do: Callable[[], Awaitable[object]]) -> None:
        try:
            await do()
        except Exception:
            log.exception("what was left to do after an acknowledgement failed")
        finally:
            task = cast("asyncio.Task[Any]", asyncio.current_task())
            self._tasks.discard(task)
            self._answers.discard(task)
