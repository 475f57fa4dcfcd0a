"""Thirty days of whatever can happen, many times; `SEED=123` replays the one that fails."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.databases import Sqlite
from tests.every_core import SCALE, on_every_core
from tests.simulated import Month

ONCE_WRONG = (628,)
"""Months in which what may have been out was lost sight of."""

FEW = 8
SEEDS = [int(os.environ["SEED"])] if "SEED" in os.environ else [*range(FEW), *ONCE_WRONG]


@pytest.mark.parametrize("seed", SEEDS)
def test_thirty_days_of_whatever_happens_end_well(seed: int, on_sqlite: Sqlite) -> None:
    assert after(seed, on_sqlite) == []


def after(seed: int, on_sqlite: Sqlite) -> list[str]:
    month = Month(seed, on_sqlite.ready())
    month.live()
    return month.wrong()


@pytest.mark.long(minutes=15)
def test_thousands_of_months_end_well(on_sqlite: Sqlite, record_property: Callable[[str, object], None]) -> None:
    seeds = range(FEW, FEW + round(2_000 * SCALE))
    empty = Path(on_sqlite.ready().removeprefix("sqlite:///"))

    def lived(seed: int) -> list[str]:
        file = Path(shutil.copy(empty, f"{empty}-{seed}"))
        month = Month(seed, f"sqlite:///{file}")
        month.live()
        wrong = month.wrong()
        file.unlink()
        return wrong

    wrong = {seed: told for seed, told in zip(seeds, on_every_core(lived, seeds), strict=True) if told}
    record_property("months simulated", len(seeds))
    assert not wrong
