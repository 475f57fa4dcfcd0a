"""What a platform has received, as long as it is dealt with: an id that every line of the log carries meanwhile."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def received() -> Iterator[None]:
    """Gives the context in which something is dealt with, tasks that are begun there included."""
    token = _CURRENT.set(Happening(secrets.token_hex(4), time.monotonic()))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Happening | None:
    """Returns what is being dealt with; None where nothing was received, as at the start or in a digest."""
    return _CURRENT.get()
