"""The benchmarks of serving: both sides answer the same, and a server under test tells what it is asked."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.benchmarks import serving_discord, serving_slack
from tests.benchmarks.served import Bench, served

Both = Callable[[], AbstractContextManager[tuple[Bench, Bench]]]


@pytest.fixture(params=["http", "socket", "gateway"])
def both(request: pytest.FixtureRequest) -> Iterator[tuple[Bench, Bench]]:
    ways: dict[str, Both] = {
        "http": lambda: serving_slack.both("HTTP"),
        "socket": lambda: serving_slack.both("Socket Mode", composes=True),
        "gateway": serving_discord.both,
    }
    with ways[request.param]() as benches:
        yield benches


def test_product_and_floor_answer_the_same_and_their_cost_is_told(both: tuple[Bench, Bench]) -> None:
    for bench in both:
        before = bench.server.cpu()
        took = bench.asked(6, in_flight=3)
        assert len(took) == 6
        assert all(one.answered > 0 for one in took)
        assert bench.server.cpu() > before
    where = both[0].where(calls=4)
    assert 0 < sum(share for _, share in where) <= 1.000001


def test_a_server_that_cannot_begin_is_an_error_and_no_silence() -> None:
    with (
        served("slack_servers", "no such way", {"composes": False}) as server,
        pytest.raises(RuntimeError, match="status 1"),
    ):
        server.said()
