"""Posts at the pace of the platforms, as a process of its own that trusts what SSL_CERT_FILE names."""

import asyncio
import itertools
import json
import sys
import time

from bot.delivering import utc_now
from bot.platforms.discord.pacing import Pacing
from bot.platforms.discord.publishing import DiscordPublisher
from bot.platforms.slack.publishing import SlackPublisher
from bot.publishing import Publisher
from briefings.document import Document
from tests.benchmarks.posters import DISCORD_PAGE, SLACK_PAGE, Sender, work

QUICKER = 10.0
"""How many times as fast time goes by on Slack, whose pace is a tenth of Discord's."""

ANSWERED = {"Slack": 0.25 / QUICKER, "Discord": 0.15}
"""Seconds that an answer takes."""


def _now() -> float:
    return time.monotonic() * QUICKER


async def _sleep(seconds: float) -> None:
    await asyncio.sleep(seconds / QUICKER)


async def main(platform: str, api_url: str, token: str, places: list[str], number: int) -> None:
    """Posts so many messages, as many under way at once as a lane has."""
    if platform == "Slack":
        await _post(SlackPublisher(token, api_url, monotonic=_now, sleep=_sleep), SLACK_PAGE, places, number)
    else:
        publisher = DiscordPublisher(token, api_url, Pacing(api_url), utc_now, time.monotonic)
        await _post(publisher, DISCORD_PAGE, places, number)


async def _post(publisher: Publisher, page: Document, places: list[str], number: int) -> None:
    sender, hands = Sender(publisher, page), set[asyncio.Task[None]]()
    async with publisher.opened():
        for place in itertools.islice(itertools.cycle(places), number):
            while len(hands) >= sender.grip.trouble.width:
                _, hands = await asyncio.wait(hands, return_when=asyncio.FIRST_COMPLETED)
            hands.add(asyncio.create_task(sender.send(work(place))))
        await asyncio.wait(hands)


if __name__ == "__main__":
    asyncio.run(main(*json.loads(sys.argv[1])))
