"""Answers that are kept for a while, so that a thing is asked once, however many want to know it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """Asks and keeps the answers for some seconds, the latest `most` of them; `now` is a monotonic clock in seconds."""

    def __init__(
        self, ask: Callable[[str], Awaitable[Answer]], seconds: float, most: int, now: Callable[[], float]
    ) -> None:
        self._ask = ask
        self._seconds = seconds
        self._most = most
        self._now = now
        self._kept: OrderedDict[str, tuple[float, Answer]] = OrderedDict()
        self._asking: dict[str, asyncio.Lock] = {}

    async def get(self, key: str) -> Answer:
        """Returns an answer, kept or new; those who want the same wait for one of them to ask.

        Raises:
            DeliveryError: it was asked, and not told; that is not kept.
        """
        asking = self._asking.setdefault(key, asyncio.Lock())
        try:
            async with asking:
                kept = self.kept(key)
                return kept if kept is not None else await self._anew(key)
        finally:
            if not asking.locked():
                self._asking.pop(key, None)

    def kept(self, key: str) -> Answer | None:
        """Returns an answer that is still kept, if there is one."""
        at, answer = self._kept.get(key, (-self._seconds, None))
        return answer if self._now() - at < self._seconds else None

    def forget(self, key: str) -> None:
        """Has something asked anew the next time."""
        self._kept.pop(key, None)

    async def _anew(self, key: str) -> Answer:
        answer = await self._ask(key)
        self.forget(key)
        self._kept[key] = self._now(), answer
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return answer
