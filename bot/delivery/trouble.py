"""How a platform takes what a lane sends: trouble narrows the lane and holds it, until the platform answers again."""

from bot.publishing import DeliveryError

FIRST = 4
"""As many before anything was taken: what a platform that is down leaves unclear is no more than these."""

LONGEST = {"not_accepted": 60.0, "permanent": 300.0, "ambiguous": 600.0}
"""Seconds that are waited at most, by outcome: a message that may have been taken is not as cheap as a question."""


class Trouble:
    """Knows how a platform takes what is sent in a lane.

    `reason` is why nothing is taken, as it is kept for people to read; empty where all is well. While it is `in_doubt`,
    nothing is sent: the platform is asked first. `width` is how many digests may be under way at once, and `widest` how
    many where all is well.
    """

    def __init__(self, reason: str, widest: int) -> None:
        self.reason = reason
        self.in_doubt = bool(reason)
        self.width = min(FIRST, widest)
        self.widest = widest
        self.round = 0
        self._met = 0
        self._latest: DeliveryError | None = None

    def taken(self, begun: int) -> None:
        """Takes into account that a message was taken which was sent in the round `begun`."""
        if begun == self.round:
            self._met, self._latest = 0, None
            self.width = min(self.width + 1, self.widest)

    def met(self, error: DeliveryError, begun: int) -> float:
        """Takes into account what happened to a message, and returns for how many seconds nothing is to be sent.

        Of those under way together only the first says anything. Once it costs no wait, but the platform is asked; from
        then on 1 s, doubled each time until a message is taken. What Retry-After says is waited without a doubt.
        """
        if error.retry_after is not None:
            return error.retry_after
        if begun != self.round:
            return 0.0
        self.round += 1
        self.in_doubt = True
        self.width = max(1, self.width // 2)
        return self._longer(error)

    def still(self, error: DeliveryError) -> float:
        """Takes into account that the platform does not let us in, and returns in how many seconds to ask it again."""
        self.width = 1
        self._met = max(self._met, 1)
        return error.retry_after or self._longer(error)

    def forget(self) -> None:
        """Forgets what was met, where nothing is left to be sent and the platform answers."""
        self._met, self._latest = 0, None

    def _longer(self, error: DeliveryError) -> float:
        seconds = 2.0 ** min(self._met - 1, 10) if self._met else 0.0
        self._met, self._latest = self._met + 1, error
        return min(seconds, LONGEST[error.outcome])

    @property
    def lasting(self) -> DeliveryError | None:
        """What people are to be told of: what does not end by itself, or was met more than once in a row."""
        latest = self._latest
        return latest if latest and (latest.outcome == "permanent" or self._met > 1) else None
