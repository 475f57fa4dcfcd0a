"""A server under test, in a process of its own, whose CPU is the clock of its side, and whoever asks it."""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.benchmarks.curves import Point
from tests.benchmarks.figures import Figure
from tests.benchmarks.measuring import Side, in_turn

IN_FLIGHT = 8
"""Questions at a time while ratios are measured; the curves show one to many."""

CURVE = (1, 4, 16, 64, 240)
"""Questions at a time of which a curve has a point; from 256 on the product turns people away."""

FEWEST, EACH = 300, 6
"""Questions for a point of a curve, and those that each of many asks."""

SHORTEST = 0.1
"""Seconds of CPU of one round of a server."""

PROFILED = 300
START = 60.0


class Took(NamedTuple):
    """Is how many seconds it took until a question was acknowledged, and until its answer was there."""

    acknowledged: float
    answered: float


Ask = Callable[[], Awaitable[Took]]
Do = Callable[[Coroutine[Any, Any, list[Took]]], list[Took]]


class Served:
    """Is the process of a server."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._clock = ~process.pid << 3 | 2  # as clock_getcpuclockid(3) has it: all threads, in nanoseconds

    def cpu(self) -> float:
        """Returns the seconds of CPU that it has taken."""
        return time.clock_gettime(self._clock)

    def said(self) -> str:
        """Returns the next line that it says.

        Raises:
            RuntimeError: it has ended.
        """
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"the server ended with status {self._process.wait()}")
        return line.strip()

    def tell(self, word: str) -> None:
        """Tells it something, see `serving_child`."""
        assert self._process.stdin
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()


@contextmanager
def served(module: str, way: str, told: Mapping[str, object]) -> Iterator[Served]:
    """Runs one of the servers of a module, see `serving_child`, with what it is told, and ends it with the context."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", way, json.dumps(told)]
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            yield Served(process)
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read().decode()[-3_000:])
            raise
        finally:
            process.kill()


@dataclass(frozen=True)
class Bench:
    """Is a server with whoever asks it: `ask` is done by `do`, and `latest` tells the answer that came last."""

    server: Served
    ask: Ask
    do: Do
    latest: Callable[[], bytes]

    @property
    def side(self) -> Side:
        """The side of the server in a measurement."""
        return Side(lambda calls: self.asked(calls, IN_FLIGHT), self.server.cpu)

    def asked(self, calls: int, in_flight: int = 1) -> list[Took]:
        """Asks so often, so many at a time, and returns how long each took."""
        return self.do(_asked(self.ask, calls, in_flight))

    def where(self, calls: int = PROFILED) -> tuple[tuple[str, float], ...]:
        """Returns in which rooms of the house and which libraries the server's time goes."""
        self.server.tell("profile")
        self.asked(calls, IN_FLIGHT)
        self.server.tell("tell")
        return tuple((room, share) for room, share in json.loads(self.server.said()))


async def _asked(ask: Ask, calls: int, in_flight: int) -> list[Took]:
    left, told = iter(range(calls)), list[Took]()

    async def some() -> None:
        for _ in left:
            told.append(await ask())

    await asyncio.gather(*(some() for _ in range(min(in_flight, calls))))
    return told


def same(product: Bench, floor: Bench) -> None:
    """Makes sure that both have answered the same.

    Raises:
        AssertionError: they have not.
    """
    if json.loads(product.latest()) != json.loads(floor.latest()):
        raise AssertionError(f"the answers differ: {product.latest()!r} and {floor.latest()!r}")


def cost(
    name: str, product: Bench, floor: Bench, floor_name: str, must: float | None = None, stretch: float | None = None
) -> Figure:
    """Returns what an answer costs the product and the floor."""
    of_product, of_floor, ratio = in_turn(product.side, floor.side, shortest=SHORTEST)
    return Figure(name, must, stretch, "ratio", "s", of_product, floor_name, of_floor, ratio, product.where())


def curve(way: str, product: Bench, floor: Bench, floor_name: str) -> Iterator[Point]:
    """Yields how many questions are answered a second, and how long an answer takes, by how many are asked at once."""
    for in_flight in CURVE:
        for series, bench in (("product", product), (floor_name, floor)):
            began = time.perf_counter()
            took = sorted(one.answered for one in bench.asked(max(FEWEST, EACH * in_flight), in_flight))
            rate = len(took) / (time.perf_counter() - began)
            yield Point(f"{way}: answers a second by questions in flight", in_flight, series, rate, "answers")
            for share, at in (("p50", statistics.median(took)), ("p99", took[int(0.99 * len(took))])):
                yield Point(
                    f"{way}: time to the answer by questions in flight", in_flight, f"{series} {share}", at, "s"
                )
