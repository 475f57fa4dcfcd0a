"""What was seen lately: a bounded memory, so that nothing that comes twice is done twice."""

import time
from collections import OrderedDict
from collections.abc import Callable


class Recently:
    """Remembers keys for some seconds, the latest `most` of them; `now` is a monotonic clock in seconds.

    It holds their hashes of 64 bits, a third as large as a signature: that two of 20,000 share one, nobody will see.
    """

    def __init__(self, seconds: float, most: int = 20_000, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._most = most
        self._now = now
        self._seen: OrderedDict[int, float] = OrderedDict()

    def seen(self, key: str) -> bool:
        """Returns whether a key came before, and remembers it if not."""
        now, hashed = self._now(), hash(key)
        while self._seen and (len(self._seen) >= self._most or next(iter(self._seen.values())) <= now - self._seconds):
            self._seen.popitem(last=False)
        if hashed in self._seen:
            return True
        self._seen[hashed] = now
        return False

    def forget(self, key: str) -> None:
        """Lets a key come again: what it stood for did not happen."""
        self._seen.pop(hash(key), None)
