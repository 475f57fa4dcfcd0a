"""What holds the loop lets others go first from time to time: no acknowledgement waits for several long answers."""

import asyncio
import time

LONG = 0.005
"""Seconds for which answers may follow each other in one turn of the loop."""


class Yielding:
    """Lets what is about to hold the loop wait for the loop's next turn, where others have held this one for long."""

    def __init__(self) -> None:
        self._since: float | None = None
        """When the first in this turn of the loop began."""

    async def turn(self) -> None:
        """Returns at once, or in a later turn of the loop: of those that wait, each that is long has its own."""
        while self._since is not None and time.monotonic() - self._since >= LONG:
            await asyncio.sleep(0)
        if self._since is None:
            self._since = time.monotonic()
            asyncio.get_running_loop().call_soon(self._is_over)

    def _is_over(self) -> None:
        self._since = None
