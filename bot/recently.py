"""What was seen lately: a bounded memory, so that nothing that comes twice is done twice."""

import time
from collections import OrderedDict
from collections.abc import Callable


class Recently:
    """Remembers keys for some seconds, the latest `most` of them; `now` is a monotonic clock in seconds."""

    def __init__(self, seconds: float, most: int = 20_000, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._most = most
        self._now = now
        self._seen: OrderedDict[str, float] = OrderedDict()

    def seen(self, key: str) -> bool:
        """Returns whether a key came before, and remembers it if not."""
        now = self._now()
        while self._seen and (len(self._seen) >= self._most or next(iter(self._seen.values())) <= now - self._seconds):
            self._seen.popitem(last=False)
        if key in self._seen:
            return True
        self._seen[key] = now
        return False

    def forget(self, key: str) -> None:
        """Lets a key come again: what it stood for did not happen."""
        self._seen.pop(key, None)
