"""What has to outlive a restart: when sessions were started, how they were left, and which commands are registered."""

import fcntl
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

log = logging.getLogger("briefbot.discord")


class State:
    """Keeps a few facts in a small file of its owner's alone, read anew each time, for several processes may share it.

    Without the file, or where it cannot be written, they are kept in memory.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, Any] = {}

    @property
    def registered(self) -> str:
        """The application and the hash of its commands as they were registered last."""
        return str(self._facts().get("registered", ""))

    @registered.setter
    def registered(self, hashed: str) -> None:
        with self._changing() as facts:
            facts["registered"] = hashed

    @property
    def identified(self) -> list[float]:
        """The Unix times at which sessions were started, oldest first."""
        return _times(self._facts())

    def identify(self, counted: Callable[[Sequence[float]], Sequence[float]]) -> None:
        """Keeps what is made of those times."""
        with self._changing() as facts:
            facts["identified"] = list(counted(_times(facts)))

    def leave(self, sessions: Mapping[str, Mapping[str, Any]]) -> None:
        """Keeps how sessions were left, by their shards."""
        with self._changing() as facts:
            facts["left"] = {**_left(facts), **sessions}

    def take(self, shard: str) -> object:
        """Returns how the session of a shard was left, once: what is resumed twice tells everything twice."""
        if shard not in _left(self._facts()):
            return None
        with self._changing() as facts:
            left = _left(facts)
            found = left.pop(shard, None)
            facts["left"] = left
        return found

    def _facts(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            read = json.loads(self._path.read_text())
            return read if isinstance(read, dict) else {}
        return dict(self._kept)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        """Gives the facts to be changed while no other process changes them, and keeps them."""
        with _alone(self._path):
            facts = self._facts()
            yield facts
            self._keep(facts)

    def _keep(self, facts: dict[str, Any]) -> None:
        self._kept = facts
        try:
            fresh = self._path.with_suffix(f".{os.getpid()}")
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(facts))
            fresh.replace(self._path)
        except OSError as error:
            log.warning("cannot be kept across restarts", extra={"path": str(self._path), "error": error.strerror})


def _times(facts: Mapping[str, Any]) -> list[float]:
    times = facts.get("identified", [])
    return [float(t) for t in times if isinstance(t, int | float)] if isinstance(times, list) else []


def _left(facts: Mapping[str, Any]) -> dict[str, Any]:
    left = facts.get("left", {})
    return dict(left) if isinstance(left, dict) else {}


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Waits for other processes that change a file; where nothing can be written, nobody has to be waited for."""
    number = -1
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(number, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if number >= 0:
            os.close(number)
