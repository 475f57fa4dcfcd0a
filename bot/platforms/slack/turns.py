"""Whose turn it is to post or to ask: what Slack allows a channel, a method and a workspace, kept before it is sent.

Slack takes about one message a second in a channel, and an unnamed number in a workspace
(docs.slack.dev/apis/web-api/rate-limits); the latter is kept to several hundred a minute. The methods by which we ask
are of tier 3 or 4, or auth.test: 50 a minute and more, each by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import Literal

MOST = 10_000
"""Channels that are remembered, as long as there are no more that have to wait."""


ASKED_AT_ONCE = 25
"""As many pages as one message is looked for on."""

PATIENCE = 5.0
"""Seconds that a question waits for its turn while Slack holds its method back; one that had to wait longer is not."""


class TooEarly(Exception):
    """Says for how many seconds a method is not to be asked."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class _Bucket:
    """Tells when a next message may be sent somewhere: so many a second, `burst` at once after a pause."""

    def __init__(self, rate: float, burst: int) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0
        self.held = -inf
        self._every = 1 / rate
        self._early = (burst - 1) / rate
        self._next = -inf

    @property
    def ready(self) -> float:
        return max(self._next - self._early, self.held)

    def take(self, now: float) -> None:
        self._next = max(self._next, now) + self._every


class Turns:
    """Lets messages go one after another, in the order in which they came, as fast as Slack takes them.

    `now` is a monotonic clock in seconds, `sleep` waits by that clock.
    """

    def __init__(self, now: Callable[[], float], sleep: Callable[[float], Awaitable[object]]) -> None:
        self._now = now
        self._sleep = sleep
        self._workspaces: dict[str, _Bucket] = {}
        self._channels: dict[tuple[str, str], _Bucket] = {}
        self._methods: dict[tuple[str, str], _Bucket] = {}

    async def take(self, workspace: str, channel: str) -> None:
        """Waits until a message may be sent to a channel, and counts it."""
        one, all_ = self._channel(workspace, channel), self._workspace(workspace)
        one.waiting += 1
        try:
            async with one.lock:
                while not await self._taken(one, all_):
                    pass
        finally:
            one.waiting -= 1

    async def ask(self, workspace: str, method: str) -> None:
        """Waits until a method may be asked, and counts it, also among the messages of the workspace.

        Raises:
            TooEarly: Slack wants it to be left alone for longer than one waits.
        """
        one, all_ = self._method(workspace, method), self._workspace(workspace)
        async with one.lock:
            seconds = one.held - self._now()
            if seconds > PATIENCE:
                raise TooEarly(seconds)
            while not await self._taken(one, all_):
                pass

    def hold_method(self, workspace: str, method: str, seconds: float) -> None:
        """Lets a method not be asked for some seconds."""
        bucket = self._method(workspace, method)
        bucket.held = max(bucket.held, self._now() + seconds)

    def hold(self, workspace: str, channel: str, scope: Literal["message", "place", "lane"], seconds: float) -> None:
        """Lets nobody have a turn for some seconds, in a channel or in a whole workspace."""
        bucket = self._workspace(workspace) if scope == "lane" else self._channel(workspace, channel)
        bucket.held = max(bucket.held, self._now() + seconds)

    def held_elsewhere(self, workspace: str, channel: str) -> bool:
        """Returns whether another channel of a workspace is being held back."""
        now = self._now()
        return any(
            bucket.held > now
            for (of, other), bucket in self._channels.items()
            if of == workspace and other != channel
        )  # fmt: skip

    def __len__(self) -> int:
        """How many channels are remembered."""
        return len(self._channels)

    async def _taken(self, one: _Bucket, all_: _Bucket) -> bool:
        """Waits for both; nobody else of the workspace has to wait for a channel that is held back meanwhile."""
        await self._until(one)
        async with all_.lock:
            await self._until(all_)
            now = self._now()
            if one.ready > now:
                return False
            one.take(now)
            all_.take(now)
            return True

    async def _until(self, bucket: _Bucket) -> None:
        while (seconds := bucket.ready - self._now()) > 0:
            await self._sleep(seconds)

    def _workspace(self, workspace: str) -> _Bucket:
        return self._workspaces.setdefault(workspace, _Bucket(rate=5, burst=20))

    def _method(self, workspace: str, method: str) -> _Bucket:
        return self._methods.setdefault((workspace, method), _Bucket(rate=50 / 60, burst=ASKED_AT_ONCE))

    def _channel(self, workspace: str, channel: str) -> _Bucket:
        if len(self._channels) >= MOST:
            self._forget()
        return self._channels.setdefault((workspace, channel), _Bucket(rate=1, burst=1))

    def _forget(self) -> None:
        """Forgets the channels that would let a message go at once."""
        now = self._now()
        self._channels = {key: one for key, one in self._channels.items() if one.waiting or one.ready > now}
