"""People on both platforms who ask all the time, at a steady pace, and what became of each of their questions."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from tests.fakes import discord as fake_discord
from tests.fakes import slack as fake_slack
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_people import new_user

PEOPLE = 40
"""On each platform; somebody who asks more than once a second is turned away."""

QUESTIONS: tuple[tuple[str, dict[str, str]], ...] = (
    ("company", {"name": "zephyr"}),
    ("changes", {}),
    ("company", {"name": "zephir"}),
    ("companies", {}),
    ("search", {"words": "flights"}),
    ("help", {}),
)
PATIENCE = 30.0


@dataclass(frozen=True)
class Told:
    """Is what became of the questions of a platform.

    `unsent` are those that it could hand to nobody, `late` those that it had given up when the app wanted to answer.
    """

    sent: int
    unsent: int
    late: int
    unanswered: int
    twice: int


class Crowd:
    """Asks so many questions a second, by turns on Slack and on Discord, while its context lasts."""

    def __init__(self, slack: FakeSlack, discord: FakeDiscord, rate: float) -> None:
        self._slack, self._discord, self._rate = slack, discord, rate
        on_slack = [new_user() for _ in range(PEOPLE)]
        channel = slack.do(slack.channel("square", on_slack))
        on_discord = [discord.user(f"person {n}") for n in range(PEOPLE)]
        guilds = [discord.do(discord.guild("square", on_discord)) for _ in range(4)]  # on every shard
        rooms = [discord.do(discord.channel(guild, "square")) for guild in guilds]
        self._on_slack = zip(cycle(on_slack), cycle([channel]), strict=False)
        self._on_discord = zip(cycle(on_discord), cycle(rooms), strict=False)
        self.on_slack: list[Future[fake_slack.Asked]] = []
        self.on_discord: list[Future[fake_discord.Asked]] = []
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Asks until the context ends, and waits for the last answers."""
        self._thread.start()
        try:
            yield
        finally:
            self._enough.set()
            self._thread.join()
            self.told()

    def _go_on(self) -> None:
        began, number = time.monotonic(), 0
        while not self._enough.wait(max(0.0, began + number / self._rate - time.monotonic())):
            name, arguments = QUESTIONS[number // 2 % len(QUESTIONS)]
            (self._ask_discord if number % 2 else self._ask_slack)(name, arguments)
            number += 1

    def _ask_slack(self, name: str, arguments: dict[str, str]) -> None:
        user, channel = next(self._on_slack)
        asking = self._slack.command(user, channel, f"/{name}", " ".join(arguments.values()))
        self.on_slack.append(self._slack.begin(asking))

    def _ask_discord(self, name: str, arguments: dict[str, str]) -> None:
        user, channel = next(self._on_discord)
        self.on_discord.append(self._discord.begin(self._discord.command(user, channel, name, arguments)))

    def told(self) -> tuple[Told, Told]:
        """Returns what became of what was asked on Slack and on Discord."""
        return (
            _told([one.result(PATIENCE) for one in self.on_slack]),
            _told([one.result(PATIENCE) for one in self.on_discord]),
        )


def _told(asked: list[Any]) -> Told:
    delivered = [one for one in asked if one.delivered]
    numbers = [len(one.messages()) for one in delivered if not getattr(one, "too_late", False)]
    return Told(
        len(asked),
        len(asked) - len(delivered),
        len(delivered) - len(numbers),
        numbers.count(0),
        sum(number > 1 for number in numbers),
    )
