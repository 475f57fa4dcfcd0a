"""Files to knowledge: at the start, and anew under a running event loop, beside what YAML and threads cost alone."""

import asyncio
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from bot.knowledge_folder import KnowledgeFolder
from tests.benchmarks import made_knowledge
from tests.benchmarks.curves import Point
from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.measuring import Side, each, in_turn, where

SIZES = (100, 1000, 10_000, 100_000)
TICK = 0.001  # seconds between two looks of the loop at the clock


def figures() -> Iterator[Figure]:
    """Yields what it costs to be ready from the file, and how long the loop waits while the file is taken up anew."""
    for claims, power, must, reference, rounds in ((1000, 3, 0.6, None, 9), (10_000, 4, 2.5, 0.56, 3)):
        with _folder(claims) as folder:
            product, floor, ratio = in_turn(*ready(folder), rounds=rounds)
            name = f"ready from the file, 10^{power} claims"
            shares = where(each(lambda: KnowledgeFolder(folder)), 1)
            told = product, "yaml's C loader", floor, ratio, shares
            yield Figure(name, must, None, "product", "s", *told, reference=reference)
    with _folder(10_000) as folder:
        lag, floor = Spread.of(reload_lags(folder, 5)), Spread.of(counting_lags(5))
        yield Figure(
            "worst lag of the loop in a reload, 10^4 claims",
            0.05,
            0.02,
            "product",
            "s",
            lag,
            "a thread that counts",
            floor,
        )


def curves() -> Iterator[Point]:
    """Yields how loading grows with the names, of which there are as many as claims."""
    for size in SIZES:
        with _folder(size) as folder:
            product, floor, _ = in_turn(*ready(folder), rounds=1)
            yield Point("ready from the file by names", size, "product", product.median, "s")
            yield Point("ready from the file by names", size, "yaml's C loader", floor.median, "s")
            lag = Spread.of(reload_lags(folder, 3 if size < 100_000 else 1))
            yield Point("worst lag of the loop in a reload by names", size, "product", lag.median, "s")
            yield Point("memory by names", size, "product", memory(folder), "B")


def ready(folder: Path) -> tuple[Side, Side]:
    """Returns the start from a folder, indexed; the floor makes dicts and lists of the same bytes, unchecked.

    Both do it without the cyclic garbage collector, as the product does by itself.
    """
    return Side(each(lambda: KnowledgeFolder(folder))), Side(each(lambda: _plain(folder)))


def _plain(folder: Path) -> list[Any]:
    gc.disable()
    try:
        return [yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader) for path in folder.glob("*.yaml")]
    finally:
        gc.enable()


def reload_lags(folder: Path, reloads: int) -> list[float]:
    """Returns the worst lag of the loop in each of some reloads, in CPU seconds of the process."""
    taken_up = KnowledgeFolder(folder)

    async def reload() -> None:
        os.utime(next(folder.glob("*.yaml")), ns=(time.time_ns(), time.time_ns()))
        await taken_up.refresh()

    return [asyncio.run(_worst_lag(reload)) for _ in range(reloads)]


def counting_lags(rounds: int) -> list[float]:
    """Returns the worst lag of the loop beside a thread that counts for half a second: what taking turns costs."""

    async def count() -> None:
        await asyncio.to_thread(lambda: sum(1 for _ in range(5_000_000)))

    return [asyncio.run(_worst_lag(count)) for _ in range(rounds)]


async def _worst_lag(work: Callable[[], Awaitable[None]]) -> float:
    """Returns how much later than asked for the loop came to a tick, at worst.

    It is told in CPU seconds of the process, so that what others do on the machine does not count.
    """
    worst = 0.0

    async def tick() -> None:
        nonlocal worst
        while True:
            before = time.process_time()
            await asyncio.sleep(TICK)
            worst = max(worst, time.process_time() - before - TICK)

    ticking = asyncio.create_task(tick())
    await work()
    await asyncio.sleep(0.2)  # what is left behind is freed
    ticking.cancel()
    return worst


def memory(folder: Path) -> float:
    """Returns by how many bytes a fresh process grows that takes a folder up."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.loading", folder], stdout=subprocess.PIPE, text=True, check=True
    )
    return float(run.stdout)


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def _folder(size: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield made_knowledge.written(Path(folder) / "knowledge", size)


def main(folder: Path) -> None:
    """Prints by how many bytes this process grows with a folder."""
    before = _resident()
    taken_up = KnowledgeFolder(folder)
    print(_resident() - before)
    del taken_up


if __name__ == "__main__":
    main(Path(sys.argv[1]))
