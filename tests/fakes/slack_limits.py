"""How many messages the fake Slack takes, in a channel and in the workspace."""

import math
import time
from dataclasses import dataclass, field

from tests.fakes.slack_texts import Payload

LIMITED = ("chat.postMessage", "chat.postEphemeral")


@dataclass
class Limits:
    """Is how many messages are taken at once, and then in a second, in each channel and in the workspace.

    Real Slack documents one a second and channel, "short bursts", and a workspace-wide limit that it does not name.
    """

    channel_rate: float = 1.0
    channel_burst: int = 5
    workspace_rate: float = 8.0
    workspace_burst: int = 30
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def spend(self, method: str, arguments: Payload) -> int | None:
        """Counts a call; returns for how many seconds to go away if it is one too many, else none."""
        if method not in LIMITED:
            return None
        now, channel = time.monotonic(), str(arguments.get("channel"))
        of_all = self._now_left("", self.workspace_rate, self.workspace_burst, now)
        of_one = self._now_left(channel, self.channel_rate, self.channel_burst, now)
        if of_all >= 1 and of_one >= 1:
            self._left[""], self._left[channel] = (of_all - 1, now), (of_one - 1, now)
            return None
        missing = max((1 - of_all) / self.workspace_rate, (1 - of_one) / self.channel_rate)
        return max(1, math.ceil(missing))

    def _now_left(self, key: str, rate: float, burst: int, now: float) -> float:
        left, before = self._left.get(key, (float(burst), now))
        return min(burst, left + rate * (now - before))
