"""Who posts: we, as the delivery engine does it, and the SDK of a platform, both the same page to the same server."""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar, cast

import aiohttp
import discord
from slack_sdk.web.async_client import AsyncWebClient

from bot.delivering import utc_now
from bot.delivery.grip import Grip
from bot.delivery.sending import Sending
from bot.platforms.discord import render as discord_render
from bot.platforms.discord.client import point_at
from bot.platforms.discord.pacing import RATE, Pacing
from bot.platforms.discord.publishing import DiscordPublisher
from bot.platforms.slack import render as slack_render
from bot.platforms.slack.publishing import SlackPublisher
from bot.publishing import Publisher
from bot.store.opening import Store
from bot.store.values import Delivery, Hold, Slot, Work
from briefings.digest import digest_briefing
from briefings.document import Document
from briefings.paginate import Budget, paginate
from tests.builders import curated, edition, imprint, selected
from tests.discord_views import view_of

HOUR = timedelta(hours=1)
SHORT = 1e-6
T = TypeVar("T")
Post = Callable[[int], Coroutine[None, None, None]]
"""Posts so many messages."""


def page(budget: Budget) -> Document:
    """Returns the first page of a digest of what we know."""
    return paginate(digest_briefing(edition(curated()), imprint(), selected(curated())), budget)[0]


SLACK_PAGE, DISCORD_PAGE = page(slack_render.BUDGET), page(discord_render.BUDGET)


class Clock:
    """Is a monotonic clock for whom limits of rate are not to hold up: each look at it is `step` seconds later."""

    def __init__(self, step: float = 0.0) -> None:
        self._seconds = 1_000.0
        self._step = step

    def now(self) -> float:
        self._seconds += self._step
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        """Waits as short as a timer can, and is later by as much as was to be waited."""
        self._seconds += seconds
        await asyncio.sleep(SHORT)


class Unwritten(Sending):
    """Sends as the engine does, and does not write down what came of it: that is the store's time."""

    async def _record(self, write: Callable[[], Awaitable[T]]) -> T:
        return cast("T", None)


@asynccontextmanager
async def slack_product(token: str, api_url: str, places: list[str]) -> AsyncIterator[Post]:
    """Gives our way of posting on Slack."""
    clock = Clock()
    publisher = SlackPublisher(token, api_url, monotonic=clock.now, sleep=clock.sleep)
    async with publisher.opened():
        yield _posting(publisher, SLACK_PAGE, places)


@asynccontextmanager
async def slack_floor(token: str, api_url: str, places: list[str]) -> AsyncIterator[Post]:
    """Gives the SDK's way of posting on Slack, over one session for all."""
    ready, channels = slack_render.payload(SLACK_PAGE), itertools.cycle(map(_room, places))
    metadata = {"event_type": "digest", "event_payload": {"delivery": "0123456789ABCDEF-1"}}
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token, api_url, session=session)
        yield _each(lambda: client.chat_postMessage(channel=next(channels), metadata=metadata, **ready))


@asynccontextmanager
async def discord_product(token: str, api_url: str, places: list[str]) -> AsyncIterator[Post]:
    """Gives our way of posting on Discord."""
    clock = Clock(step=1 / RATE)
    pacing = Pacing(api_url, clock.now)
    publisher = DiscordPublisher(token, api_url, pacing, utc_now, clock.now)
    async with publisher.opened():
        yield _posting(publisher, DISCORD_PAGE, places)


@asynccontextmanager
async def discord_floor(token: str, api_url: str, places: list[str]) -> AsyncIterator[Post]:
    """Gives the SDK's way of posting on Discord."""
    point_at(api_url)
    view, none = view_of(discord_render.components(DISCORD_PAGE)), discord.AllowedMentions.none()
    async with discord.Client(intents=discord.Intents.none(), max_messages=None) as client:
        await client.login(token)
        channels = itertools.cycle([client.get_partial_messageable(int(place)) for place in map(_room, places)])
        yield _each(lambda: next(channels).send(view=view, allowed_mentions=none, suppress_embeds=True))


def _room(place: str) -> str:
    return place.rpartition("/")[2]


def _each(send: Callable[[], Awaitable[object]]) -> Post:
    async def post(number: int) -> None:
        for _ in range(number):
            await send()

    return post


def _posting(publisher: Publisher, page: Document, places: list[str]) -> Post:
    sender, works = Sender(publisher, page), itertools.cycle([work(place) for place in places])

    async def post(number: int) -> None:
        for one in itertools.islice(works, number):
            await asyncio.create_task(sender.send(one))  # as a lane does

    return post


class Sender:
    """Posts digests of one page, as the engine does."""

    def __init__(self, publisher: Publisher, page: Document) -> None:
        store = cast("Store", None)  # nothing is written down
        hold, lease = Hold("lane", "owner", 1), HOUR.total_seconds()
        self.grip = Grip(store, hold, utc_now() + HOUR, utc_now, publisher.at_once, lease=lease)
        self._publisher = publisher
        self._page = page
        self._sending = Unwritten(store, publisher, self.grip, "", utc_now)

    async def send(self, one: Work) -> None:
        """Posts a digest when its turn comes."""
        if await self.grip.turn(self._publisher, one.slot.place):
            await self._sending.send(one, one.deliveries[0], None, [self._page])
        if not self.grip.is_free(one.slot.place):
            sys.exit("a post was not taken")


def work(place: str) -> Work:
    """Returns a digest of one part that is ready to be sent to a place."""
    now = utc_now()
    slot = Slot(place, "scheduled", "lane", place, now, now + HOUR)
    return Work(slot, (Delivery(f"{slot.id}-1", slot.id, 1, {}, "sending", 1, 0, now, now),))
