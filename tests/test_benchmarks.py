"""The benchmarks: how figures are spread, judged and told."""

import http.client
import re
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from knowledge import load
from tests.benchmarks import looking_up, made_knowledge
from tests.benchmarks.curves import Point, draw
from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.measuring import Side, each, in_turn, where
from tests.benchmarks.table import amount, table
from tests.benchmarks.taker import taking


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
    assert figure(ratio, must=None, stretch=None).verdict == ""
    assert figure(ratio, must=None).verdict == ("stretch" if ratio <= 1.5 else "")


def test_a_goal_in_seconds_is_judged_as_if_the_floor_took_what_it_took_where_the_goal_was_set() -> None:
    slow = Spread.of([1.5]), "bolt", Spread.of([1.2])
    judged = Figure("acknowledged", 0.5, None, "product", "s", *slow, reference=0.2)
    assert judged.bounded == pytest.approx(0.25)
    assert judged.verdict == "met"
    assert replace(judged, ratio=Spread.of([3.0])).verdict == "missed"
    assert replace(judged, reference=None).verdict == "missed"
    told = [cell.strip() for cell in table([judged]).splitlines()[-1].split("|")]
    assert (told[2], told[7]) == ("≤ 500 ms beside 200 ms", "met with 250 ms")


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


LINES = [
    Point("exact look-up by names", names, series, seconds * names**0.1, "s")
    for series, seconds in (("a dict", 1e-6), ("product", 2e-6))
    for names in (100, 1000, 10_000)
]


def test_each_curve_is_written_as_a_table_and_as_a_drawing(tmp_path: Path) -> None:
    points = [*LINES, Point("memory by guilds", 5, "product", 3e6, "B")]
    files = {path.name: path.read_text(encoding="utf-8") for path in draw(points, tmp_path / "curves")}
    assert list(files) == [
        f"{name}.{kind}" for name in ("exact-look-up-by-names", "memory-by-guilds") for kind in ("csv", "svg")
    ]
    assert files["memory-by-guilds.csv"] == "curve,x,series,y,unit\nmemory by guilds,5,product,3e+06,B\n"
    drawing = files["exact-look-up-by-names.svg"]
    assert {"exact look-up by names", "names", "a dict", "product", "10,000"} <= set(re.findall(">([^<]+)</", drawing))


def test_the_same_points_are_drawn_in_the_same_bytes(tmp_path: Path) -> None:
    once, again = ([path.read_bytes() for path in draw(LINES, tmp_path)] for _ in range(2))
    assert once == again
    assert not re.search(rb"20\d\d-\d\d-\d\d", b"".join(once))


def test_a_point_comes_out_of_its_process_as_it_went_in() -> None:
    assert Point.read(LINES[1].written()) == LINES[1]


def test_made_up_knowledge_is_read_from_files_as_it_was_made(tmp_path: Path) -> None:
    made, read = made_knowledge.known(100), load(made_knowledge.written(tmp_path, 100))
    assert len(read.claims) == 100
    assert (read.companies, read.themes, read.sources, read.claims) == (
        made.companies, made.themes, made.sources, made.claims,
    )  # fmt: skip


@pytest.mark.parametrize(
    "sides",
    [looking_up.exact, looking_up.completion, looking_up.suggestion, looking_up.full_text],
    ids=lambda sides: sides.__name__,
)
def test_looking_up_and_its_floor_find_what_is_asked_for(sides: Callable[[int], tuple[Side, Side]]) -> None:
    for side in sides(100):
        side.run(50)


def test_a_name_with_one_typing_error_is_nearly_always_known() -> None:
    assert looking_up.recall(1000) >= 0.95


def test_a_server_for_senders_answers_as_it_was_told_and_counts_handshakes(tmp_path: Path) -> None:
    authority, certificate = trustme.CA(), tmp_path / "server.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with taking({"/messages": '{"id": "1"}'}, certificate) as taker:
        port = int(taker.origin.rpartition(":")[2])
        for connection in [http.client.HTTPSConnection("localhost", port, context=trusting) for _ in range(2)]:
            for _ in range(3):
                connection.request("POST", "/channels/7/messages?x=1", body="{}")
                assert connection.getresponse().read() == b'{"id": "1"}'
            connection.close()
        assert taker.connections == 2
