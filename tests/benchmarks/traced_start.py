"""Runs the command line and tells where its CPU went: `python -m tests.benchmarks.traced_start ask /help`.

As JSON, seconds by top-level package that was imported, each without what it imports in turn; the rest is "work". It
is told on standard output at the end, or at SIGUSR1, which ends the program.
"""

import atexit
import importlib._bootstrap
import json
import os
import signal
import sys
import time
from collections import defaultdict
from types import ModuleType
from typing import Any

_bootstrap: Any = importlib._bootstrap
_load = _bootstrap._find_and_load
_spent: dict[str, float] = defaultdict(float)
_open = [0.0]


def _timed(name: str, import_: object) -> ModuleType:
    begun = time.thread_time()
    _open.append(0.0)
    try:
        module: ModuleType = _load(name, import_)
    finally:
        took = time.thread_time() - begun
        _spent[name.partition(".")[0]] += took - _open.pop()
        _open[-1] += took
    return module


def _tell() -> None:
    everything = time.process_time()
    shares = {**_spent, "work": everything - sum(_spent.values())}
    sys.stdout.write(f"\n{json.dumps(shares)}\n")
    sys.stdout.flush()


def _end(*_: object) -> None:
    _tell()
    os._exit(0)


if __name__ == "__main__":
    _bootstrap._find_and_load = _timed
    atexit.register(_tell)
    signal.signal(signal.SIGUSR1, _end)
    from bot.__main__ import main

    main()
