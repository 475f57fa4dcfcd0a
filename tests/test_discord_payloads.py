"""What Discord is sent and told, judged by the fake's own reading of Discord's rules."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import MENU
from bot.platforms.discord.escaping import escaped
from bot.platforms.discord.incoming import plain
from bot.platforms.discord.messages import alone, private, shared
from bot.platforms.discord.registration import COMPANIES_IN_MESSAGE, LEFT_OUT, commands
from bot.platforms.discord.render import BUDGET, cost, payload
from bot.ports import Argument, MenuItem
from briefings.document import Document, Fact, Facts, Heading, SourceEntry, Statement
from briefings.measure import length
from briefings.paginate import paginate
from briefings.words import words_in
from tests.fakes.discord_commands import command_problems
from tests.fakes.discord_components import component_problems
from tests.test_contract import CURATED, every_document

PAGES = [page for document in every_document(CURATED, pairs=10) for page in paginate(document, BUDGET)]
TEXTS = ("plain", "a · “b” 腾讯 🙂", "a_b*c [1](x) <@1> @here http://x", " two  blanks\tand more ", "1. first")
ITEMS = [command.item for command in MENU]


def test_every_page_keeps_discords_rules_in_every_form_that_it_may_take() -> None:
    async def look() -> None:
        for page in PAGES:
            for view in (alone(page), private(page), shared(page, "123456789012345678")):
                assert component_problems(view.to_components(), v2=True) == [], page.title
                assert view.is_finished(), "discord.py would keep it for ever"

    asyncio.run(look())


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_part_costs_the_characters_that_discord_is_sent_for_it(text: str) -> None:
    statement = Statement(text, (1, 12), text, "claim", 0)
    entries = tuple(SourceEntry(number, "id", text, text, text, text, "https://x.example") for number in (1, 12))
    for part in (statement, Heading(text), Facts((Fact(text, statement), Fact(text, statement)))):
        shown = payload(Document("T", "S", "", (part,), entries))["components"][0]["components"]
        lines = "\n".join(one["content"] for one in shown if "content" in one).split("\n")
        assert lines[0] == "## T"
        assert cost(part)[1] == sum(length(line) + 1 for line in lines[1:-2])
        assert sum(cost(entry)[1] for entry in entries) == sum(length(line) + 1 for line in lines[-2:])


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a  b\tc\n", "a b c "), ("\u2003a\u00a0b", " a b"), ("1. a", r"1\. a"), (r"\@", "\\\\\\@\u200b")],
    ids=["runs", "wide", "number", "escaped"],
)
def test_gaps_become_blanks_and_what_is_escaped_is_escaped_again(text: str, shown: str) -> None:
    assert escaped(text) == shown


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("discord:1/@2", "<@2>"),
        ("discord:1/2", "<#2>"),
        ("discord:1/2/3", "<#3>"),
        ("discord:@4/4", escaped("discord:@4/4")),
        ("slack:T1/C1", escaped("slack:T1/C1")),
        ("<@&1>", escaped("<@&1>")),
    ],
    ids=["person", "channel", "thread", "conversation", "elsewhere", "no place"],
)
def test_places_and_people_are_named_by_discord_and_what_is_none_stays_as_it_is(place: str, shown: str) -> None:
    sent = payload(Document("T", "S", "", (words_in("en").placed("paused_by", place),)))
    assert sent["allowed_mentions"] == {"parse": []}
    assert [text for text in texts(sent["components"]) if text.endswith(f"paused by {shown}")]


def texts(components: list[dict[str, Any]]) -> list[str]:
    return [one for c in components for one in (c.get("content", ""), *texts(c.get("components", [])))]


def test_the_commands_keep_discords_rules() -> None:
    for command in commands(ITEMS):
        assert command_problems(command) == [], command["name"]
        assert len(str(command)) < 8_000
    assert commands(ITEMS)[-1]["name"] == COMPANIES_IN_MESSAGE


def test_every_argument_of_the_menu_can_be_typed_required_ones_first() -> None:
    for item, command in zip(ITEMS, commands(ITEMS), strict=False):
        options = command["options"]
        assert {option["name"] for option in options} == {a.name for a in item.arguments} - LEFT_OUT
        assert [option["required"] for option in options] == sorted((o["required"] for o in options), reverse=True)


def test_a_text_that_is_too_long_for_discord_is_cut() -> None:
    (command, _) = commands([MenuItem("odd", "x" * 200, (Argument("a", "text", "y" * 200, most=99_999),))])
    assert command_problems(command) == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("**Tencent** and __Alibaba__", "Tencent and Alibaba"),
        ('[Tencent](https://x.example "t") <@123> <@!1> <@&1> <#1>', "Tencent        "),
        ("<:wave:123> <a:party:1> </company:12> <t:1700000000:R>", "    /company  "),
        ("# Big\n> said\n-# small", "Big\nsaid\nsmall"),
        ("a\\_b 腾讯 ||spoiler||", "a\\_b 腾讯 spoiler"),
    ],
)
def test_discords_markup_is_read_as_people_read_it(written: str, read: str) -> None:
    assert plain(written) == read


@given(st.text(alphabet="ab *_~`|<>[]()#@:/\\-+.1&腾", max_size=40))
def test_what_we_escape_reads_as_it_was(text: str) -> None:
    def words(of: str) -> str:
        return "".join(character for character in of if character.isalnum())

    assert words(plain(escaped(text))) == words(" ".join(text.split()))


def test_only_what_can_be_asked_for_again_can_be_shared() -> None:
    assert "1!" not in str(private(Document("T", "S", "", ())).to_components())
    assert "1!/help" in str(private(Document("T", "S", "/help", ())).to_components())
