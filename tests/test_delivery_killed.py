"""Real processes that deliver and are killed, against the fake Slack and the fake Discord, with faults on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.databases import PostgreSql, Sqlite
from tests.every_core import SCALE
from tests.fakes.slack import USUAL_SCOPES
from tests.killing import HISTORY, account, fakes, kill_at_random, kill_replicas


def killed(
    folder: Path,
    url: str,
    kills: int,
    on_slack: int,
    on_discord: int,
    record: Callable[[str, object], None],
    longest: float,
    terms: float,
    patience: str = "20 12 12 300",
    a_channel: int = 20,
) -> None:
    with fakes(folder, url, 7, patience, scopes=USUAL_SCOPES | HISTORY) as (zygote, outbox):
        outbox.fill(on_slack, on_discord, a_channel)
        number = kill_at_random(zygote, outbox, kills, 7, longest, 6_000, terms)
        found, states = account(outbox), outbox.states()
    assert (found.lost, found.doubled, found.disordered, found.uncertain) == ([], [], [], [])
    assert set(states) == {"sent"}
    record("killed", f"{number} kills, {on_slack} Slack + {on_discord} Discord, {found.attempts:.2f} attempts a part")


@pytest.mark.timeout(600)  # of a busy machine; an idle one takes 20 seconds
def test_twenty_kills_lose_and_double_nothing(
    tmp_path: Path, on_sqlite: Sqlite, record_property: Callable[[str, object], None]
) -> None:
    killed(tmp_path, on_sqlite.ready(), 20, 20, 180, record_property, 0.4, 0.1, "20 12 3 5", 4)


@pytest.mark.long(minutes=20)
def test_a_thousand_kills_lose_and_double_nothing(
    tmp_path: Path, on_sqlite: Sqlite, record_property: Callable[[str, object], None]
) -> None:
    kills, digests = int(1_000 * SCALE), int(20_000 * SCALE)
    killed(tmp_path, on_sqlite.ready(), kills, digests // 5, digests * 4 // 5, record_property, 1.0, 0.2)


@pytest.mark.long(minutes=5)
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


@pytest.mark.timeout(600)
def test_of_several_processes_on_postgresql_one_may_die_or_freeze(
    tmp_path: Path, on_postgresql: PostgreSql, record_property: Callable[[str, object], None]
) -> None:
    some = Replicas(20, 200, a_channel=4, seconds=10, every=2, frozen_for=6, patience="2 2 3 5")
    replicated(tmp_path, on_postgresql.ready(), some, record_property)


@pytest.mark.long(minutes=12)
def test_four_processes_of_which_one_dies_or_freezes_every_five_seconds(
    tmp_path: Path, on_postgresql: PostgreSql, record_property: Callable[[str, object], None]
) -> None:
    many = Replicas(
        int(400 * SCALE), int(4_000 * SCALE), 20, 600 * SCALE, every=5, frozen_for=45, patience="20 12 12 300"
    )
    replicated(tmp_path, on_postgresql.ready(), many, record_property)


@dataclass(frozen=True)
class Replicas:
    """Says what four processes have to post, and what happens to them meanwhile, in seconds."""

    on_slack: int
    on_discord: int
    a_channel: int
    seconds: float
    every: float
    frozen_for: float
    patience: str


def replicated(folder: Path, url: str, some: Replicas, record: Callable[[str, object], None]) -> None:
    with fakes(folder, url, 5, some.patience, scopes=USUAL_SCOPES | HISTORY) as (zygote, outbox):
        outbox.fill(some.on_slack, some.on_discord, some.a_channel)
        killed, frozen = kill_replicas(zygote, outbox, 4, 2, some.seconds, some.every, some.frozen_for)
        found, states, longest = account(outbox), outbox.states(), outbox.longest_pause()
    assert (found.lost, found.doubled, found.disordered, found.uncertain) == ([], [], [], [])
    assert set(states) == {"sent"}
    assert killed
    assert frozen
    record("replicas", f"{killed} killed, {frozen} frozen; longest pause of a lane {longest:.0f} s")
