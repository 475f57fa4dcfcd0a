"""Real processes that deliver and are killed, against the fake Slack and the fake Discord, with faults on."""

import os
from pathlib import Path

import pytest

from tests.databases import Sqlite
from tests.fakes.slack import USUAL_SCOPES
from tests.killing import account, fakes, kill_at_random

SCALE = float(os.environ.get("SCALE", "1"))
HISTORY = frozenset({"channels:history", "groups:history", "im:history"})


def killed(folder: Path, url: str, kills: int, on_slack: int, on_discord: int, record: object, longest: float) -> None:
    with fakes(folder, url, 7, scopes=USUAL_SCOPES | HISTORY) as (zygote, outbox):
        outbox.fill(on_slack, on_discord)
        number = kill_at_random(zygote, outbox, kills, 7, longest, seconds=3_000)
        found, states = account(outbox), outbox.states()
    assert (found.lost, found.doubled, found.disordered, found.uncertain) == ([], [], [], [])
    assert set(states) == {"sent"}
    assert callable(record)
    record("killed", f"{number} kills, {on_slack} Slack + {on_discord} Discord, {found.attempts:.2f} attempts a part")


def test_twenty_kills_lose_and_double_nothing(tmp_path: Path, on_sqlite: Sqlite, record_property: object) -> None:
    killed(tmp_path, on_sqlite.ready(), 20, 40, 260, record_property, 0.8)


@pytest.mark.long
def test_a_thousand_kills_lose_and_double_nothing(tmp_path: Path, on_sqlite: Sqlite, record_property: object) -> None:
    kills, digests = int(1_000 * SCALE), int(20_000 * SCALE)
    killed(tmp_path, on_sqlite.ready(), kills, digests // 5, digests * 4 // 5, record_property, 1.4)
