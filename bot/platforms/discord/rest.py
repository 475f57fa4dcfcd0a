"""Discord's REST API without Gateway: each request is made once, and no limit is slept through."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import discord
import msgspec
from discord.http import HTTPClient, Route, json_or_text

from bot.platforms.discord.headroom import Headroom
from bot.platforms.discord.pacing import Pacing, TooManyInvalid
from bot.platforms.discord.refusals import Refused, refusal, unclear

TIMEOUT = 10.0
CONNECT = 5.0
LONGEST_WAIT = 2.0
"""Seconds that a request waits for the limit of its route; one that had to wait longer is not made."""

REFUSED_TOKEN = 300.0
"""Seconds for which nothing is asked with a token that was refused."""


class Rest(HTTPClient):
    """Asks by the methods of discord.py, of which each comes to `request`, and sends messages by `send`.

    Whatever goes wrong is a `DeliveryError`. Trouble of the whole bot that Discord tells the length of is told again
    until that is over, without a request. `now` is the time, `monotonic` a clock in seconds.
    """

    def __init__(self, token: str, pacing: Pacing, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        super().__init__(asyncio.get_running_loop())
        self.token = token
        self.headroom = Headroom(monotonic)
        self._date = "", now()
        self._pacing = pacing
        self._now = now
        self._monotonic = monotonic
        self._trouble: tuple[Refused, float] | None = None
        self._asking = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=TIMEOUT, connect=CONNECT),
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            json_serialize_bytes=msgspec.json.encode,
        )

    @property
    def skew(self) -> timedelta:
        """How much later it is by Discord's clock than by ours, as its last answer had it."""
        said, at = self._date
        try:
            return parsedate_to_datetime(said).astimezone(UTC) - at
        except ValueError:
            return timedelta()

    async def close(self) -> None:
        """Closes the connections."""
        await self._asking.close()

    async def send(self, route: Route, place: str, body: Mapping[str, Any]) -> Any:
        """Sends what must not be sent twice, and returns the answer; its turn is waited for by `turn` before.

        Raises:
            DeliveryError: it was not taken, or may have been.
        """
        return await self._asked(route, place, sending=True, json=body)

    async def request(
        self,
        route: Route,
        *,
        files: Sequence[discord.File] | None = None,
        form: Iterable[dict[str, Any]] | None = None,
        **options: Any,
    ) -> Any:
        """Asks what may be asked again, in its turn, and returns the answer.

        Raises:
            DeliveryError: it was not told.
        """
        if files or form:
            raise ValueError("files are not sent")
        key = f"{route.key} {route.major_parameters}"
        seconds = self.headroom.wait(key)
        if seconds > LONGEST_WAIT:
            raise Refused("not_accepted", "place", "Discord lets that be asked no more for a while", seconds)
        await self.headroom.turn(key)
        await self._pacing.turn()
        return await self._asked(route, key, sending=False, **options)

    async def _asked(self, route: Route, key: str, *, sending: bool, **options: Any) -> Any:
        self._admit()
        await self._pacing.leave()
        headers = {"User-Agent": self.user_agent, "Authorization": f"Bot {self.token}"}
        options.pop("reason", None)
        try:
            async with self._asking.request(route.method, route.url, headers=headers, **options) as response:
                self._told(key, response)
                body = await json_or_text(response)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _broken(error, sending=sending) from error
        finally:
            self._pacing.ended()
        if 200 <= response.status < 300 and not isinstance(body, str):
            return body
        refused = refusal(response.status, response.headers, body, sending=sending)
        self._keep(refused, key)
        raise refused

    def _admit(self) -> None:
        """Lets a request be made, unless the bot as a whole is in trouble."""
        try:
            self._pacing.admit()
        except TooManyInvalid as error:
            raise Refused("not_accepted", "lane", str(error), error.seconds) from error
        if self._trouble:
            trouble, until = self._trouble
            left = until - self._monotonic()
            if left > 0:
                again = None if trouble.outcome == "permanent" else left
                raise Refused(trouble.outcome, "lane", trouble.reason, again, status=trouble.status)
            self._trouble = None

    def _told(self, key: str, response: aiohttp.ClientResponse) -> None:
        self._pacing.count(response.status, response.headers)
        self.headroom.told(key, response.headers)
        self._date = response.headers.get("Date", ""), self._now()

    def _keep(self, refused: Refused, key: str) -> None:
        """Remembers what need not be found out again."""
        seconds = refused.retry_after or (REFUSED_TOKEN if refused.outcome == "permanent" else 0.0)
        if refused.scope == "lane":
            self._trouble = refused, self._monotonic() + seconds
        elif refused.status == 429:
            self.headroom.hold(key, seconds)


def _broken(error: Exception, *, sending: bool) -> Refused:
    """Returns what it means that a request got no answer: nothing was taken only where there was no connection."""
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Refused("not_accepted", "lane", f"Discord cannot be reached: {_short(error)}")
    outcome, scope = unclear(sending=sending)
    late = isinstance(error, TimeoutError)
    reason = f"Discord did not answer within {TIMEOUT:g} s" if late else f"the connection broke: {_short(error)}"
    return Refused(outcome, scope, reason)


def _short(error: Exception) -> str:
    return f"{type(error).__name__} {' '.join(str(error).split())}".strip()[:120]
