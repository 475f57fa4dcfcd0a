"""Posts at the pace of the platforms, as a process of its own that trusts what SSL_CERT_FILE names."""

import asyncio
import itertools
import json
import sys
import time
from datetime import UTC, datetime

from bot.delivery.trouble import WIDEST
from bot.platforms.discord.pacing import Pacing
from bot.platforms.discord.publishing import DiscordPublisher
from bot.platforms.slack.publishing import SlackPublisher
from bot.publishing import Publisher
from tests.benchmarks.posters import DISCORD_PAGE, SLACK_PAGE, sender, work
from briefings.document import Document

QUICKER = 10.0
"""How many times as fast time goes by on Slack, whose pace is a tenth of Discord's."""


def _now() -> float:
    return time.monotonic() * QUICKER


async def _sleep(seconds: float) -> None:
    await asyncio.sleep(seconds / QUICKER)


async def main(platform: str, api_url: str, token: str, places: list[str], number: int) -> None:
    """Posts so many messages, as many under way as a lane has at most."""
    if platform == "Slack":
        await _post(SlackPublisher(token, api_url, monotonic=_now, sleep=_sleep), SLACK_PAGE, places, number)
    else:
        now = lambda: datetime.now(UTC)  # noqa: E731
        publisher = DiscordPublisher(token, api_url, Pacing(api_url), now, time.monotonic)
        await _post(publisher, DISCORD_PAGE, places, number)


async def _post(publisher: Publisher, page: Document, places: list[str], number: int) -> None:
    works = itertools.islice(itertools.cycle(map(work, places)), number)
    async with publisher.opened():
        send = sender(publisher, page)

        async def hand() -> None:
            for one in works:
                await send(one)

        await asyncio.gather(*(hand() for _ in range(WIDEST)))


if __name__ == "__main__":
    asyncio.run(main(*json.loads(sys.argv[1])))
