"""What is left to do after the acknowledgement: counted, bounded, and finished before leaving."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from slack_bolt.lazy_listener.async_internals import to_runnable_function
from slack_bolt.lazy_listener.async_runner import AsyncLazyListenerRunner
from slack_bolt.request.async_request import AsyncBoltRequest

MOST = 512
"""Tasks at a time: the answers that may be in flight, and as many polite refusals."""

DONE = "briefbot_done"
"""The key in bolt's context that says that the acknowledgement was all there was to do."""

REFUSAL = "briefbot_refusal"
"""The key of what is to be said instead of an answer."""


class Work(AsyncLazyListenerRunner):
    """Runs bolt's lazy listeners as tasks that are kept and counted; bolt itself forgets them."""

    def __init__(self) -> None:
        self.logger = logging.getLogger("briefbot.slack")
        self._tasks: set[asyncio.Task[None]] = set()
        self._answers: set[asyncio.Task[None]] = set()

    @property
    def in_flight(self) -> int:
        """How many answers are under way; refusals have room of their own."""
        return len(self._answers)

    def start(self, function: Callable[..., Awaitable[None]], request: AsyncBoltRequest) -> None:
        """Starts a lazy listener, unless its request is done with already."""
        if request.context.get(DONE):
            return
        if len(self._tasks) >= MOST:
            self.logger.warning("more to do than can be done; a request is dropped")
            return
        task = asyncio.create_task(to_runnable_function(function, self.logger, request))
        for tasks in (self._tasks, *([] if request.context.get(REFUSAL) else [self._answers])):
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    async def finish(self, seconds: float) -> None:
        """Waits for what is running, so many seconds at most."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel()
