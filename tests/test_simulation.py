"""Thirty days of whatever can happen, many times; `SEED=123` replays the one that fails."""

import os
from collections.abc import Callable

import pytest

from tests.databases import Sqlite
from tests.every_core import SCALE, on_every_core
from tests.simulated import Month

SEEDS = [int(os.environ["SEED"])] if "SEED" in os.environ else range(50)


@pytest.mark.parametrize(
    "tens", [SEEDS[n : n + 10] for n in range(0, len(SEEDS), 10)], ids=lambda tens: f"seed{tens[0]}"
)
def test_thirty_days_of_whatever_happens_end_well(tens: range, on_sqlite: Sqlite) -> None:
    wrong = {seed: told for seed in tens if (told := after(seed, on_sqlite))}
    assert not wrong


def after(seed: int, on_sqlite: Sqlite) -> list[str]:
    month = Month(seed, on_sqlite.ready())
    month.live()
    return month.wrong()


@pytest.mark.long
def test_thousands_of_months_end_well(on_sqlite: Sqlite, record_property: Callable[[str, object], None]) -> None:
    seeds = range(50, 50 + round(1_000 * SCALE))
    urls = dict(zip(seeds, (on_sqlite.ready() for _ in seeds), strict=True))

    def lived(seed: int) -> list[str]:
        month = Month(seed, urls[seed])
        month.live()
        return month.wrong()

    wrong = {seed: told for seed, told in zip(seeds, on_every_core(lived, seeds), strict=True) if told}
    record_property("months simulated", len(seeds))
    assert not wrong
