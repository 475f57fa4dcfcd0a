"""Work that is done on all cores at once, by processes forked from this one."""

import multiprocessing
import os
from collections.abc import Callable, Iterable
from typing import TypeVar, cast

T = TypeVar("T")
R = TypeVar("R")

SCALE = float(os.environ.get("SCALE", "1"))
"""By what the long tests are made longer, or shorter."""


def on_every_core(work: Callable[[T], R], of: Iterable[T]) -> list[R]:
    """Returns what comes of each piece of work, in order."""
    global _work
    _work = work
    forking = multiprocessing.get_context("fork")
    with forking.Pool(os.cpu_count()) as pool:
        return list(pool.map(cast("Callable[[T], R]", _worked), of, chunksize=1))


_work: Callable[..., object]
"""Is what the forked processes do, which cannot be sent to them as it may be a closure."""


def _worked(piece: object) -> object:
    return _work(piece)
