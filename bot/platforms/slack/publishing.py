"""Digests on their way to Slack: each post is sent once, and looked for where its fate is unclear."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack import limited
from bot.platforms.slack.lookup import direct_channel, look, marked, open_to_us, ourselves, person_left
from bot.platforms.slack.questions import Questions
from bot.platforms.slack.render import BUDGET, payload
from bot.platforms.slack.sending import BLOCKS_REFUSED, TIMEOUT, needed, reason, tell_of_refused_blocks
from bot.platforms.slack.targets import Target, target_of
from bot.platforms.slack.turns import TooEarly, Turns
from bot.platforms.slack.verdicts import shut, untold, verdict
from bot.publishing import Absent, DeliveryError, Found, Post, Receipt, Unknown
from bot.tally import Tally

BEFORE = timedelta(hours=1)
"""How much earlier than it was intended a message may be dated: Slack's clock is not ours, and ours may be set."""

SCOPE_MAY_BE_GRANTED = 600.0
"""Seconds after which Slack is asked again what it did not let us ask."""

MOST = 10_000
"""Conversations that are remembered."""


class SlackPublisher:
    """Posts in a Slack workspace; implements `Publisher`.

    `now` is the time; `monotonic` a clock in seconds that is never set, and `sleep` waits by it. A post takes no
    longer than `timeout` seconds.
    """

    name = "slack"
    budget = BUDGET
    settle = 12.0
    at_once = 8  # as many connections keep its pace; and no more than these are unclear where it takes nothing

    def __init__(
        self,
        bot_token: str,
        api_url: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        timeout: float = TIMEOUT,
        tally: Tally | None = None,
    ) -> None:
        self._bot_token = bot_token
        self._api_url = api_url
        self._now = now
        self._monotonic = monotonic
        self._timeout = timeout
        self._tally = tally or Tally()
        self._turns = Turns(monotonic, sleep)
        self._client: AsyncWebClient | None = None
        self._ours: frozenset[str] = frozenset()
        self._direct: dict[str, str] = {}
        self._unasked: dict[str, tuple[float, Unknown]] = {}

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Gives the context in which it posts, over connections that are kept."""
        # Whoever cannot connect has sent nothing, so that is told apart by a timeout of its own.
        limits = aiohttp.ClientTimeout(total=self._timeout, connect=self._timeout / 2)
        connector = aiohttp.TCPConnector(limit=0)
        counted = (limited.counting(self._tally),)
        async with aiohttp.ClientSession(connector=connector, timeout=limits, middlewares=counted) as session:
            self._client = AsyncWebClient(
                self._bot_token,
                self._api_url,
                session=session,
                logger=logging.getLogger("slack_sdk"),  # one without a level writes out every message for its DEBUG
                retry_handlers=[],  # the SDK's own would post again what Slack took before the connection was cut
            )
            try:
                yield
            finally:
                self._client = None

    async def turn(self, place: str) -> None:
        """Waits until the limits of the channel and of the workspace let a message be sent.

        Raises:
            DeliveryError: it is no place of Slack's.
        """
        where = target_of(place)
        await self._turns.take(where.workspace, where.target)

    async def publish(self, post: Post) -> Receipt:
        """Sends a message once; blocks that Slack refuses are replaced once by conservative ones.

        Raises:
            DeliveryError: it was not posted, or may not have been.
        """
        where = target_of(post.place)
        until = asyncio.get_running_loop().time() + self._timeout
        return await self._post(post, where, until, conservative=False)

    async def find(self, post: Post) -> Found | Absent | Unknown:
        """Looks whether a message was posted, among our own of the channel or thread.

        Raises:
            DeliveryError: it could not be looked for now, but can later.
        """
        where = target_of(post.place)
        until, unknown = self._unasked.get(where.target, (0.0, None))
        if unknown and self._monotonic() < until:
            return unknown
        api = Questions(self._api, self._turns, where.workspace)
        try:
            return await self._look(api, post, where)
        except TooEarly as early:
            told = "it cannot be looked for now: Slack wants to be asked less"
            raise DeliveryError("not_accepted", "place", told, early.seconds) from None
        except Exception as error:  # an answer that cannot be read is none
            later = untold(error)
            if later:
                raise later from None
            return self._not_to_be_asked(where, error)

    async def finish(self, post: Post, receipt: Receipt) -> None:
        """Does nothing: on Slack, what is posted is done."""

    async def knock(self) -> None:
        """Asks who we are.

        Raises:
            DeliveryError: Slack does not answer, or refuses the token.
        """
        api = self._api
        try:
            self._ours = await ourselves(api)
        except Exception as error:  # an answer that cannot be read is none
            raise shut(error) from None

    async def reachable(self, place: str) -> bool | None:
        """Returns whether messages can be posted to a place again; None where Slack does not let us ask.

        Raises:
            DeliveryError: it is no place of Slack's.
        """
        where = target_of(place)
        api = Questions(self._api, self._turns, where.workspace)
        try:
            if where.person:
                return False if await person_left(api, where.person) else None
            return await open_to_us(api, where.channel, where.thread)
        except Exception:  # an answer that cannot be read is none
            return None

    async def left(self, workspace: str) -> bool | None:  # noqa: ARG002
        """Says nothing: Slack tells by an event, and a token that it refuses may only have been replaced."""
        return None

    @property
    def _api(self) -> AsyncWebClient:
        if self._client is None:
            raise RuntimeError("nothing can be posted before `opened` or after it")
        return self._client

    async def _post(self, post: Post, where: Target, until: float, *, conservative: bool) -> Receipt:
        message = payload(post.page, conservative=conservative) | {
            "channel": where.target,
            "metadata": marked(post.key),
        }
        if where.thread:
            message["thread_ts"] = where.thread
        api = self._api
        try:
            async with asyncio.timeout_at(until):
                answer = await api.api_call("chat.postMessage", json=message)
            receipt = Receipt(_id(answer["ts"]), _id(answer["channel"]))
        except Exception as error:  # once it is sent, whatever goes wrong leaves open what became of it
            if not conservative and isinstance(error, SlackApiError) and reason(error) in BLOCKS_REFUSED:
                tell_of_refused_blocks(message, reason(error))
                return await self._post(post, where, until, conservative=True)
            raise self._noted(where, verdict(error)) from None
        self._remember(where, receipt.channel)
        return receipt

    def _noted(self, where: Target, error: DeliveryError) -> DeliveryError:
        """Holds back what Slack wants held back; a second channel at the same time means that it is the workspace."""
        if error.retry_after is None:
            return error
        if error.scope == "place" and self._turns.held_elsewhere(where.workspace, where.target):
            error.scope = "lane"
        self._turns.hold(where.workspace, where.target, error.scope, error.retry_after)
        return error

    async def _look(self, api: AsyncWebClient, post: Post, where: Target) -> Found | Absent | Unknown:
        self._ours = self._ours or await ourselves(api)
        channel = where.channel or (post.after.channel if post.after else "") or self._direct.get(where.person)
        if not channel:
            channel = await direct_channel(api, where.person)
            self._remember(where, channel)
        since = min(post.first, self._now()) - BEFORE
        return await look(api, channel, where.thread, post.key, since, self._ours)

    def _not_to_be_asked(self, where: Target, error: Exception) -> Unknown:
        """Returns why Slack cannot be asked; for a while it is not asked again what it takes another scope to ask."""
        if not isinstance(error, SlackApiError) or reason(error) != "missing_scope":
            return Unknown(f"Slack cannot be asked: {verdict(error).reason}")
        unknown = Unknown(f"Slack cannot be asked without the scope {_scope(where, error)}")
        self._unasked = self._unasked if len(self._unasked) < MOST else {}
        self._unasked[where.target] = (self._monotonic() + SCOPE_MAY_BE_GRANTED, unknown)
        return unknown

    def _remember(self, where: Target, channel: str) -> None:
        """Remembers the conversation with a person, which it takes a scope to ask for."""
        if where.person:
            self._direct = self._direct if len(self._direct) < MOST else {}
            self._direct[where.person] = channel
            self._unasked.pop(where.person, None)


def _scope(where: Target, error: SlackApiError) -> str:
    """Returns the scopes of those that would do, of which one is missing."""
    direct = where.person or where.channel.startswith("D")
    useful = ("im:write", "im:history") if direct else ("channels:history", "groups:history")
    return " or ".join([scope for scope in needed(error).split(",") if scope in useful] or useful)


def _id(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("Slack took a message and did not say as what")
    return value
