"""How much may still be sent where, as the headers of Discord's answers tell it."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping

from msgspec import Struct, field

SAME = 0.5
"""Seconds by which two answers may differ on when one window ends."""


class _Room(Struct):
    """Is what is left in a window that ends at `until`; `seconds` is how long one is."""

    limit: int
    left: int
    until: float
    seconds: float
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Headroom:
    """Remembers what may be sent, by route or place, the latest `most` of them; `now` is a monotonic clock."""

    def __init__(self, now: Callable[[], float], most: int = 10_000) -> None:
        self._now = now
        self._most = most
        self._rooms: OrderedDict[str, _Room] = OrderedDict()

    def told(self, key: str, headers: Mapping[str, str]) -> None:
        """Notes the headers of an answer."""
        try:
            limit, left = int(headers["X-RateLimit-Limit"]), int(headers["X-RateLimit-Remaining"])
            seconds = float(headers["X-RateLimit-Reset-After"])
        except (KeyError, ValueError):
            return
        room = self._room(key, limit, left, seconds)
        until = self._now() + seconds
        same = abs(until - room.until) < SAME
        # What has had its turn since that answer is not in it.
        room.left = min(room.left, left) if same else left
        room.limit, room.until, room.seconds = limit, until, max(seconds, room.seconds)

    def hold(self, key: str, seconds: float) -> None:
        """Lets nothing be sent for some seconds."""
        room = self._room(key, 1, 0, seconds)
        room.left, room.until = 0, self._now() + seconds

    def wait(self, key: str) -> float:
        """Returns for how many seconds nothing may be sent."""
        room = self._rooms.get(key)
        return max(room.until - self._now(), 0.0) if room and room.left <= 0 else 0.0

    async def turn(self, key: str) -> None:
        """Waits until something may be sent; those who wait get their turn in order."""
        room = self._rooms.get(key)
        if room is None:
            return
        async with room.turn:
            while room.left <= 0 and room.until > self._now():
                await asyncio.sleep(room.until - self._now())
            if room.until <= self._now():
                room.left, room.until = room.limit, self._now() + room.seconds
            room.left -= 1

    def _room(self, key: str, limit: int, left: int, seconds: float) -> _Room:
        room = self._rooms.get(key)
        if room is None:
            room = self._rooms[key] = _Room(limit, left, self._now() + seconds, seconds)
            if len(self._rooms) > self._most:
                self._rooms.popitem(last=False)
        else:
            self._rooms.move_to_end(key)
        return room
