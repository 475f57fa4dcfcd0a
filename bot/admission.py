"""Who may ask now: no more at once than can be answered, nobody faster than a person can read."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

MOST_IN_FLIGHT = 256
"""Requests of one platform that are being answered at one time."""

MOST_REMEMBERED = 10_000


class Allowance(Struct, frozen=True):
    """Is how often something may happen: `burst` times at once, then `rate` times a second."""

    rate: float
    burst: float


USER = Allowance(rate=1, burst=5)
WORKSPACE = Allowance(rate=50, burst=300)


class Admission:
    """Counts requests by user and by workspace, as token buckets; the least recently seen are forgotten first.

    `now` is a monotonic clock in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def refused(self, user: str, place: str, in_flight: int) -> Literal["busy", "flooded"] | None:
        """Takes a request into account and returns why it may not be answered now, if so.

        A place is `platform:workspace/channel`; whoever has no user id, as at a terminal, may ask as they like.
        """
        if in_flight >= MOST_IN_FLIGHT:
            return "busy"
        if not user:
            return None
        workspace = place.partition("/")[0]
        if not self._takes(f"{workspace}/{user}", USER):
            return "flooded"
        return None if self._takes(workspace, WORKSPACE) else "busy"

    def _takes(self, key: str, allowance: Allowance) -> bool:
        now = self._now()
        left, since = self._buckets.pop(key, (allowance.burst, now))
        left = min(allowance.burst, left + (now - since) * allowance.rate)
        taken = left >= 1
        self._buckets[key] = (left - 1 if taken else left, now)
        if len(self._buckets) > MOST_REMEMBERED:
            self._buckets.popitem(last=False)
        return taken
