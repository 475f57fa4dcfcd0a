"""What holds the loop lets others go first from time to time: no acknowledgement waits for several long answers."""

import asyncio
import time
from math import inf

LONG = 0.005
"""Seconds for which answers may follow each other in one turn of the loop."""


class Yielding:
    """Lets what is about to hold the loop wait for the loop's next turn, where the last wait was some time ago."""

    def __init__(self) -> None:
        self._waiting = asyncio.Lock()
        self._since = -inf

    async def turn(self) -> None:
        """Returns at once, or in a later turn of the loop: of those that wait for one, each has its own."""
        if time.monotonic() - self._since < LONG:
            return
        async with self._waiting:
            if time.monotonic() - self._since >= LONG:
                await asyncio.sleep(0)
                self._since = time.monotonic()
