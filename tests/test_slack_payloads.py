"""What Slack is sent and told, judged by the fake's own reading of Slack's rules."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import MENU, UMBRELLA, names_outside
from bot.platforms.slack.incoming import by_click, by_direct_message, by_message_shortcut, plain
from bot.platforms.slack.limits import RESERVED, texts
from bot.platforms.slack.manifest import EVENTS, MOST_HINT, OPTIONAL_SCOPES, SCOPES, manifest
from bot.platforms.slack.messages import home, modal, options, shareable, shared
from bot.platforms.slack.render import BUDGET, cost, payload
from bot.ports import Argument, MenuItem
from bot.recently import Recently
from briefings.document import Choice, Document, Fact, Facts, Heading, SourceEntry, Statement
from briefings.measure import length
from briefings.paginate import paginate
from briefings.words import words_in
from tests.fakes.block_kit import block_problems, view_problems
from tests.fakes.slack import USUAL_SCOPES
from tests.generated import ROOT
from tests.test_contract import CURATED, every_document

TEXTS = ("plain", "a · “b” 腾讯 🙂", "a_b*c [1](x) <@1> @here http://x", " two  blanks\tand more ", "1. first")
ITEMS = [command.item for command in MENU]
PAGES = [page for document in every_document(CURATED, pairs=10) for page in paginate(document, BUDGET)]


def test_every_page_keeps_slacks_rules_in_every_form_that_it_may_take() -> None:
    for page in PAGES:
        for message in (payload(page), payload(page, conservative=True), shareable(page), shared(page, "U1")):
            assert list(block_problems(message["blocks"], "message")) == [], page.title
        assert list(view_problems(modal(page))) == [], page.title


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_part_costs_the_characters_that_slack_is_sent_for_it(text: str) -> None:
    statement = Statement(text, (1, 12), text, "claim", 0)
    entries = tuple(SourceEntry(number, "id", text, text, text, text, "https://x.example") for number in (1, 12))
    for part in (statement, Heading(text), Facts((Fact(text, statement), Fact(text, statement)))):
        sent = payload(Document("T", "S", "", (part,), entries))["blocks"]
        said, sources = [block for block in sent if block["type"] == "rich_text"]
        assert cost(part)[1] == sum(map(length, texts(said)))
        assert sum(cost(entry)[1] + 1 for entry in entries) == sum(map(length, texts(sources)))


def test_two_pages_at_their_longest_fit_the_home() -> None:
    longest = sorted(PAGES, key=lambda page: len(modal(page)["blocks"]))[-2:]
    assert list(view_problems(home(*longest))) == []
    assert list(view_problems(modal())) == []


def test_what_is_typed_ahead_fits_an_option_however_long_it_is() -> None:
    made = options({"A": [Choice("x" * 200, "/help")], "B": []})
    assert len(made["option_groups"][0]["options"][0]["text"]["text"]) == 75
    assert options({"A": []}) == {"options": []}


def test_places_and_people_are_named_by_slack_and_what_is_none_stays_as_it_is() -> None:
    shown = {
        "slack:T1/@U1": [{"type": "user", "user_id": "U1"}],
        "slack:T1/C1": [{"type": "channel", "channel_id": "C1"}],
        "slack:T1/C1/7.5": [{"type": "channel", "channel_id": "C1"}, {"type": "text", "text": " (in a thread)"}],
        "slack:T1/D1": [{"type": "text", "text": "slack:T1/D1"}],
        "discord:1/2": [{"type": "text", "text": "discord:1/2"}],
        "<!channel>": [{"type": "text", "text": "<!channel>"}],
    }
    for place, elements in shown.items():
        document = Document("T", "S", "", (words_in("en").placed("paused_by", place),))
        sent = payload(document)["blocks"]
        assert sent[1]["elements"][0]["elements"][:-1] == [{"type": "text", "text": "paused by "}, *elements]
        assert list(block_problems(sent, "message")) == []


def test_only_what_can_be_asked_for_again_can_be_shared() -> None:
    assert payload(Document("T", "S", "", ())) == shareable(Document("T", "S", "", ()))
    assert "1:share" in str(shareable(Document("T", "S", "/help", ())))


READ = yaml.safe_load(manifest(ITEMS, UMBRELLA))
OVER_HTTP = yaml.safe_load(manifest(ITEMS, UMBRELLA, "https://bot.example/slack/events"))


def test_the_manifest_registers_every_command_under_a_name_that_slack_leaves_us() -> None:
    names = [command["command"] for command in READ["features"]["slash_commands"]]
    assert names[0] == "/briefing"
    assert "/find" in names
    assert len(set(names)) == len(names)
    assert not {name.removeprefix("/") for name in names} & RESERVED
    registered = {item.name for item in ITEMS if item.name_outside(RESERVED)}
    assert len(names) == 1 + len(registered)
    assert {item.name for item in ITEMS} - registered == {"help"}  # which the umbrella alone is


def test_the_manifest_keeps_slacks_limits() -> None:
    for command in READ["features"]["slash_commands"]:
        assert 1 < len(command["command"]) <= 32
        assert 0 < len(command["description"]) <= 2000
        assert len(command.get("usage_hint", "")) <= MOST_HINT
    for shortcut in READ["features"]["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
        assert len(shortcut["callback_id"]) <= 255
    assert len(READ["display_information"]["name"]) <= 35
    assert len(READ["display_information"]["description"]) < 140  # the documentation says 140, Slack refuses it
    assert len(READ["features"]["slash_commands"]) <= 50
    assert len(READ["features"]["shortcuts"]) <= 10


def test_the_manifest_asks_for_the_least_scopes_each_with_its_reason() -> None:
    assert set(READ["oauth_config"]["scopes"]["bot"]) == set(SCOPES) == USUAL_SCOPES
    text = (ROOT / "deploy/slack-manifest.yaml").read_text()
    for scope, reason in {**SCOPES, **OPTIONAL_SCOPES}.items():
        assert scope in text
        assert reason in text


def test_the_manifest_subscribes_just_what_is_handled() -> None:
    assert set(READ["settings"]["event_subscriptions"]["bot_events"]) == set(EVENTS)
    listeners = (ROOT / "bot/platforms/slack/listeners.py").read_text()
    for event in EVENTS:
        assert f'app.event("{event.partition(".")[0]}")' in listeners


def test_with_an_address_the_manifest_has_slack_use_it_for_everything() -> None:
    def addresses(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [found for item in value.values() for found in addresses(item)]
        if isinstance(value, list):
            return [found for item in value for found in addresses(item)]
        return [value] if isinstance(value, str) and value.startswith("https://") else []

    assert addresses(READ) == []
    assert set(addresses(OVER_HTTP)) == {"https://bot.example/slack/events"}
    assert len(addresses(OVER_HTTP)) == len(OVER_HTTP["features"]["slash_commands"]) + 3
    assert (READ["settings"]["socket_mode_enabled"], OVER_HTTP["settings"]["socket_mode_enabled"]) == (True, False)


def test_no_text_of_a_command_breaks_the_manifest() -> None:
    odd = MenuItem("odd", 'quotes " and: colons # and \\', (Argument("a", "text", "x"),))
    read = yaml.safe_load(manifest([odd], UMBRELLA))
    assert read["features"]["slash_commands"][1]["description"] == odd.summary


def test_a_name_that_slack_keeps_gives_way_to_an_alias_and_that_to_the_umbrella() -> None:
    assert MenuItem("search", "s", aliases=("find",)).name_outside(RESERVED) == "find"
    assert MenuItem("search", "s", aliases=("remind",)).name_outside(RESERVED) is None
    assert names_outside(RESERVED) == {"search": "find", "help": "briefing help"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<http://JD.com|JD.com> &amp; <https://x.example/a?b=1>", "JD.com & https://x.example/a?b=1"),
        ("<@U1> company Tencent", "  company Tencent"),
        ("<@U1|anna> in <#C1|general>, <#C2>", "@anna in #general,  "),
        ("<!here> <!date^1700000000^{date}|Tuesday> <!subteam^S1|@team>", "  Tuesday @team"),
        ("&lt;b&gt; &amp;amp;", "<b> &amp;"),
        ("<mailto:a@b.example|a@b.example> <mailto:c@d.example>", "a@b.example c@d.example"),
        ("腾讯 <3 & >", "腾讯 <3 & >"),
    ],
)
def test_slacks_text_is_read_as_people_read_it(written: str, read: str) -> None:
    assert plain(written) == read


@given(st.text(max_size=80))
def test_whatever_people_write_comes_back_from_slacks_escaping(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert plain(escaped) == text


def message_event(**fields: Any) -> dict[str, Any]:
    return {"team_id": "T1", "event": {"channel_type": "im", "channel": "D1", "user": "U1", "text": "help"} | fields}


@pytest.mark.parametrize(
    "fields",
    [
        {"subtype": "message_changed"},
        {"bot_id": "B1"},
        {"user": ""},
        {"channel_type": "channel"},
        {"subtype": "message_deleted"},
    ],
)
def test_what_no_person_wrote_to_the_bot_is_not_answered(fields: dict[str, Any]) -> None:
    assert by_direct_message(message_event()) is not None
    assert by_direct_message(message_event(**fields)) is None


def test_a_message_is_read_to_the_end_of_its_blocks_and_cards() -> None:
    message = {
        "text": "One", "user": "U1", "blocks": [{"type": "rich_text", "elements": [{"elements": [{"type": "text", "text": "Two"}]}]}],
        "attachments": [{"title": "Three", "fields": [{"title": "Four", "value": "5"}], "fallback": "One"}],
    }  # fmt: skip
    asked = by_message_shortcut(
        {"message": message, "team": {"id": "T1"}, "channel": {"id": "C1"}, "user": {"id": "U1"}}
    )
    assert asked.line == "/spot One Two Three Four"
    assert (asked.place, asked.user) == ("slack:T1/C1", "U1")


def test_a_message_of_any_length_is_looked_at_as_far_as_a_text_may_go() -> None:
    asked = by_message_shortcut({"message": {"text": "x " * 100_000}})
    assert len(asked.line) <= len("/spot ") + 20_000


def test_a_shared_message_in_a_conversation_of_two_is_never_edited() -> None:
    def click(message: dict[str, Any]) -> Any:
        body = {"actions": [{"value": "/help"}], "channel": {"id": "D1"}, "message": message, "response_url": "u"}
        return by_click(body).destination

    assert click({"blocks": []}).replace is True
    assert click(shared(Document("T", "S", "/help", ()), "U1")).replace is False


def test_what_came_is_remembered_for_its_time_and_in_bounded_room() -> None:
    now = [0.0]
    recently = Recently(60, most=3, now=lambda: now[0])
    assert [recently.seen(key) for key in "aab"] == [False, True, False]
    now[0] = 61
    assert recently.seen("a") is False
    assert [recently.seen(key) for key in "cdea"] == [False, False, False, False]
    assert recently.seen("e") is True
