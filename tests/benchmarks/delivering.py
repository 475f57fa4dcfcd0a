"""The engine as a whole, from what is due to what is posted, on a platform that takes no time.

Slots are kept, digests composed from the curated knowledge, intents and results written down; ten
workspaces are worked through at one time. Only platforms and their limits of rate are missing.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context

from bot.delivery.engine import Engine
from bot.delivery.rehearsing import Rehearsed
from bot.delivery.shelf import Shelf
from bot.platforms.slack.render import BUDGET
from bot.publishing import Post
from bot.store import ledger, upkeep
from bot.store.opening import Store, open_store
from bot.store.values import ClaimRevision
from tests.benchmarks.bare import Bare, engines, moment
from tests.benchmarks.bare import Engine as Kind
from tests.benchmarks.curves import Point
from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.filled import DAY, HOUR, NOW, Filled
from tests.builders import curated

FRESH = 5
ROUNDS = 3
START = timedelta(seconds=20)
"""Within which several processes are up."""


def figures() -> Iterator[Figure]:
    """Measures the whole way of a digest, of five hundred that are due at once."""
    with engines() as found, asyncio.Runner() as runner:
        lives = [runner.run(_lived(found[0], 1_000, 500)) for _ in range(ROUNDS)]
    yield Figure(
        name="due → posted, the whole engine on SQLite, 500 at once, a platform that takes no time",
        must=None,
        stretch=None,
        bounds="product",
        unit="s",
        product=Spread.of([one.cpu / 500 for one in lives]),
    )


def curves() -> Iterator[Point]:
    """Measures how late digests are, what one costs, how large the file becomes, and what more processes bring."""
    with engines() as found, asyncio.Runner() as runner:
        for number in (100, 1_000, 10_000, 100_000):
            life = runner.run(_lived(found[0], number, 1))
            yield Point("lateness of the only digest due by subscriptions", number, "SQLite", life.late[0], "s")
        for due in (10, 100, 1_000, 10_000):
            life = runner.run(_lived(found[0], due, due))
            yield Point("lateness by digests due at once", due, "the first", life.late[0], "s")
            yield Point("lateness by digests due at once", due, "the last", life.late[-1], "s")
            yield Point("CPU from due to posted by digests due at once", due, "a digest", life.cpu / due, "s")
            yield Point("size of the file by digests posted", due, "SQLite", life.size, "B")
        for kind in found[1:]:
            for replicas in (1, 2, 3, 4):
                yield from _replicated(kind, replicas, 1_000)


@dataclass
class Life:
    """Is what came of digests that were due at once: how late each was, and CPU seconds; `size` is of the database."""

    late: list[float] = field(default_factory=list)
    cpu: float = 0.0
    size: int = 0


async def _lived(kind: Kind, number: int, due: int) -> Life:
    """Lets a program with so many subscriptions live until all that is due is posted."""
    filled, life = Filled.made(kind, number), Life()
    _make_due(filled.bare, due, NOW)
    async with open_store(filled.url) as store:
        begun = time.monotonic()
        engine = await _engine(store, life, lambda: NOW + timedelta(seconds=time.monotonic() - begun))
        begun, spent = time.monotonic(), time.process_time()
        await engine.tick()
        await engine.finish()
        life.cpu = time.process_time() - spent
    [[pages]], [[size]] = filled.bare.rows("PRAGMA page_count"), filled.bare.rows("PRAGMA page_size")
    life.size = pages * size
    filled.bare.close()
    assert len(life.late) >= due  # a digest may have several parts
    return life


def _make_due(bare: Bare, due: int, at: datetime) -> None:
    first = f"SELECT id FROM subscription ORDER BY id LIMIT {due}"
    with bare.writing():
        bare.many(f"UPDATE subscription SET next_fire = ? WHERE id IN ({first})", [(moment(at),)])


async def _engine(store: Store, life: Life, now: Callable[[], datetime]) -> Engine:
    """Returns an engine that has seen all claims long ago, but for a few; it notes how late what it posts is."""
    claims = [ClaimRevision(one.id, one.revision) for one in curated().claims.values()]
    await ledger.take_up(store, claims[FRESH:], NOW - 99 * DAY)
    await ledger.take_up(store, claims[:FRESH], NOW - HOUR)
    shelf = Shelf(store, curated)
    await shelf.refresh(NOW)

    def show(at: datetime, _: Post) -> None:
        life.late.append((at - NOW).total_seconds())

    return Engine(store, shelf, {"slack": Rehearsed("slack", BUDGET, show, now)}, now, linger=0.0)


def _replicated(kind: Kind, replicas: int, due: int) -> Iterator[Point]:
    """Measures several processes that share a database and what is due; they start before it is."""
    filled, start = Filled.made(kind, due), datetime.now(UTC) + START
    _make_due(filled.bare, due, NOW)
    with ProcessPoolExecutor(replicas, get_context("spawn")) as pool:
        lives = list(pool.map(partial(_replica, filled.url, start), [due] * replicas))
    filled.bare.close()
    late = sorted(one for life in lives for one in life.late)
    assert len(late) >= due
    yield Point("lateness of 1,000 digests due at once by replicas", replicas, "the first", late[0], "s")
    yield Point("lateness of 1,000 digests due at once by replicas", replicas, "the last", late[-1], "s")
    yield Point("CPU of a digest by replicas", replicas, "all together", sum(life.cpu for life in lives) / due, "s")


def _replica(url: str, start: datetime, due: int) -> Life:
    return asyncio.run(_shared(url, start, due))


async def _shared(url: str, start: datetime, due: int) -> Life:
    """Lives with others from `start` on, which is taken for when all is due, until that is posted."""
    life = Life()
    async with open_store(url) as store:
        engine = await _engine(store, life, lambda: NOW + (datetime.now(UTC) - start))
        await asyncio.sleep((start - datetime.now(UTC)).total_seconds())
        spent = time.process_time()
        while (await upkeep.counts(store, NOW)).slots.get("sent", 0) < due:
            await engine.tick()
            await engine.finish()
        life.cpu = time.process_time() - spent
    return life
