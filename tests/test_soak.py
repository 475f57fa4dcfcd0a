"""The program left running: it takes no more memory, files, sockets, threads or tasks than at the beginning."""

import asyncio
import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.delivery.engine import Engine
from bot.publishing import Post, Receipt
from bot.store.opening import Store
from tests.crowd import Crowd
from tests.databases import Sqlite
from tests.every_core import SCALE
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import FakeSlack
from tests.killing import Outbox, account
from tests.made_platform import Platform
from tests.running import Bot, running, settings_for_both
from tests.stored import subscription
from tests.watching import HOUR, MIB, Taken, grown, slope, taken
from tests.world import START, World, knowing_of

HALF_AN_HOUR = 1_800 * SCALE
WARM = 600.0
"""Seconds after which pools, caches and memories of what came lately are as full as they get; a third of less time."""

WANTED = {"nothing": "say", "most": 2}
MOST_SLOPE = 1.0
"""MiB an hour."""


@dataclass
class Forgetful(Platform):
    """Takes messages, and keeps only how many."""

    taken: int = 0

    def _accept(self, post: Post) -> Receipt:
        self.taken += 1
        return Receipt(f"m{self.taken}")


def day(url: str, subscriptions: int, record: Callable[[str, object], None], name: str) -> int:
    """Lets a day pass in made time with hourly subscriptions, and returns how many digests were posted."""
    world = World(url, knowing_of("a", "b"))
    platform = Forgetful(world.now, lambda: world.seams)
    world.platform = platform
    first = world.now() + timedelta(minutes=30)
    made = [
        subscription(f"s{n}", f"slack:T{n % 5}/C{n}", schedule="30 * * * *", zone="UTC", wanted=WANTED, next_fire=first)
        for n in range(subscriptions)
    ]
    world.subscribe(*(replace(one, made_at=world.now()) for one in made))
    samples: list[Taken] = []

    async def look(store: Store, engine: Engine) -> None:
        await engine.clean()
        world.seams.start()
        platform.attempts.clear()
        gc.collect()
        samples.append(taken(os.getpid(), world.loop.time(), len(asyncio.all_tasks())))

    world.acts += [(hour * HOUR, look) for hour in range(1, 25)]
    world.live(hours=24.1)
    check(samples, record, name)
    return platform.taken


@pytest.mark.soak
def test_a_day_of_nothing_in_made_time_takes_nothing(
    on_sqlite: Sqlite, record_property: Callable[[str, object], None]
) -> None:
    assert day(on_sqlite.ready(), 0, record_property, "idle, made time") == 0


@pytest.mark.soak
def test_a_day_of_a_thousand_digests_an_hour_takes_nothing(
    on_sqlite: Sqlite, record_property: Callable[[str, object], None]
) -> None:
    number = round(1_000 * SCALE)
    posted = day(on_sqlite.ready(), number, record_property, f"{number} digests an hour, made time")
    assert posted == 24 * number


