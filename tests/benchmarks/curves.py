"""Draws how costs grow: `python -m tests.benchmarks.curves`, each module in a process of its own, one file a curve."""

import csv
import importlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, astuple, dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Self

import pygal

from tests.benchmarks.table import amount

MODULES = ("looking_up", "loading", "firing", "delivering", "idling", "serving_slack", "serving_discord", "memory")
"""Each has `curves()`, which measures and yields points."""

FOLDER = Path(__file__).with_suffix("")


@dataclass(frozen=True, slots=True)
class Point:
    """Is one point of a line: where `x` was so large, `series` came to `y`.

    `curve` is the title, told as "exact look-up by names": behind the last " by " stands what `x` counts. All points of
    a curve have one `unit`, as the figures of the table have: "s", "B", "x" or any other word.
    """

    curve: str
    x: float
    series: str
    y: float
    unit: str

    @property
    def file(self) -> str:
        """Returns the name of the curve's files, without an ending."""
        return re.sub(r"[^a-z0-9]+", "-", self.curve.lower()).strip("-")

    def written(self) -> str:
        """Returns the point as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, line: str) -> Self:
        """Reads what `written` has written."""
        return cls(**json.loads(line))


def main(modules: list[str]) -> None:
    """Draws the curves of the modules named, of all without a name; `--one MODULE` measures here, in lines of JSON."""
    if modules[:1] == ["--one"]:
        for point in importlib.import_module(f"tests.benchmarks.{modules[1]}").curves():
            print(point.written(), flush=True)
    else:
        for module in modules or MODULES:
            for path in draw(_measured(module), FOLDER):
                print(path.name)


def draw(points: Iterable[Point], folder: Path) -> Iterator[Path]:
    """Writes each curve as CSV and as SVG, the same bytes for the same points, and yields the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for _, group in groupby(sorted(points, key=attrgetter("curve")), key=attrgetter("curve")):
        curve = list(group)
        for ending, text in ((".csv", table(curve)), (".svg", drawing(curve))):
            path = folder / f"{curve[0].file}{ending}"
            path.write_text(text, encoding="utf-8")
            yield path


def table(curve: list[Point]) -> str:
    """Returns the points of one curve as CSV, a line each."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("curve", "x", "series", "y", "unit"))
    lines.writerows((title, f"{x:g}", series, f"{y:.4g}", unit) for title, x, series, y, unit in map(astuple, curve))
    return text.getvalue()


def drawing(curve: list[Point]) -> str:
    """Returns one curve as SVG, one line a series; with logarithmic scales where `x` grows tenfold or more."""
    title, unit = curve[0].curve, curve[0].unit
    smallest, largest = min(point.x for point in curve), max(point.x for point in curve)
    chart = pygal.XY(
        title=title,
        x_title=title.rpartition(" by ")[2],
        logarithmic=largest >= 10 * smallest > 0 and all(point.y > 0 for point in curve),
        value_formatter=lambda y: amount(y, unit),
        x_value_formatter=lambda x: f"{x:,.0f}",
        x_labels=sorted({point.x for point in curve}),
        legend_at_bottom=True,
        width=720,
        height=440,
        no_prefix=True,  # a random one otherwise
        js=[],
    )
    for series in dict.fromkeys(point.series for point in curve):
        chart.add(series, [(point.x, point.y) for point in curve if point.series == series])
    chart.add_xml_filter(_without_comments)  # they hold today's date
    return str(chart.render(is_unicode=True))


def _without_comments(root: Any) -> Any:
    root[:] = [element for element in root if isinstance(element.tag, str)]
    return root


def _measured(module: str) -> Iterator[Point]:
    print(f"{module} ...", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "tests.benchmarks.curves", "--one", module]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return (Point.read(line) for line in lines)


if __name__ == "__main__":
    main(sys.argv[1:])
