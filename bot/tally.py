"""What has happened, counted: by kinds and by words of few values, never by who or where."""

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field

MOST = 500
"""Combinations of words that are told apart of one kind; more would be a fault of ours, and count as the last word."""

OTHERS = "others"


@dataclass
class Spread:
    """Is how values are spread: how many were up to each of the `bounds`, and beyond the last."""

    bounds: tuple[float, ...]
    numbers: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.numbers = self.numbers or [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        """Counts a value."""
        self.numbers[bisect_left(self.bounds, value)] += 1
        self.total += value


SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 10.0, 60.0)
"""Bounds for how long an answer takes; people on a chat platform are let wait three seconds."""

LATENESS = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 600.0, 3_600.0, 21_600.0)
"""Bounds for how late a digest is, in seconds; an alert is raised at 600, and most are given up at 21,600."""


class Tally:
    """Counts what one process has done since it began."""

    def __init__(self) -> None:
        self.counts = defaultdict[str, Counter[tuple[str, ...]]](Counter)
        self.spreads: dict[str, Spread] = {"answers": Spread(SECONDS), "lateness": Spread(LATENESS)}

    def count(self, kind: str, *words: str, number: int = 1) -> None:
        """Counts that something of a kind has happened; `words` are of few values, such as a platform or an outcome."""
        counted = self.counts[kind]
        if len(counted) >= MOST and words not in counted:
            words = (OTHERS,) * len(words)
        counted[words] += number

    def measure(self, kind: str, seconds: float) -> None:
        """Counts a span of time: of `answers`, or of the `lateness` of digests."""
        self.spreads[kind].add(max(seconds, 0.0))
