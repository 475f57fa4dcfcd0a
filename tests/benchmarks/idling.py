"""What the running program takes while nothing is due: each job of the clock, as often as it wants to run.

The share of a core is the CPU that one run of a job takes, by how many seconds lie between two, summed over the jobs;
to each run is added what the clock itself takes for one. Everything is real: the engine, the clock, the file with three
days of digests for each subscription, but for their pages. The platform answers at once: what it takes to ask it is no
matter of the store.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.clock import WATCHED, Clock
from bot.delivery.engine import LONGEST_WAIT, Engine
from bot.delivery.overdue import Alarm
from bot.delivery.rehearsing import Rehearsed
from bot.delivery.running import HOUR, MENDED, MINUTE
from bot.delivery.shelf import Shelf
from bot.operating.figures import Census
from bot.platforms.slack.render import BUDGET
from bot.store.opening import Store, open_store
from tests.benchmarks.bare import Bare, moment
from tests.benchmarks.curves import Point
from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.measuring import Side, alone, each, where
from tests.builders import curated
from tests.databases import Sqlite

NOW = datetime(2033, 6, 15, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ROUNDS = 3
WORKSPACES = 1_000

Job = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Idle:
    """Is the share of a core that is taken, in percent: of all, and by job; `health` are the seconds of a look at it."""

    share: Spread
    jobs: Mapping[str, float]
    where: tuple[tuple[str, float], ...]
    health: Spread


def figures() -> Iterator[Figure]:
    """Measures the share of a core, and a look at the health of the whole, which a heartbeat asks for each minute."""
    idle = measured(100_000)
    yield Figure(
        name="idle with 100,000 subscriptions, share of a core",
        must=0.1,
        stretch=None,
        bounds="product",
        unit="%",
        product=idle.share,
        where=idle.where,
        note=", ".join(f"{name} {share:.1g} %" for name, share in idle.jobs.items()),
    )
    yield Figure(
        name="a look at health with 100,000 subscriptions",
        must=None,
        stretch=None,
        bounds="product",
        unit="s",
        product=idle.health,
    )


def curves() -> Iterator[Point]:
    """Measures the share of a core, and a look at health, with more and more subscriptions."""
    for number in (100, 1_000, 10_000, 100_000):
        idle = measured(number)
        yield Point("idle by subscriptions", number, "share of a core", idle.share.median, "%")
        yield Point("a look at health by subscriptions", number, "CPU", idle.health.median, "s")


def measured(number: int) -> Idle:
    """Measures a program with so many subscriptions."""
    with TemporaryDirectory() as folder, asyncio.Runner() as runner:
        opened = open_store(_filled(Path(folder), number))
        store = runner.run(opened.__aenter__())
        by_clock = _by_clock(runner)
        spent = {name: (_spent(runner, job), seconds) for name, (job, seconds) in _jobs(store).items()}
        health = _spent(runner, lambda: Census(store, {"slack"}, lambda: NOW).figures())
        tick = _jobs(store)["tick"][0]
        rooms = where(each(lambda: runner.run(_done(tick))), 20)
        runner.run(opened.__aexit__(None, None, None))
    watching = by_clock / WATCHED
    shares = {name: (one.median + by_clock) / seconds for name, (one, seconds) in spent.items()}
    low, high = (
        sum((getattr(one, end) + by_clock) / seconds for one, seconds in spent.values()) for end in ("low", "high")
    )
    total = Spread(sum(shares.values()) + watching, low + watching, high + watching)
    return Idle(total.over(0.01), {name: 100 * share for name, share in shares.items()}, rooms, health)


def _jobs(store: Store) -> dict[str, tuple[Job, float]]:
    """Returns the jobs of a running program, and how many seconds lie between two runs of each."""
    now = NOW

    def later() -> datetime:
        nonlocal now
        now += timedelta(milliseconds=1)
        return now

    platform = Rehearsed("slack", BUDGET, lambda *_: None, later)
    engine = Engine(store, Shelf(store, curated), {"slack": platform}, later)
    alarm = Alarm(engine)

    async def tick() -> None:
        nonlocal now
        now += LONGEST_WAIT
        await engine.tick()

    return {
        "tick": (tick, LONGEST_WAIT.total_seconds()),
        "overdue": (alarm.look, MINUTE.total_seconds()),
        "mend": (engine.mend, MENDED.total_seconds()),
        "housekeeping": (engine.clean, HOUR.total_seconds()),
    }


async def _done(job: Job) -> None:
    await job()


def _spent(runner: asyncio.Runner, job: Job) -> Spread:
    """Returns the CPU seconds of one run of a job."""

    async def often(calls: int) -> None:
        for _ in range(calls):
            await job()

    return alone(Side(lambda calls: runner.run(often(calls))), ROUNDS)


def _by_clock(runner: asyncio.Runner) -> float:
    """Returns the CPU seconds that the clock takes for one run of a job, which does nothing."""

    async def often(calls: int) -> None:
        clock, left, done = Clock(), calls, asyncio.Event()

        async def job() -> datetime:
            nonlocal left
            left -= 1
            if left > 0:
                return datetime.now(UTC)
            done.set()
            return datetime.now(UTC) + HOUR

        clock.add("job", job, HOUR)
        running = asyncio.create_task(clock.run())
        await done.wait()
        await asyncio.sleep(0.01)  # or the last run of the job would be cancelled
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    return alone(Side(lambda calls: runner.run(often(calls))), ROUNDS).median


def _filled(folder: Path, number: int) -> str:
    """Makes a file with so many subscriptions, their digests of three days and what they have told."""
    url = Sqlite(folder).ready()
    bare = Bare(url)
    with bare.writing():
        for statement in _FILL:
            bare.many(
                statement,
                [{"number": number, "now": moment(NOW), "day": DAY // timedelta(microseconds=1), "homes": WORKSPACES}],
            )
    bare.close()
    return url


_FILL = (
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :number - 1) "
    "INSERT INTO subscription SELECT printf('S%06d', i), printf('slack:T%d/C%06d', i % :homes, i), 'AI', 'daily 09:00', "
    "'Europe/Berlin', 'U1', :now - 30 * :day, '{}', 'full', 21600, '', 'at_most_once', "
    "iif(i % 50, 'active', 'paused'), '', NULL, iif(i % 50, :now + 90 * :day + i, NULL), :now FROM n",
    "WITH d(d) AS (VALUES (1), (2), (3)) "
    "INSERT INTO slot SELECT id || '-' || d, id || '@' || d, 'scheduled', substr(place, 1, instr(place, '/') - 1), place, "
    ":now - d * :day, :now, id, '{}', 'sent', '', NULL, :now - d * :day, :now - d * :day FROM subscription, d",
    "INSERT INTO delivery SELECT id || '-1', id, 1, '{}', 'sent', 1, 0, due, due, NULL, due, '{}', '' FROM slot",
    "WITH c(c) AS (VALUES ('a'), ('b'), ('c'), ('d'), ('e')) "
    "INSERT INTO shown SELECT place, c, d.part, d.id, due FROM slot JOIN delivery AS d ON d.slot = slot.id, c "
    "WHERE slot.id LIKE '%-1'",
)