@pytest.mark.soak
def test_a_database_is_no_larger_after_half_a_year_than_what_is_kept_of_it(
    on_sqlite: Sqlite, record_property: Callable[[str, object], None]
) -> None:
    url = on_sqlite.ready()
    file, world = Path(url.removeprefix("sqlite:///")), World(url, knowing_of("a", "b"))
    world.longest_wait = timedelta(days=1)
    world.subscribe(*(subscription(f"s{n}", f"slack:T1/C{n}", made_at=START, next_fire=START) for n in range(4)))
    sizes: list[int] = []

    async def look(store: Store, engine: Engine) -> None:
        await engine.clean()
        sizes.append(file.stat().st_size)

    world.acts += [(number * 24 * HOUR, look) for number in range(1, 181)]
    world.live(hours=180.5 * 24)
    full = sizes[100]
    record_property("database after 100 and 180 days, KiB", (full // 1024, sizes[-1] // 1024))
    assert sizes[-1] <= full * 1.1


@contextmanager
def soaking(folder: Path, url: str) -> Iterator[tuple[Bot, FakeSlack, FakeDiscord, Path]]:
    """Runs the real program on both platforms, and gives the file in which it tells what it has."""
    folder.mkdir()
    counted = folder / "counted"
    with FakeSlack() as slack, FakeDiscord() as discord:
        slack.frugal = discord.limits.of_routes = False
        settings = settings_for_both(slack, discord, folder, DATABASE_URL=url, COUNTED=str(counted))
        with running("-m", "tests.counted", "run", **settings) as bot:
            bot.until(lambda: slack.connections >= 2 and discord.connections == 1 and counted.exists())
            yield bot, slack, discord, counted


def watched(seconds: float, *bots: tuple[Bot, Path]) -> list[list[Taken]]:
    """Returns what each process had, a few hundred times in so many seconds."""
    began, every = time.monotonic(), seconds / 300
    samples: list[list[Taken]] = [[] for _ in bots]
    while (at := time.monotonic() - began) < seconds:
        for (bot, counted), of_it in zip(bots, samples, strict=True):
            assert bot.process.poll() is None, bot.log[-5:]
            while not (told := counted.read_text().split()):
                time.sleep(0.01)  # it is being written
            of_it.append(taken(bot.process.pid, at, *map(int, told)))
        time.sleep(every)
    return samples


def check(
    samples: list[Taken], record: Callable[[str, object], None], name: str, by_chance: int = 0, *, busy: bool = False
) -> None:
    """Checks that nothing grew after the beginning; under load a few are in use `by_chance`: what a burst connects stays.

    Of a busy process only what is in use counts: the gaps between go on growing for longer than is watched.
    """
    begin = min(WARM, samples[-1].at / 3)
    warm = [one for one in samples if one.at >= begin]
    rise, used = slope(warm, lambda one: one.memory / MIB), slope(warm, lambda one: one.in_use / MIB)
    last = samples[-1]
    in_use = f", {used:+.2f} of it in use" if last.in_use else ""
    record(
        f"{name}, {last.at / 60:.0f} min",
        f"{rise:+.2f} MiB/h at {last.memory / MIB:.0f} MiB{in_use}; {last.files} files, {last.sockets} sockets, "
        f"{last.threads} threads, {last.tasks} tasks",
    )
    kinds: dict[str, Callable[[Taken], int]] = {
        "files": lambda one: one.files,
        "sockets": lambda one: one.sockets,
        "threads": lambda one: one.threads,
        "tasks": lambda one: one.tasks,
    }
    assert {kind: more for kind, what in kinds.items() if (more := grown(warm, what)) > by_chance} == {}
    if last.at > HOUR / 6:  # in less a few pages are a slope
        assert (used if busy else rise) < MOST_SLOPE


@pytest.mark.soak(minutes=31)
def test_half_an_hour_idle_or_of_ten_commands_a_second_takes_nothing(
    tmp_path: Path, on_sqlite: Sqlite, record_property: Callable[[str, object], None]
) -> None:
    url = on_sqlite.ready()
    with ExitStack() as stack:
        idle, _, _, of_its_own = stack.enter_context(soaking(tmp_path / "idle", on_sqlite.ready()))
        bot, slack, discord, counted = stack.enter_context(soaking(tmp_path / "busy", url))
        outbox, crowd = Outbox(url, slack, discord), Crowd(slack, discord, rate=10)
        digests = round(HALF_AN_HOUR / 8)
        outbox.fill(digests, digests, a_channel=20, over=HALF_AN_HOUR)
        with crowd.asking():
            of_idle, of_busy = watched(HALF_AN_HOUR, (idle, of_its_own), (bot, counted))
        assert (idle.end(), bot.end()) == (0, 0)
        told, found = crowd.told(), account(outbox)
        objections = slack.objections + discord.objections
    record_property("asked", str(told))
    check(of_idle, record_property, "idle")
    check(of_busy, record_property, "ten commands a second", 10, busy=True)
    assert [(one.unsent, one.unanswered, one.twice) for one in told] == [(0, 0, 0)] * 2
    assert all(one.sent > 4 * HALF_AN_HOUR for one in told)
    assert (found.lost, found.doubled, found.disordered, found.uncertain) == ([], [], [], [])
    assert objections == []
