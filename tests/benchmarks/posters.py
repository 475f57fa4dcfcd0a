"""Who posts: we, as the delivery engine does it, and the SDK of a platform, both the same page to the same server."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

import aiohttp
import discord
from slack_sdk.web.async_client import AsyncWebClient

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
from briefings.document_json import to_values
from briefings.paginate import Budget, paginate
from tests.builders import curated, edition, imprint, selected

TOGETHER = 8
"""Posts under way at once: about as many as Discord's pace makes of an answer in 0.2 s."""

HOUR = timedelta(hours=1)
SHORT = 1e-6
T = TypeVar("T")
Post = Callable[[int], Awaitable[object]]
"""Posts so many messages."""


def page(budget: Budget) -> Document:
    """Returns the first page of a digest of what we know."""
    return paginate(digest_briefing(edition(curated()), imprint(), selected(curated())), budget)[0]


SLACK_PAGE, DISCORD_PAGE = page(slack_render.BUDGET), page(discord_render.BUDGET)


class Clock:
    """Is a monotonic clock that goes on only when somebody waits by it, and then by as much as they wanted to wait."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(SHORT)


class Unwritten(Sending):
    """Sends as the engine does, and does not write down what came of it: that is the store's time."""

    async def _record(self, write: Callable[[], Awaitable[T]]) -> T:  # noqa: ARG002
        return cast("T", None)


@asynccontextmanager
async def slack_product(token: str, api_url: str, places: list[str]) -> AsyncIterator[Post]:
    """Gives our way of posting on Slack."""
    clock = Clock()
    publisher = SlackPublisher(token, api_url, monotonic=clock.now, sleep=clock.sleep)
    async with publisher.opened():
        yield _posting(publisher, _parts(SLACK_PAGE, places))


@asynccontextmanager
async def slack_floor(token: str, api_url: str, places: list[str]) -> AsyncIterator[Post]:
    """Gives the SDK's way of posting on Slack, over one session for all."""
    ready, channels = slack_render.payload(SLACK_PAGE), itertools.cycle(map(_room, places))
    metadata = {"event_type": "digest", "event_payload": {"delivery": "0123456789ABCDEF-1"}}
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token, api_url, session=session)
        yield _together(lambda: client.chat_postMessage(channel=next(channels), metadata=metadata, **ready))


@asynccontextmanager
async def discord_product(token: str, api_url: str, places: list[str]) -> AsyncIterator[Post]:
    """Gives our way of posting on Discord."""
    clock = Clock()
    pacing = Pacing(api_url, clock.now)
    publisher = DiscordPublisher(token, api_url, pacing, lambda: datetime.now(UTC), clock.now)

    def paced() -> Iterator[Work]:
        for part in _parts(DISCORD_PAGE, places):
            clock.seconds += 2 / RATE
            yield part

    async with publisher.opened():
        yield _posting(publisher, paced())


@asynccontextmanager
async def discord_floor(token: str, api_url: str, places: list[str]) -> AsyncIterator[Post]:
    """Gives the SDK's way of posting on Discord."""
    point_at(api_url)
    view, none = discord_render.view(DISCORD_PAGE), discord.AllowedMentions.none()
    async with discord.Client(intents=discord.Intents.none(), max_messages=None) as client:
        await client.login(token)
        channels = itertools.cycle([client.get_partial_messageable(int(place)) for place in map(_room, places)])
        yield _together(lambda: next(channels).send(view=view, allowed_mentions=none, suppress_embeds=True))


def _room(place: str) -> str:
    return place.rpartition("/")[2]


def _together(send: Callable[[], Awaitable[object]]) -> Post:
    async def some(number: int) -> None:
        for _ in range(number):
            await send()

    async def post(number: int) -> None:
        shares = [number // TOGETHER + (hand < number % TOGETHER) for hand in range(TOGETHER)]
        await asyncio.gather(*map(some, shares))

    return post


def _posting(publisher: Publisher, parts: Iterator[Work]) -> Post:
    """Returns what posts parts as a lane does: each in its turn, several digests under way at once."""
    now = lambda: datetime.now(UTC)  # noqa: E731
    store = cast("Store", None)  # nothing is written down
    grip = Grip(store, Hold("lane", "owner", 1), now() + HOUR, now, lease=HOUR.total_seconds())
    sending = Unwritten(store, publisher, grip, "", now)

    async def go_on(work: Work) -> None:
        if await grip.turn(publisher, work.slot.place):
            await sending.send(work, work.deliveries[0], None)

    async def post(number: int) -> None:
        hands: set[asyncio.Task[None]] = set()
        for work in itertools.islice(parts, number):
            if len(hands) >= TOGETHER:
                _, hands = await asyncio.wait(hands, return_when=asyncio.FIRST_COMPLETED)
            hands.add(asyncio.create_task(go_on(work)))
        await asyncio.wait(hands)
        if grip.trouble.in_doubt:
            raise RuntimeError("a post was not taken")

    return post


def _parts(document: Document, places: list[str]) -> Iterator[Work]:
    """Yields parts that are ready to be sent, each of a digest of its own, place after place."""
    values: Any = to_values(document)
    for number, place in enumerate(itertools.cycle(places)):
        now = datetime.now(UTC)
        slot = Slot(str(number), "scheduled", "lane", place, now, now + HOUR)
        part = Delivery(f"{number:016}-1", slot.id, 1, values, "sending", 1, 0, now, now)
        yield Work(slot, (part,))
