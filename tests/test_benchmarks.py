"""The benchmarks: how figures are spread, judged and told."""

import pytest

from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.measuring import Side, each, in_turn, where
from tests.benchmarks.table import amount, table


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
