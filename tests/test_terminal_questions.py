"""Subscribing at the prompt: questions, one after another."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.answer import Answers
from bot.desk.desk import StoreDesk
from bot.platforms.terminal.adapter import HERE
from bot.platforms.terminal.questions import HOW, Questions
from bot.ports import Argument, Reply, Request
from bot.store import subscriptions
from bot.store.opening import Store
from bot.store.tables import draft
from bot.zones import zone_here
from briefings.document import Choice, choices
from tests.builders import airships
from tests.databases import Sqlite
from tests.stored import NOW, subscribed
from tests.test_terminal import PROMPT, Prompt

KNOWN = airships()


class Person:
    """Fills in a form: types the next of some lines at every question, and remembers what was read."""

    def __init__(self, store: Store, lines: Iterable[str]) -> None:
        self.core = Answers(lambda: KNOWN, desk=StoreDesk(store, lambda: NOW))
        self.lines = iter(lines)
        self.questions: list[tuple[str, str]] = []
        self.read: list[str] = []

    async def type(self, argument: Argument, there: str) -> str:
        self.questions.append((argument.name, there))
        return next(self.lines)

    async def fill_in(self, **asked: str) -> Reply:
        item = next(item for item in self.core.menu if item.form)
        request = Request(item.name, asked, place=HERE, manages=True, anywhere=True)
        there = await self.core.filled(request)
        return await Questions(self.core, item, request, self.type, self.read.append).reply(there)

    async def say(self, choice: Choice) -> Reply:
        return await self.core.answer_line(choice.command, place=HERE, manages=True, anywhere=True)


@pytest.fixture
def databases(on_sqlite: Sqlite) -> Sqlite:
    return on_sqlite


async def drafts(store: Store) -> list[Mapping[str, str]]:
    async with store.reading() as tx:
        return [row.fields for row in await tx.execute(select(draft))]


def saving(reply: Reply) -> Choice:
    return next(choice for choice in choices(reply.document) if " save:" in choice.command)


async def test_a_question_is_asked_again_until_its_answer_can_be_used(store: Store) -> None:
    person = Person(store, ["sometimes", "", "daily 09:00", "Mars", "Europe/Berlin", "."])
    reply = await person.fill_in()
    assert [name for name, _ in person.questions] == ["schedule"] * 3 + ["zone"] * 2 + ["topics"]
    assert any(line.startswith('"sometimes" is no schedule that we can read') for line in person.read)
    assert any(line.startswith("a schedule is missing; write such as") for line in person.read)
    assert any(line.startswith('there is no zone "Mars"; write such as') for line in person.read)
    assert reply.outcome == "answered"
    assert saving(reply)


async def test_nothing_is_kept_of_a_form_before_it_is_whole_and_nothing_is_saved_before_somebody_saves_it(
    store: Store,
) -> None:
    person = Person(store, ["daily 09:00", "Europe/Berlin", "Zephyr", ""] + 20 * [""])
    reply = await person.fill_in()
    assert [kept["topics"] for kept in await drafts(store)] == ["Zephyr"]
    assert await subscriptions.everywhere(store) == []
    saved = await person.say(saving(reply))
    assert "/subscriptions now " in choices(saved.document)[0].command
    [one] = await subscriptions.everywhere(store)
    assert (one.place, one.schedule, one.wanted["topics"]) == (HERE, "daily 09:00", {"Zephyr": "company:zephyr"})


async def test_a_form_opens_with_what_is_usual(store: Store) -> None:
    person = Person(store, ["daily 09:00", "UTC"] + 20 * [""])
    await person.fill_in()
    assert person.read[0] == HOW
    asked = dict(person.questions)
    assert (asked["schedule"], asked["match"], asked["most"], asked["catch_up"]) == ("", "any", "10", "6h")
    assert asked.keys() & {"edit", "save", "place"} == set()
    assert "any topic, or one of each kind that is given (any, all)" in person.read


async def test_an_edit_opens_with_what_is_there_and_a_hyphen_empties_it(store: Store) -> None:
    there = {"topics": {"helium": "theme:helium"}, "except": {"Zephyr": "company:zephyr"}}
    await subscribed(store, place=HERE, wanted=there)
    person = Person(store, ["", "", "", "-", "."])
    reply = await person.fill_in(edit="airships")
    assert person.questions[:4] == [
        ("schedule", "daily 09:00"),
        ("zone", "Europe/Berlin"),
        ("topics", "helium"),
        ("except", "Zephyr"),
    ]
    await person.say(saving(reply))
    [one] = await subscriptions.everywhere(store)
    assert (one.wanted["topics"], one.wanted["except"]) == ({"helium": "theme:helium"}, {})


async def test_what_does_not_fit_together_is_asked_again_at_the_end(store: Store) -> None:
    person = Person(store, ["daily 09:00", "UTC", "Zephyr", "Zephyr", ".", "helium"])
    reply = await person.fill_in()
    assert 'except: "Zephyr" is among the topics too; leave it out of one of the two' in person.read
    assert person.questions[-1] == ("except", "Zephyr")
    assert saving(reply)
    assert [kept["except"] for kept in await drafts(store)] == ["helium"]


async def test_the_rest_cannot_be_taken_as_it_stands_where_something_is_missing(store: Store) -> None:
    person = Person(store, [".", "daily 09:00", "UTC"])
    assert saving(await person.fill_in())
    assert [name for name, _ in person.questions] == ["schedule", "schedule", "zone"]


def test_the_zone_of_this_machine_is_known_by_its_clock(tmp_path: Path) -> None:
    for name, told in (("Asia/Shanghai", "Asia/Shanghai"), ("Europe/Atlantis", "")):
        clock = tmp_path / "clock"
        clock.symlink_to(tmp_path / "zoneinfo" / name)
        assert zone_here(clock) == told
        clock.unlink()
    assert zone_here(tmp_path / "missing") == ""


@pytest.fixture
def prompt(tmp_path: Path, url: str) -> Prompt:
    return Prompt(tmp_path, DATABASE_URL=url)


def question(name: str) -> str:
    return rf"\x1b\[0m{name}(?: \[.*?\])?:"


def test_a_newcomer_subscribes_by_questions_and_numbers_and_reads_a_digest_at_once(prompt: Prompt) -> None:
    for typed, name in (
        ("/subscribe", "schedule"),
        ("weekdays at 09:00", "zone"),
        ("Mars", "zone"),
        ("Europe/Berlin", "topics"),
        ("Zephyr, helium", "except"),
    ):
        prompt.child.send(typed + "\r")
        prompt.child.expect(question(name))
    shown = prompt.ask(".", "Nothing is saved yet")
    assert "1 Save" in plainly(shown)
    assert "1 Post one now" in plainly(prompt.ask("1", "Saved: Zephyr Airships, Helium"))
    prompt.child.send("1\r")
    prompt.child.expect("On its way")
    prompt.child.expect(PROMPT)
    prompt.child.send("/theme saf")  # the digest comes while something is being typed
    prompt.child.expect("From the archive")
    prompt.child.expect(PROMPT)
    assert "/why " in plainly(str(prompt.child.before)), "the prompt is drawn anew below the whole digest"
    prompt.child.expect("/theme saf")
    prompt.ask("ety", "flying too low")
    prompt.leave()


def plainly(screen: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen)


def test_an_interrupt_leaves_the_questions_and_nothing_is_saved(prompt: Prompt) -> None:
    prompt.child.send("/subscribe\r")
    prompt.child.expect(question("schedule"))
    prompt.child.send("daily 09:00\r")
    prompt.child.expect(question("zone"))
    prompt.child.sendintr()
    prompt.child.expect(PROMPT)
    prompt.ask("/subscriptions", "No subscription here")
    prompt.leave()
