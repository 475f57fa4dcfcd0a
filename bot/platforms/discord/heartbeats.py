"""Which shards are really heard: a connection that is open may long be dead."""

from collections.abc import Callable, Mapping

SILENCE = 90.0
"""Seconds without an answer to a heartbeat after which a shard counts as deaf: Discord asks for one every 41
(docs.discord.com/developers/events/gateway#heartbeat-interval)."""


class Heartbeats:
    """Knows when each shard was heard last; `now` is a monotonic clock in seconds.

    discord.py tells of answers only by how long the last took, so that another time than before is another answer.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._heard: dict[int, tuple[float, float]] = {}
        self._known: set[int] = set()

    def began(self, shard: int) -> bool:
        """Notes that a shard has a session, and returns whether it had one before."""
        self._heard[shard] = (float("inf"), self._now())
        before = shard in self._known
        self._known.add(shard)
        return before

    def ended(self, shard: int) -> None:
        """Notes that a shard has none any more."""
        self._heard.pop(shard, None)

    def heard(self, latencies: Mapping[int, float]) -> int:
        """Returns how many shards were heard lately; `latencies` are of those whose connection is open."""
        now, number = self._now(), 0
        for shard, (before, at) in list(self._heard.items()):
            latency = latencies.get(shard, before)
            if latency != before:
                self._heard[shard] = latency, now
                at = now
            number += shard in latencies and now - at < SILENCE
        return number
