"""How fast Discord is asked: 45 requests a second at most, and none when too many are refused.

Answers to interactions do not count against Discord's 50 a second, so they never wait here, but their refusals count
(docs.discord.com/developers/topics/rate-limits).
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp

from bot.tally import Tally

log = logging.getLogger("briefbot.discord")
RATE = 45
MOST_A_SECOND = 50
"""Requests that Discord gets within any second by its own clock, however late they come to it.

It has got each between its leaving and its answer: so many at most are under way or were answered within a second.
"""

WINDOW = 600.0
ALERT = 200
MOST_INVALID = 1_000
"""Answers of 401, 403 and 429 in ten minutes, a tenth of what has Discord ban an address."""

TOO_MANY = 429
INVALID = {401, 403, TOO_MANY}
FREE = ("/interactions/", "/webhooks/")


class TooManyInvalid(aiohttp.ClientError):
    """Says that nothing is asked of Discord for so many seconds, because too much was refused."""

    def __init__(self, seconds: float) -> None:
        super().__init__("too many requests were refused; Discord is left alone for ten minutes")
        self.seconds = seconds


class Pacing:
    """Paces the requests of all clients of one bot; `now` is a monotonic clock in seconds.

    aiohttp tells of those of a discord.py client by `trace`; others call `admit`, a turn, `leave`, `count` and `ended`.
    """

    def __init__(self, api_url: str, now: Callable[[], float] = time.monotonic, tally: Tally | None = None) -> None:
        self._path = urlsplit(api_url).path
        self._now = now
        self._tally = tally or Tally()
        self._next = 0.0
        self._invalid: deque[float] = deque()
        self._messages = asyncio.Lock()
        self._under_way = 0
        self._answered: deque[float] = deque()

    @property
    def invalid(self) -> int:
        """How many requests were refused in the last ten minutes."""
        while self._invalid and self._invalid[0] < self._now() - WINDOW:
            self._invalid.popleft()
        return len(self._invalid)

    async def counted(self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        """Has aiohttp send what never waits for a turn: an answer to an interaction.

        Raises:
            TooManyInvalid: it is not to be sent.
        """
        self.admit()
        response = await send(request)
        self.count(response.status, response.headers)
        return response

    def trace(self) -> aiohttp.TraceConfig:
        """Returns what has aiohttp call us before and after every request."""
        config = aiohttp.TraceConfig()

        async def start(_: object, context: SimpleNamespace, request: aiohttp.TraceRequestStartParams) -> None:
            context.is_paced = False
            self.admit()
            if self._paced(request.url.path):
                await self.turn()
                await self.leave()
                context.is_paced = True

        async def end(_: object, context: SimpleNamespace, request: aiohttp.TraceRequestEndParams) -> None:
            self.count(request.response.status, request.response.headers)
            await broken(_, context, request)

        async def broken(_: object, context: SimpleNamespace, __: object) -> None:
            if context.is_paced:
                self.ended()

        config.on_request_start.append(start)
        config.on_request_end.append(end)
        config.on_request_exception.append(broken)
        return config

    def admit(self) -> None:
        """Lets a request be sent, if few enough were refused.

        Raises:
            TooManyInvalid: it is not to be sent.
        """
        if self.invalid >= MOST_INVALID:
            raise TooManyInvalid(self._invalid[-MOST_INVALID] + WINDOW - self._now())

    async def turn(self) -> None:
        """Waits for the turn of a request; it comes before all messages that still wait for theirs."""
        turn = max(self._next, self._now())
        self._next = turn + 1 / RATE
        if (seconds := turn - self._now()) > 0:
            await asyncio.sleep(seconds)

    async def message_turn(self) -> None:
        """Waits for the turn of a message that nobody waits for; they come in order."""
        async with self._messages:
            await self.turn()

    async def leave(self) -> None:
        """Waits until a request whose turn it is may leave; `ended` is called once it is answered, or never will be."""
        while not self._may_leave():
            await asyncio.sleep(self._answered[0] + 1 - self._now() if self._answered else 1.0)
        self._under_way += 1

    def _may_leave(self) -> bool:
        while self._answered and self._answered[0] <= self._now() - 1:
            self._answered.popleft()
        return self._under_way + len(self._answered) < MOST_A_SECOND

    def ended(self) -> None:
        """Notes that a request that left is under way no more."""
        self._under_way -= 1
        self._answered.append(self._now())

    def count(self, status: int, headers: Mapping[str, str]) -> None:
        """Counts an answer if it refuses."""
        if status == TOO_MANY:
            self._tally.count("limited", "discord")
        if status not in INVALID or headers.get("X-RateLimit-Scope") == "shared":
            return
        self._invalid.append(self._now())
        if self.invalid == ALERT:
            log.error("Discord refuses many requests", extra={"refused": ALERT, "minutes": WINDOW / 60})

    def _paced(self, path: str) -> bool:
        return path.startswith(self._path) and not any(free in path for free in FREE)
