"""The benchmarks: how figures are spread, judged and told."""

import json
import os
import subprocess
import sys

import pytest

from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.measuring import Side, each, in_turn, where
from tests.benchmarks.table import amount, table
from tests.benchmarks.wholly import around, stopped_at, whole


def figure(ratio: float, must: float | None = 2.0, stretch: float | None = 1.5) -> Figure:
    spread = Spread.of([ratio])
    return Figure("exact look-up", must, stretch, "ratio", "s", Spread.of([2e-6]), "a dict", Spread.of([1e-6]), spread)


def test_a_spread_is_the_median_and_the_quarters() -> None:
    assert Spread.of([5.0, 1.0, 3.0, 2.0, 4.0]) == Spread(3.0, 2.0, 4.0)
    assert Spread.of([7.0]) == Spread(7.0, 7.0, 7.0)


@pytest.mark.parametrize(("ratio", "verdict"), [(1.5, "stretch"), (1.6, "met"), (2.0, "met"), (2.1, "missed")])
def test_a_figure_is_judged_by_its_goal(ratio: float, verdict: str) -> None:
    assert figure(ratio).verdict == verdict
    assert figure(ratio, stretch=None).verdict == ("met" if ratio <= 2 else "missed")
    assert figure(ratio, must=None).verdict == ""


def test_a_figure_comes_out_of_its_process_as_it_went_in() -> None:
    assert Figure.read(figure(1.7).written()) == figure(1.7)


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [(1.2e-4, "s", "120 µs"), (0, "s", "0 ns"), (2.5, "s", "2.5 s"), (2**21, "B", "2 MiB"), (1507, "B", "1.47 KiB"), (1.05, "x", "1.05 x")],
)  # fmt: skip
def test_amounts_are_told_as_people_read_them(value: float, unit: str, told: str) -> None:
    assert amount(value, unit) == told


def test_the_table_has_a_row_a_figure() -> None:
    head, _, row = table([figure(1.7)]).splitlines()
    assert [cell.strip() for cell in row.split("|")[1:-1]] == [
        *("exact look-up", "≤ 2 x", "≤ 1.5 x", "1 µs a dict", "2 µs", "1.7 x", "met", ""),
    ]
    assert len(head) == len(row)


def test_both_sides_are_measured_in_turn_and_each_by_its_own_clock() -> None:
    spent = {"product": 0.0, "floor": 0.0}

    def side(name: str, seconds: float) -> Side:
        def run(calls: int) -> None:
            spent[name] += calls * seconds

        return Side(run, lambda: spent[name])

    product, floor, ratio = in_turn(side("product", 0.5), side("floor", 0.25), rounds=4)
    assert (product.median, floor.median, ratio.median) == (0.5, 0.25, 2.0)


def test_where_the_time_goes_is_told_by_rooms() -> None:
    rooms = where(each(lambda: table([figure(1.7)])), 50)
    assert "tests/benchmarks/table" in [room for room, _ in rooms]
    assert sum(share for _, share in rooms) <= 1.000001


def test_a_whole_process_is_measured_with_the_start_of_python() -> None:
    nothing, something = (whole([sys.executable, "-c", code], around()) for code in ("", "sum(range(30_000_000))"))
    assert 0 < nothing.seconds(1) < something.seconds(1)


def test_a_process_is_stopped_where_it_tells_of_it_and_its_children_are_counted_apart() -> None:
    child = "[subprocess.run([sys.executable, '-c', 'sum(range(5_000_000))']) for _ in range(2)]"
    code = f"import subprocess, sys, time; {child}; print('ready', file=sys.stderr, flush=True); time.sleep(60)"
    seconds, children, _ = stopped_at([sys.executable, "-c", code], around(), ["ready"], lambda pid: os.kill(pid, 9))
    assert 0 < children < seconds


def test_where_a_start_goes_is_told_by_what_is_imported() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.traced_start", "ask", "/help"]
    shares = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    assert {"pydantic", "jinja2", "bot", "work"} <= shares.keys()
    assert all(seconds >= 0 for seconds in shares.values())
