"""Digests by the thousand, posted by real processes that get killed, and what became of each of them."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from msgspec.structs import asdict
from sqlalchemy import func, select

from bot.places import lane_of
from bot.schedule import parse
from bot.store.opening import open_store
from bot.store.sql import chunks
from bot.store.tables import delivery, slot, subscription
from bot.store.values import Slot, Subscription
from tests.builders import CURATED
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_people import new_user

HISTORY = frozenset({"channels:history", "groups:history", "im:history"})
HANDED_BACK = 30.0
"""Seconds within which a process that is asked to end does so, on a busy machine; on an idle one it is ten."""


class Zygote:
    """Is the warmed process; gives processes that deliver, and tells how they ended."""

    def __init__(self, **settings: str) -> None:
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("BRIEFBOT_", "SLACK_", "DISCORD_"))}
        self.settings = {"BRIEFBOT_KNOWLEDGE": str(CURATED)} | settings
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.zygote"],
            env=kept | self.settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def fork(self) -> int:
        """Returns the id of a process that delivers."""
        return self._ask({"fork": self.settings})

    def kill(self, process: int) -> None:
        """Kills a process, whatever it is doing."""
        os.kill(process, signal.SIGKILL)
        self._ask({"reap": process})

    def end(self, process: int) -> int:
        """Asks a process to end, and returns its status."""
        os.kill(process, signal.SIGTERM)
        return self._ask({"reap": process})

    def close(self) -> None:
        """Ends the warmed process."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()

    def _ask(self, what: object) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@dataclass
