import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.admission import MOST_IN_FLIGHT, MOST_REMEMBERED, USER, WORKSPACE, Admission
from bot.answer import Answers
from bot.commands import names_outside
from bot.lines import parse
from briefings.document import choices
from tests.builders import TODAY, airships

KNOWN = airships()


class Clock:
    """Is a monotonic clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_user_may_ask_a_few_times_at_once_and_then_once_a_second() -> None:
    clock = Clock()
    admission = Admission(clock)
    asked = [admission.refused("U1", "slack:T1/C1", 0) for _ in range(8)]
    assert asked == [None] * 5 + ["flooded"] * 3
    clock.now += 1
    assert [admission.refused("U1", "slack:T1/C2", 0) for _ in range(2)] == [None, "flooded"]


def test_one_users_flood_leaves_the_others_alone() -> None:
    admission = Admission(Clock())
    for _ in range(100):
        admission.refused("U1", "slack:T1/C1", 0)
    assert admission.refused("U2", "slack:T1/C1", 0) is None
    assert admission.refused("U1", "slack:T2/C1", 0) is None


def test_a_workspace_is_bounded_whoever_asks() -> None:
    admission = Admission(Clock())
    asked = [admission.refused(f"U{n}", "slack:T1/C1", 0) for n in range(400)]
    assert asked.count(None) == WORKSPACE.burst
    assert admission.refused("U1", "slack:T2/C1", 0) is None


def test_no_more_is_begun_than_can_be_in_flight() -> None:
    admission = Admission(Clock())
    assert admission.refused("U1", "slack:T1/C1", MOST_IN_FLIGHT - 1) is None
    assert admission.refused("U1", "slack:T1/C1", MOST_IN_FLIGHT) == "busy"


def test_whoever_has_no_id_as_at_a_terminal_asks_freely() -> None:
    admission = Admission(Clock())
    assert {admission.refused("", "terminal:", 0) for _ in range(1000)} == {None}


def test_any_number_of_users_is_remembered_in_bounded_room() -> None:
    admission = Admission(Clock())
    for number in range(MOST_REMEMBERED * 2):
        admission.refused(f"U{number}", f"slack:T{number}/C1", 0)
    assert len(admission._buckets) == MOST_REMEMBERED


@given(st.lists(st.floats(0, 10), max_size=60))
def test_over_any_time_no_user_gets_more_than_the_allowance(pauses: list[float]) -> None:
    clock = Clock()
    admission = Admission(clock)
    let_in = 0
    for pause in pauses:
        clock.now += pause
        let_in += admission.refused("U1", "slack:T1/C1", 0) is None
    assert let_in <= USER.burst + sum(pauses) * USER.rate


def test_a_refusal_is_an_answer_with_ways_on() -> None:
    core = Answers(lambda: KNOWN, lambda: TODAY, admission=Admission(Clock()))
    refused = [core.turned_away("U1", "slack:T1/C1", 0) for _ in range(6)]
    assert refused[:5] == [None] * 5
    assert refused[5] is not None
    assert refused[5].title == "One at a time"
    busy = core.turned_away("U2", "slack:T1/C1", MOST_IN_FLIGHT)
    assert busy is not None
    assert (busy.title, core.expired().title) == ("Busy", "This control no longer works")
    assert choices(busy) == (), "buttons would be asking too"


def test_answers_call_commands_as_they_are_called_where_they_are_read() -> None:
    names = names_outside({"search", "help"})
    assert names == {"search": "find", "help": "briefing help"}
    core = Answers(lambda: KNOWN, lambda: TODAY, names)
    told = asyncio.run(core.answer_line("/help")).document
    assert ("/find Sky tourism", "/search Sky tourism") in {(c.label, c.command) for c in choices(told)}
    assert "/find [WORDS]" in str(told.blocks)
    assert "/briefing help" in str(told.blocks)
    refused = asyncio.run(core.answer_line("/find")).document
    assert refused.title == "/find needs words or a filter"
    assert "/find since:2020" in str(refused.blocks)
    mistyped = asyncio.run(core.answer_line("/serch airships")).document
    assert choices(mistyped)[0].label == "/find airships"


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("/briefing company zephyr", "/company zephyr"),
        ("briefing /company zephyr page:2", "/company zephyr page:2"),
        ("/briefing", "/help"),
        ("/search x theme:“tourism”", '/search x theme:"tourism"'),
    ],
)
def test_a_line_is_read_as_it_is_meant(line: str, same: str) -> None:
    assert parse(line) == parse(same)
