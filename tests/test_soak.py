"""The program left running: it takes no more memory, files, sockets, threads or tasks than at the beginning."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.crowd import Crowd
from tests.databases import Sqlite
from tests.every_core import SCALE
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import FakeSlack
from tests.killing import Outbox, account
from tests.running import Bot, on_both, running
from tests.watching import MIB, Taken, grown, slope, taken

HALF_AN_HOUR = 1_800 * SCALE
WARM = 1 / 3
"""The share of the time after which pools, caches and memories of what came lately are as full as they get."""

HOUR = 3_600.0
MOST_SLOPE = 1.0
"""MiB an hour."""


@contextmanager
def soaking(folder: Path, url: str) -> Iterator[tuple[Bot, FakeSlack, FakeDiscord, Path]]:
    """Runs the real program on both platforms, and gives the file in which it tells its tasks."""
    tasks = folder / "tasks"
    with FakeSlack() as slack, FakeDiscord() as discord:
        slack.frugal = discord.limits.of_routes = False
        settings = on_both(slack, discord, folder, DATABASE_URL=url, TASKS=str(tasks))
        with running("-m", "tests.counted", "run", **settings) as bot:
            bot.until(lambda: slack.connections >= 2 and discord.connections == 1 and tasks.exists())
            yield bot, slack, discord, tasks


def watched(bot: Bot, tasks: Path, seconds: float) -> list[Taken]:
    """Returns what the process had, a few hundred times in so many seconds."""
    began, samples = time.monotonic(), []
    every = seconds / 300
    while (at := time.monotonic() - began) < seconds:
        assert bot.process.poll() is None, bot.log[-5:]
        samples.append(taken(bot.process.pid, at, int(tasks.read_text() or 0)))
        time.sleep(every)
    return samples


def check(samples: list[Taken], record: Callable[[str, object], None], name: str, slack_of_load: int) -> None:
    """Checks that nothing grew after the beginning; under load a few are in use by chance."""
    warm = samples[int(len(samples) * WARM) :]
    rise = slope([(one.at / HOUR, one.memory / MIB) for one in warm])
    last = samples[-1]
    record(
        f"{name}, {last.at / 60:.0f} min",
        f"{rise:+.2f} MiB/h at {last.memory / MIB:.0f} MiB; {last.files} files, {last.sockets} sockets, "
        f"{last.threads} threads, {last.tasks} tasks",
    )
    kinds: dict[str, Callable[[Taken], int]] = {
        "files": lambda one: one.files,
        "sockets": lambda one: one.sockets,
        "threads": lambda one: one.threads,
        "tasks": lambda one: one.tasks,
    }
    assert {kind: more for kind, what in kinds.items() if (more := grown(warm, what)) > slack_of_load} == {}
    if last.at >= HALF_AN_HOUR / SCALE / 3:  # in less a single page is a slope
        assert rise < MOST_SLOPE


@pytest.mark.long
def test_half_an_hour_of_nothing_takes_nothing(
    tmp_path: Path, on_sqlite: Sqlite, record_property: Callable[[str, object], None]
) -> None:
    with soaking(tmp_path, on_sqlite.ready()) as (bot, slack, discord, tasks):
        check(watched(bot, tasks, HALF_AN_HOUR), record_property, "idle", 0)
        assert bot.end() == 0
        assert slack.objections == discord.objections == []


@pytest.mark.long
def test_half_an_hour_of_ten_commands_a_second_takes_nothing(
    tmp_path: Path, on_sqlite: Sqlite, record_property: Callable[[str, object], None]
) -> None:
    url = on_sqlite.ready()
    with ExitStack() as stack:
        bot, slack, discord, tasks = stack.enter_context(soaking(tmp_path, url))
        outbox, crowd = Outbox(url, slack, discord), Crowd(slack, discord, rate=10)
        digests = round(HALF_AN_HOUR / 8)
        outbox.fill(digests, digests, a_channel=20, over=HALF_AN_HOUR)
        with crowd.asking():
            samples = watched(bot, tasks, HALF_AN_HOUR)
        assert bot.end() == 0
        for told in crowd.told():
            assert (told.unsent, told.unanswered, told.twice) == (0, 0, 0)
            assert told.sent > 4 * HALF_AN_HOUR
        found = account(outbox)
        assert (found.lost, found.doubled, found.disordered, found.uncertain) == ([], [], [], [])
        assert slack.objections == discord.objections == []
    check(samples, record_property, "ten commands a second", 5)
