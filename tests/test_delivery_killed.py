"""Real processes that deliver and are killed, against the fake Slack and the fake Discord, with faults on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.databases import PostgreSql, Sqlite
from tests.every_core import SCALE
from tests.fakes.slack import USUAL_SCOPES
from tests.killing import account, fakes, kill_at_random, kill_replicas

HISTORY = frozenset({"channels:history", "groups:history", "im:history"})


def killed(
    folder: Path,
    url: str,
    kills: int,
    on_slack: int,
    on_discord: int,
    record: Callable[[str, object], None],
    longest: float,
    terms: float,
) -> None:
    with fakes(folder, url, 7, scopes=USUAL_SCOPES | HISTORY) as (zygote, outbox):
        outbox.fill(on_slack, on_discord)
        number = kill_at_random(zygote, outbox, kills, 7, longest, 3_000, terms)
        found, states = account(outbox), outbox.states()
    assert (found.lost, found.doubled, found.disordered, found.uncertain) == ([], [], [], [])
    assert set(states) == {"sent"}
    record("killed", f"{number} kills, {on_slack} Slack + {on_discord} Discord, {found.attempts:.2f} attempts a part")


def test_twenty_kills_lose_and_double_nothing(
    tmp_path: Path, on_sqlite: Sqlite, record_property: Callable[[str, object], None]
) -> None:
    killed(tmp_path, on_sqlite.ready(), 20, 20, 180, record_property, 0.4, 0.1)


@pytest.mark.long
def test_a_thousand_kills_lose_and_double_nothing(
    tmp_path: Path, on_sqlite: Sqlite, record_property: Callable[[str, object], None]
) -> None:
    kills, digests = int(1_000 * SCALE), int(20_000 * SCALE)
    killed(tmp_path, on_sqlite.ready(), kills, digests // 5, digests * 4 // 5, record_property, 1.0, 0.2)


@pytest.mark.long
@pytest.mark.parametrize("policy", ["at_most_once", "at_least_once"])
def test_where_slack_cannot_be_asked_each_unclear_outcome_costs_one_at_most(
    tmp_path: Path, on_sqlite: Sqlite, policy: str, record_property: Callable[[str, object], None]
) -> None:
    with fakes(tmp_path, on_sqlite.ready(), 11, scopes=USUAL_SCOPES) as (zygote, outbox):
        outbox.fill(int(600 * SCALE), 0, a_channel=4, policy=policy)
        kills = kill_at_random(zygote, outbox, int(40 * SCALE), 11, 2.0, seconds=600)
        found = account(outbox)
    assert (found.lost, found.disordered) == ([], [])  # what is missing is listed as uncertain
    if policy == "at_most_once":
        assert found.doubled == []
    else:
        assert found.uncertain == []
        assert found.copies <= found.resent
    told = f"{kills} kills, {len(found.uncertain)} listed, {found.copies} doubled of {found.resent} sent again"
    record_property(f"cannot be asked, {policy}", told)


def test_of_several_processes_on_postgresql_one_may_die_or_freeze(
    tmp_path: Path, on_postgresql: PostgreSql, record_property: Callable[[str, object], None]
) -> None:
    replicated(tmp_path, on_postgresql.ready(), (20, 200), 12, "2 2", 6, record_property)


@pytest.mark.long
def test_four_processes_of_which_one_dies_or_freezes_every_five_seconds(
    tmp_path: Path, on_postgresql: PostgreSql, record_property: Callable[[str, object], None]
) -> None:
    digests = int(600 * SCALE), int(9_000 * SCALE)
    replicated(tmp_path, on_postgresql.ready(), digests, 600 * SCALE, "20 12", 45, record_property)


def replicated(
    folder: Path,
    url: str,
    digests: tuple[int, int],
    seconds: float,
    lease: str,
    frozen_for: float,
    record: Callable[[str, object], None],
) -> None:
    with fakes(folder, url, 5, lease, scopes=USUAL_SCOPES | HISTORY) as (zygote, outbox):
        outbox.fill(*digests)
        killed, frozen = kill_replicas(zygote, outbox, 4, 5, seconds, frozen_for)
        found, states, longest = account(outbox), outbox.states(), outbox.longest_pause()
    assert (found.lost, found.doubled, found.disordered, found.uncertain) == ([], [], [], [])
    assert set(states) == {"sent"}
    record("replicas", f"{killed} killed, {frozen} frozen; longest pause of a lane {longest:.0f} s")
