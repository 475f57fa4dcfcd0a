"""A monotonic clock that a test moves by hand."""

import asyncio


class HandClock:
    """Is a clock in seconds; who sleeps by it wakes when it has come so far."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self._sleeping: list[tuple[float, asyncio.Event]] = []

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        wake = asyncio.Event()
        self._sleeping.append((self.seconds + seconds, wake))
        await wake.wait()

    async def go_on(self, seconds: float) -> None:
        """Moves by so many seconds, and lets everybody do what they slept for, each at their time."""
        end = self.seconds + seconds
        await self._everybody()
        while due := min((at for at, _ in self._sleeping if at <= end), default=None):
            self.seconds = max(due, self.seconds)
            for one in [one for one in self._sleeping if one[0] <= self.seconds]:
                self._sleeping.remove(one)
                one[1].set()
            await self._everybody()
        self.seconds = end

    async def _everybody(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)
