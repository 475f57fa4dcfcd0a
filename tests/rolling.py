"""Two real processes on one PostgreSQL, of which one is ended and begun anew by turns, as in a rolling update."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from tests.fakes.discord import FakeDiscord
from tests.running import Bot, running

WITHIN = 10.0
"""Seconds within which a process that is asked to end has to."""


@dataclass
class Replicas:
    """Runs one process for each set of settings; `is_up` tells whether all that are meant to be there are."""

    settings: Sequence[Mapping[str, str]]
    is_up: Callable[[Sequence[Bot]], bool]
    bots: list[Bot] = field(default_factory=list)
    endings: list[float] = field(default_factory=list)
    """Seconds from SIGTERM to the end of each process that was ended."""

    startings: list[float] = field(default_factory=list)
    _alive: list[ExitStack] = field(default_factory=list)

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Lets them live, and ends them well."""
        with ExitStack() as stack:
            for settings in self.settings:
                self._alive.append(stack.enter_context(ExitStack()))
                self.bots.append(self._alive[-1].enter_context(running(**settings)))
                self._wait(self.bots[-1])
            yield
            for bot in self.bots:
                assert bot.end() == 0

    def restart(self, number: int) -> None:
        """Ends one as an update does, and begins it anew once it has ended; returns when it is back."""
        began = time.monotonic()
        assert self.bots[number].end() == 0, self.bots[number].log[-10:]
        self.endings.append(time.monotonic() - began)
        assert not self.bots[number].logged("Traceback"), self.bots[number].log
        self._alive[number].close()
        began = time.monotonic()
        self.bots[number] = self._alive[number].enter_context(running(**self.settings[number]))
        self._wait(self.bots[number])
        self.startings.append(time.monotonic() - began)

    def restart_at(self, number: int, every: float) -> None:
        """Begins one anew, and waits until so many seconds have passed since it was ended."""
        began = time.monotonic()
        self.restart(number)
        time.sleep(max(0.0, began + every - time.monotonic()))

    def _wait(self, started: Bot) -> None:
        started.until(lambda: self.is_up(self.bots), 60)


class Gaps:
    """Watches for how long no session of a shard was there, as Discord sees it."""

    def __init__(self, discord: FakeDiscord, shards: int) -> None:
        self._discord = discord
        self.longest = [0.0] * shards
        self.number = 0
        self._since: list[float | None] = [None] * shards
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watches until the context ends."""
        self._thread.start()
        try:
            yield
        finally:
            self._enough.set()
            self._thread.join()

    def _watch(self) -> None:
        while not self._enough.wait(0.01):
            hear = {one.shard for one in list(self._discord.gateway.sessions.values()) if one.hears}
            for shard, since in enumerate(self._since):
                if shard in hear:
                    self._since[shard] = None
                elif since is None:
                    self._since[shard] = time.monotonic()
                    self.number += 1
                else:
                    self.longest[shard] = max(self.longest[shard], time.monotonic() - since)
