"""What a benchmark finds: a figure, its goal and the floor that it is measured beside."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Spread:
    """Is the median of several rounds, with the quarter below and the quarter above."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Returns the spread of `values`, of which there is at least one."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)

    def over(self, number: float) -> "Spread":
        """Returns the spread of what is one of so many that were measured together."""
        return Spread(self.median / number, self.low / number, self.high / number)


@dataclass(frozen=True, slots=True)
class Figure:
    """Is one row of the table.

    `must` and `stretch` bound the `ratio` where there is one to bound, otherwise the `product`; `unit` is of `product`
    and `floor`: "s" (of CPU, a call), "B", "x" (a bare number) or any other word. `bounds` says which of the two is
    bounded. `where` holds shares of the product's time by room of the house or library, the largest first.

    A goal in seconds says nothing without the machine that it was set on. Where the floor was measured there, that is
    the `reference`, and the product is judged by its ratio: as if the floor took the same here.
    """

    name: str
    must: float | None
    stretch: float | None
    bounds: str  # "ratio" or "product"
    unit: str
    product: Spread
    floor_name: str = ""
    floor: Spread | None = None
    ratio: Spread | None = None
    where: tuple[tuple[str, float], ...] = ()
    note: str = ""
    reference: float | None = None

    @property
    def bounded(self) -> float:
        """The figure that the goal is about."""
        if self.bounds == "ratio" and self.ratio:
            return self.ratio.median
        if self.reference is None or self.floor is None:
            return self.product.median
        return self.reference * (self.ratio.median if self.ratio else self.product.median / self.floor.median)

    @property
    def verdict(self) -> str:
        """Returns "stretch", "met", "missed", or "" where no goal is set, or only a stretch and that is not reached."""
        if self.stretch is not None and self.bounded <= self.stretch:
            return "stretch"
        if self.must is None:
            return ""
        return "met" if self.bounded <= self.must else "missed"

    def written(self) -> str:
        """Returns the figure as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, line: str) -> Self:
        """Reads what `written` has written."""
        fields: dict[str, Any] = json.loads(line)
        for name in ("product", "floor", "ratio"):
            fields[name] = Spread(**fields[name]) if fields[name] else None
        return cls(**fields | {"where": tuple((room, share) for room, share in fields["where"])})
