"""What a platform has received, as long as it is dealt with: an id that every line of the log carries meanwhile."""

import random
import time
from contextvars import ContextVar
from typing import NamedTuple


class Happening(NamedTuple):
    """Is what was received: its id, and when by the monotonic clock."""

    id: str
    since: float

    @property
    def seconds(self) -> float:
        """How long ago it was received."""
        return time.monotonic() - self.since


_CURRENT: ContextVar[Happening | None] = ContextVar("happening", default=None)


class Received:
    """Is the context in which something is dealt with, tasks that are begun there included."""

    def __enter__(self) -> None:
        self._before = _CURRENT.set(Happening(f"{random.getrandbits(32):08x}", time.monotonic()))

    def __exit__(self, *_: object) -> None:
        _CURRENT.reset(self._before)


def current() -> Happening | None:
    """Returns what is being dealt with; None where nothing was received, as at the start or in a digest."""
    return _CURRENT.get()
