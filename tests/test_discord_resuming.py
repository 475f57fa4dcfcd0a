"""A session of the Gateway that outlives its process: resumed once, by whoever is next, and what came meanwhile."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bot.answer import Answers
from bot.platforms.discord.resuming import RESUMABLE, Left, left_of
from bot.platforms.discord.state import State
from tests.builders import TODAY
from tests.discord_in_process import KNOWN, FastClock, InProcess, unhurried
from tests.discord_reader import Reader
from tests.fakes.discord import Asked, FakeDiscord

LEFT = Left("1", "0/1", "abc", 7, "wss://gateway.example/", 3, 1_000.0)


@pytest.fixture
def discord() -> Iterator[FakeDiscord]:
    with FakeDiscord() as discord:
        discord.tolerates_timeouts = True
        discord.identify_every = 0
        yield discord


class Counted(Answers):
    """Counts what it is asked."""

    def __init__(self) -> None:
        super().__init__(lambda: KNOWN, lambda: TODAY, admission=unhurried())
        self.asked = 0

    async def answer(self, request: Any) -> Any:
        self.asked += 1
        return await super().answer(request)


def up(discord: FakeDiscord) -> None:
    discord.do(discord.until(lambda: discord.connections == 1))


def asked_meanwhile(discord: FakeDiscord, folder: Path, within: float, core: Answers | None = None) -> Asked:
    """Returns what was asked while no process was there, `within` so many seconds of the next one's start."""
    with InProcess(discord, folder, FastClock()):
        up(discord)
        reader = Reader(discord)
        reader.ask("company", name="zephyr")
    asking = discord.begin(discord.command(reader.user, reader.channel, "company", {"name": "zephyr"}))
    time.sleep(within)
    with InProcess(discord, folder, FastClock(), core):
        up(discord)
        asked = asking.result(10)
        time.sleep(0.3)
    return asked


def test_what_is_asked_between_two_processes_is_answered_by_the_second(discord: FakeDiscord, tmp_path: Path) -> None:
    asked = asked_meanwhile(discord, tmp_path, 0.1)
    assert len(asked.messages()) == 1
    assert (len(discord.identifies), [one.outcome for one in discord.resumes]) == (1, ["resumed"])
    assert discord.objections == []


def test_what_was_asked_too_long_ago_has_no_effect_any_more(discord: FakeDiscord, tmp_path: Path) -> None:
    discord.answer_within, core = 0.5, Counted()
    asked = asked_meanwhile(discord, tmp_path, 2.0, core)
    assert asked.error == "did not respond"
    assert asked.too_late
    assert core.asked == 0


def test_a_session_that_discord_has_forgotten_is_begun_anew(discord: FakeDiscord, tmp_path: Path) -> None:
    discord.resume_seconds = 0
    with InProcess(discord, tmp_path, FastClock()):
        up(discord)
    time.sleep(0.1)
    with InProcess(discord, tmp_path, FastClock()):
        up(discord)
        assert "runs sightseeing flights" in Reader(discord).ask("company", name="zephyr").shown
    assert [one.outcome for one in discord.resumes] == ["invalid session"]
    assert len(discord.identifies) == 2


def test_a_gateway_that_cannot_be_reached_where_it_was_is_asked_where_it_is(
    discord: FakeDiscord, tmp_path: Path
) -> None:
    with InProcess(discord, tmp_path, FastClock()):
        up(discord)
    state = State(tmp_path / "discord.json")
    kept = left_of(state.take("0/1"))
    assert kept
    state.leave({"0/1": replace(kept, url="ws://127.0.0.1:9/").kept()})
    with InProcess(discord, tmp_path, FastClock()):
        up(discord)
    assert len(discord.identifies) == 2


def test_how_a_session_was_left_is_told_once(tmp_path: Path) -> None:
    state = State(tmp_path / "discord.json")
    state.leave({"0/2": LEFT.kept()})
    state.leave({"1/2": replace(LEFT, shard="1/2").kept()})
    assert left_of(state.take("0/2")) == LEFT
    assert state.take("0/2") is None
    assert left_of(state.take("1/2")) == replace(LEFT, shard="1/2")


@pytest.mark.parametrize(
    ("application", "shard", "turn", "later", "fits"),
    [
        ("1", "0/1", 4, 1.0, True),
        ("2", "0/1", 4, 1.0, False),  # the token of another bot
        ("1", "0/2", 4, 1.0, False),  # another number of shards
        ("1", "0/1", 5, 1.0, False),  # somebody has answered since
        ("1", "0/1", 0, 1.0, False),
        ("1", "0/1", 4, RESUMABLE + 1, False),
        ("1", "0/1", 4, -60.0, False),
    ],
)
def test_a_session_is_resumed_only_where_nobody_was_in_between(
    application: str, shard: str, turn: int, later: float, *, fits: bool
) -> None:
    assert LEFT.fits(application, shard, turn, LEFT.at + later) is fits


def test_where_there_are_no_turns_a_session_is_resumed_by_whoever_has_its_folder() -> None:
    assert replace(LEFT, turn=0).fits("1", "0/1", 0, LEFT.at)


@pytest.mark.parametrize("kept", [None, "x", [], {}, {"session": "x"}, {**LEFT.kept(), "sequence": "7"}])
def test_what_is_no_session_is_none(kept: object) -> None:
    assert left_of(kept) is None
