"""What has to outlive a restart: when sessions were started, how they were left, and which commands are registered."""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

log = logging.getLogger("briefbot.discord")


class State:
    """Keeps a few facts in a small file, read anew each time, for several processes may share it.

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
        self._write(registered=hashed)

    @property
    def identified(self) -> list[float]:
        """The Unix times at which sessions were started, oldest first."""
        times = self._facts().get("identified", [])
        return [float(t) for t in times if isinstance(t, int | float)] if isinstance(times, list) else []

    @identified.setter
    def identified(self, times: Sequence[float]) -> None:
        self._write(identified=list(times))

    def leave(self, sessions: Mapping[str, Mapping[str, Any]]) -> None:
        """Keeps how sessions were left, by their shards."""
        self._write(left={**self._left, **sessions})

    def take(self, shard: str) -> object:
        """Returns how the session of a shard was left, once: what is resumed twice tells everything twice."""
        left = self._left
        found = left.pop(shard, None)
        if found is not None:
            self._write(left=left)
        return found

    @property
    def _left(self) -> dict[str, Any]:
        left = self._facts().get("left", {})
        return dict(left) if isinstance(left, dict) else {}

    def _facts(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            read = json.loads(self._path.read_text())
            return read if isinstance(read, dict) else {}
        return self._kept

    def _write(self, **facts: object) -> None:
        self._kept = self._facts() | facts
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(f".{os.getpid()}")
            fresh.write_text(json.dumps(self._kept))
            fresh.replace(self._path)
        except OSError as error:
            log.warning("cannot be kept across restarts", extra={"path": str(self._path), "error": error.strerror})
