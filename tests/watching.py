"""What a process takes of its machine over time, read from outside."""

import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

MIB = 2**20
HOUR = 3_600.0


@dataclass(frozen=True)
class Taken:
    """Is what a process has at a moment: bytes of memory, open files, those of them that are sockets, threads, tasks.

    Of its memory so many bytes are `in_use`.
    """

    at: float
    memory: int
    files: int
    sockets: int
    threads: int
    tasks: int
    in_use: int


def taken(process: int, at: float, tasks: int, in_use: int = 0) -> Taken:
    """Returns what a process has now; its `tasks`, and how much of its memory is `in_use`, only it can tell."""
    folder = Path(f"/proc/{process}")
    open_ones = [_target(one) for one in (folder / "fd").iterdir()]
    pages = int((folder / "statm").read_text().split()[1])
    return Taken(
        at,
        pages * os.sysconf("SC_PAGE_SIZE"),
        len(open_ones),
        sum(one.startswith("socket:") for one in open_ones),
        len(list((folder / "task").iterdir())),
        tasks,
        in_use,
    )


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # closed meanwhile
        return ""


def slope(samples: Sequence[Taken], what: Callable[[Taken], float]) -> float:
    """Returns by how much a figure grows in an hour: the median of the slopes between any two samples.

    A line of least squares would be bent by a single step (Theil and Sen's estimator). Only samples with as many
    sockets are compared: a burst opens connections that are kept, and takes their memory, without anything leaking.
    """
    pairs = [(a, b) for a, b in combinations(samples, 2) if b.at > a.at and b.sockets == a.sockets]
    return statistics.median((what(b) - what(a)) / (b.at - a.at) for a, b in pairs) * HOUR


def grown(samples: Sequence[Taken], what: Callable[[Taken], int]) -> float:
    """Returns by how much the median of the last third is above that of the first; a leak goes on growing."""
    third = len(samples) // 3
    return statistics.median(map(what, samples[-third:])) - statistics.median(map(what, samples[:third]))