class Outbox:
    """Holds many digests that are due, on channels of the fakes, and tells what became of them."""

    url: str
    slack: FakeSlack
    discord: FakeDiscord
    places: list[str] = field(default_factory=list)

    def fill(
        self, on_slack: int, on_discord: int, a_channel: int = 20, policy: str = "at_most_once", over: float = 0.0
    ) -> None:
        """Lets so many digests be due now, some on each channel, or one after the other `over` so many seconds."""
        people = [new_user(), self.discord.user("anna")]
        guild = self.discord.do(self.discord.guild("team", [people[1]]))
        for _ in range(-(-on_slack // a_channel)):
            self.places.append(f"slack:{self.slack.team_id}/{self.slack.do(self.slack.channel('news', [people[0]]))}")
        for _ in range(-(-on_discord // a_channel)):
            self.places.append(f"discord:{guild}/{self.discord.do(self.discord.channel(guild, 'news'))}")
        asyncio.run(self._fill(self.places, a_channel, policy, over))

    def due_together(self, guilds: Sequence[int], at: datetime) -> None:
        """Lets a digest be due on every channel of guilds of so many channels, at an instant."""
        anna = self.discord.user("anna")
        for channels in guilds:
            guild = self.discord.do(self.discord.guild("team", [anna]))
            rooms = [self.discord.do(self.discord.channel(guild, "news")) for _ in range(channels)]
            self.places += [f"discord:{guild}/{room}" for room in rooms]
        asyncio.run(self._subscribe(at))

    async def _subscribe(self, at: datetime) -> None:
        made = at - timedelta(days=1)
        schedule = f"daily {at:%H:%M}"
        rows = [
            asdict(
                Subscription(
                    f"S{n}", place, "Morning", schedule, "UTC", "", made, {"nothing": "say", "most": 2}, next_fire=at
                )
            )
            | {"changed_at": made}
            for n, place in enumerate(self.places)
        ]
        async with open_store(self.url, wait=60) as store, store.writing() as tx:
            for chunk in chunks(rows):
                await tx.execute(subscription.insert(), chunk)

    async def _fill(self, places: list[str], a_channel: int, policy: str, over: float) -> None:
        now = datetime.now(UTC) - timedelta(seconds=1)
        subscriptions, slots = [], []
        for number, place in enumerate(places):
            one = Subscription(
                f"S{number}", place, "Morning", "daily 09:00", "Asia/Shanghai", "", now - timedelta(days=1),
                {"nothing": "say", "most": 5}, policy=policy,  # type: ignore[arg-type]
                next_fire=parse("daily 09:00", "Asia/Shanghai").next(now),
            )  # fmt: skip
            subscriptions.append(asdict(one) | {"changed_at": now})
            for count in range(a_channel):
                due = now + timedelta(seconds=over * (count + number / len(places)) / a_channel)
                due -= timedelta(milliseconds=a_channel - count)
                new = Slot(f"now:{one.id}:{count}", "now", lane_of(place), place, due, now + timedelta(hours=5), one.id)
                slots.append(asdict(new) | {"id": new.id, "wake": due})
        async with open_store(self.url, wait=60) as store, store.writing() as tx:
            for table, rows in ((subscription, subscriptions), (slot, slots)):
                for chunk in chunks(rows):
                    await tx.execute(table.insert(), chunk)

    def states(self) -> Counter[str]:
        """Returns how many digests are in which state."""

        async def read() -> Counter[str]:
            async with open_store(self.url, wait=60) as store, store.reading() as tx:
                rows = await tx.execute(select(slot.c.state, func.count().label("number")).group_by(slot.c.state))
                return Counter({row.state: row.number for row in rows})

        return asyncio.run(read())

    def parts(self) -> dict[str, tuple[str, str, int]]:
        """Returns the place, the state and the attempts of each part."""

        async def read() -> dict[str, tuple[str, str, int]]:
            joined = select(delivery.c.id, slot.c.place, delivery.c.state, delivery.c.attempts).join(slot)
            async with open_store(self.url, wait=60) as store, store.reading() as tx:
                return {row.id: (row.place, row.state, row.attempts) for row in await tx.execute(joined)}

        return asyncio.run(read())

    def longest_pause(self) -> float:
        """Returns for how many seconds a lane with work posted nothing, at the longest."""

        async def read() -> list[tuple[str, datetime]]:
            ended = select(slot.c.lane, slot.c.ended_at).order_by(slot.c.lane, slot.c.ended_at)
            async with open_store(self.url, wait=60) as store, store.reading() as tx:
                return [(row.lane, row.ended_at) for row in await tx.execute(ended)]

        ends = asyncio.run(read())
        pauses = [(b - a).total_seconds() for (lane, a), (same, b) in pairwise(ends) if lane == same]
        return max(pauses, default=0.0)

    def wait_for_posts(self, seconds: float) -> None:
        """Waits until something more is posted, so that a process is killed at its work, and not always at its start."""
        end, before = time.monotonic() + seconds, len(self.slack.requests) + len(self.discord.requests)
        while len(self.slack.requests) + len(self.discord.requests) == before and time.monotonic() < end:
            time.sleep(0.01)

    def posted(self) -> dict[str, list[str]]:
        """Returns the parts that stand in each channel, in order."""
        found: dict[str, list[str]] = {}
        for place in self.places:
            channel = place.rpartition("/")[2]
            if place.startswith("slack:"):
                found[place] = self.slack.keys(channel)
            else:
                found[place] = [str(one.nonce) for one in self.discord.messages(channel)]
        return found


@dataclass(frozen=True)
class Account:
    """Is what became of all parts: those that no channel has, those that one has twice, those out of order.

    `attempts` are those a part, `resent` how many were beyond the first, `copies` how many messages are one too many.
    """

    lost: list[str]
    doubled: list[str]
    disordered: list[str]
    uncertain: list[str]
    attempts: float
    resent: int
    copies: int


def account(outbox: Outbox) -> Account:
    """Returns what became of everything that was due."""
    parts, posted = outbox.parts(), outbox.posted()
    times = Counter(key for keys in posted.values() for key in keys)
    disordered = []
    for place, keys in posted.items():
        last: dict[str, int] = {}
        for key in dict.fromkeys(keys):
            digest, _, part = key.rpartition("-")
            if int(part) < last.get(digest, 0):
                disordered.append(f"{place} {key}")
            last[digest] = int(part)
    return Account(
        lost=[key for key, (_, state, _) in parts.items() if not times[key] and state != "uncertain"],
        doubled=[key for key, number in times.items() if number > 1],
        disordered=disordered,
        uncertain=[key for key, (_, state, _) in parts.items() if state == "uncertain"],
        attempts=sum(attempts for _, _, attempts in parts.values()) / max(len(parts), 1),
        resent=sum(attempts - 1 for _, _, attempts in parts.values()),
        copies=sum(number - 1 for number in times.values()),
    )


def kill_at_random(
    zygote: Zygote,
    outbox: Outbox,
    kills: int,
    seed: int,
    longest: float,
    seconds: float,
    terms: float = 0.0,
) -> int:
    """Kills the delivering process again and again, lets the last one finish, and returns how often it killed.

    A share of `terms` of them is asked to end, which it does in time.
    """
    dice, killed, end = random.Random(seed), 0, time.monotonic() + seconds
    process = zygote.fork()
    try:
        while killed < kills:
            outbox.wait_for_posts(seconds=5)
            time.sleep(dice.uniform(0, longest))
            if dice.random() < terms:
                began = time.monotonic()
                assert zygote.end(process) == 0
                assert time.monotonic() - began < HANDED_BACK
            else:
                zygote.kill(process)
            killed += 1
            process = zygote.fork()
            if killed % 20 == 0 and not open_ones(outbox.states()):
                break
        while open_ones(outbox.states()):
            assert time.monotonic() < end, outbox.states()
            time.sleep(0.5)
    finally:
        assert zygote.end(process) == 0
    return killed


def kill_replicas(
    zygote: Zygote, outbox: Outbox, replicas: int, seed: int, seconds: float, every: float, frozen_for: float
) -> tuple[int, int]:
    """Lets processes share the work while one is killed or frozen now and then; returns how many of each.

    One is frozen for longer than its lease and a request, so that it wakes after another has taken over.
    """
    dice, killed, frozen = random.Random(seed), 0, 0
    alive = [zygote.fork() for _ in range(replicas)]
    asleep: dict[int, float] = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end and open_ones(outbox.states()):
        time.sleep(every)
        for process in [process for process, until in asleep.items() if time.monotonic() > until]:
            os.kill(process, signal.SIGCONT)
            del asleep[process]
        one = dice.choice([process for process in alive if process not in asleep])
        if dice.random() < 0.5 and len(asleep) < replicas - 2:
            os.kill(one, signal.SIGSTOP)
            asleep[one] = time.monotonic() + frozen_for
            frozen += 1
        else:
            zygote.kill(one)
            alive[alive.index(one)] = zygote.fork()
            killed += 1
    for process in asleep:
        os.kill(process, signal.SIGCONT)
    while open_ones(outbox.states()):
        assert time.monotonic() < end + 600, outbox.states()
        time.sleep(0.5)
    assert [zygote.end(process) for process in alive] == [0] * replicas
    return killed, frozen


def open_ones(states: Counter[str]) -> int:
    """Returns how many digests are not at their end."""
    return states["planned"] + states["sending"]


@contextmanager
def fakes(
    folder: Path, url: str, seed: int, patience: str = "20 12 12 300", **slack: frozenset[str]
) -> Iterator[tuple[Zygote, Outbox]]:
    """Gives a fake Slack and a fake Discord with faults, digests to be filled in, and what delivers them.

    `patience` is how many seconds a lease lasts, a request may take, it is waited until it is looked for one, and at the
    longest until it is tried again.
    """
    with FakeSlack(**slack) as workspace, FakeDiscord() as discord:
        workspace.frugal = True
        discord.limits.of_routes = False
        workspace.faults.randomly(seed, lost=0.02, reset=0.02, error=0.03, limited=0.03)
        discord.faults.randomly(seed, lost=0.02, reset=0.02, error=0.03, limited=0.03)
        settings = {
            "SLACK_BOT_TOKEN": workspace.bot_token, "SLACK_API_URL": workspace.api_url,
            "SLACK_SIGNING_SECRET": workspace.signing_secret, "DISCORD_BOT_TOKEN": discord.token,
            "DISCORD_API_URL": discord.api_url, "DATABASE_URL": url, "BRIEFBOT_DATA_DIR": str(folder),
            "LOG": str(folder / "log"), "PATIENCE": patience,
        }  # fmt: skip
        zygote = Zygote(**settings)
        try:
            yield zygote, Outbox(url, workspace, discord)
        finally:
            zygote.close()
