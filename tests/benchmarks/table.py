"""Writes figures as a table in Markdown."""

from collections.abc import Sequence

from tests.benchmarks.figures import Figure, Spread

_HEAD = ("", "goal", "stretch", "floor", "product", "ratio", "goal met", "where the time goes")


def table(figures: Sequence[Figure]) -> str:
    """Returns one row a figure, medians with the quarters below and above; columns are padded, to be read as text."""
    rows = [_HEAD, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def _row(figure: Figure) -> tuple[str, ...]:
    unit = "x" if figure.bounds == "ratio" else figure.unit
    beside = f" beside {amount(figure.reference, figure.unit)}" if figure.reference else ""
    told = f"{figure.verdict} with {amount(figure.bounded, unit)}" if figure.reference else figure.verdict
    return (
        figure.name,
        f"≤ {amount(figure.must, unit)}{beside}" if figure.must is not None else "",
        f"≤ {amount(figure.stretch, unit)}" if figure.stretch is not None else "",
        f"{_spread(figure.floor, figure.unit)} {figure.floor_name}" if figure.floor else figure.floor_name,
        _spread(figure.product, figure.unit),
        _spread(figure.ratio, "x") if figure.ratio else "",
        told + (f": {figure.note}" if figure.note else ""),
        ", ".join(f"{room} {share:.0%}" for room, share in figure.where),
    )


def _spread(spread: Spread, unit: str) -> str:
    if spread.low == spread.high:
        return amount(spread.median, unit)
    return f"{amount(spread.median, unit)} ({amount(spread.low, unit)} to {amount(spread.high, unit)})"


def amount(value: float, unit: str) -> str:
    """Returns a value as people read it: 0.00012 s as 120 µs, 1.2e6 B as 1.14 MiB."""
    if unit == "s":
        for size, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")):
            if value >= size or name == "ns":
                return f"{value / size:.3g} {name}"
    if unit == "B" and value >= 1024:
        return f"{value / 2**20:.3g} MiB" if value >= 2**20 else f"{value / 1024:.3g} KiB"
    return f"{value:.3g} {unit}"
