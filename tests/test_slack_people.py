"""Who people are to us on Slack, and what a view may say of where it was opened."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack.asking import form_asked, item_of
from bot.platforms.slack.form import beside, form
from bot.platforms.slack.incoming import by_click, by_mention
from bot.platforms.slack.people import KNOWN_FOR, UNASKED, People, Person
from bot.platforms.slack.views import carrying, form_of, opened_at, submitted
from bot.ports import Argument, MenuItem
from tests.fakes.block_kit import view_problems
from tests.fakes.slack import USUAL_SCOPES, FakeSlack

ANNA = "U0ANNA"


@pytest.fixture(scope="module")
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as slack:
        yield slack


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize(
    ("profile", "person"),
    [
        ({"tz": "Asia/Tokyo"}, Person(zone="Asia/Tokyo")),
        ({"is_admin": True}, Person(admin=True, zone="Europe/London")),
        ({"is_owner": True}, Person(admin=True, zone="Europe/London")),
        ({"is_restricted": True}, Person(member=False, zone="Europe/London")),
        ({"is_ultra_restricted": True}, Person(member=False, zone="Europe/London")),
        ({"deleted": True, "is_admin": True}, Person(member=False, zone="Europe/London")),
        ({"team_id": "T0ELSEWHERE", "is_admin": True}, Person(member=False, zone="Europe/London")),
        ({"tz": None}, Person()),
    ],
    ids=["member", "admin", "owner", "guest", "guest of one channel", "gone", "admin elsewhere", "without a zone"],
)
async def test_a_person_is_who_slack_says(slack: FakeSlack, profile: dict[str, Any], person: Person) -> None:
    slack.profiles[ANNA] = profile
    people = People(AsyncWebClient(slack.bot_token, slack.api_url))
    people.workspace = slack.team_id
    assert await people.person(ANNA) == person


@pytest.mark.usefixtures("runner")
async def test_people_of_an_organisation_belong_to_each_of_their_workspaces(slack: FakeSlack) -> None:
    people = People(AsyncWebClient(slack.bot_token, slack.api_url))
    people.workspace = "T0OURS"
    slack.profiles[ANNA] = {"team_id": slack.team_id, "enterprise_user": {"teams": [slack.team_id, "T0OURS"]}}
    assert (await people.person(ANNA)).member


@pytest.mark.usefixtures("runner")
async def test_what_slack_told_is_believed_for_some_minutes(slack: FakeSlack) -> None:
    now = [0.0]
    people = People(AsyncWebClient(slack.bot_token, slack.api_url), lambda: now[0])
    slack.profiles[ANNA] = {"is_admin": True}
    assert (await people.person(ANNA)).admin
    slack.profiles[ANNA] = {}
    assert (await people.person(ANNA)).admin
    now[0] = KNOWN_FOR
    assert not (await people.person(ANNA)).admin


@pytest.mark.usefixtures("runner")
async def test_whom_slack_does_not_tell_of_is_no_admin_and_is_asked_for_again() -> None:
    with FakeSlack(USUAL_SCOPES - {"users:read"}) as slack:
        people = People(AsyncWebClient(slack.bot_token, slack.api_url))
        slack.profiles[ANNA] = {"is_admin": True}
        assert await people.person(ANNA) == UNASKED
        slack.scopes = USUAL_SCOPES
        slack.fault("users.info", "bare")
        assert await people.person(ANNA) == UNASKED
        assert (await people.person(ANNA)).admin


def view(carried: object, **fields: Any) -> dict[str, Any]:
    shown = {"type": "modal", "id": "V1", "app_installed_team_id": "T1", "private_metadata": carried} | fields
    return {"team": {"id": "T1"}, "user": {"id": "U1", "team_id": "T1"}, "view": shown, "trigger_id": "1.2.3"}


@pytest.mark.parametrize(
    ("carried", "place"),
    [
        (carrying("slack:T1/C1"), "slack:T1/C1"),
        (carrying("slack:T1/C1/123.45"), "slack:T1/C1/123.45"),
        (carrying("slack:T2/C1"), "slack:T1/@U1"),
        (carrying("discord:T1/C1"), "slack:T1/@U1"),
        (carrying("slack:T1/C1/../../T2"), "slack:T1/@U1"),
        ("", "slack:T1/@U1"),
        ("[1]", "slack:T1/@U1"),
        ("{", "slack:T1/@U1"),
    ],
    ids=["channel", "thread", "other workspace", "other platform", "path", "nothing", "list", "torn"],
)
def test_a_view_says_where_it_was_opened_only_within_its_workspace(carried: str, place: str) -> None:
    assert opened_at(view(carried)) == place
    assert by_click(view(carried)).place == place
    assert submitted(view(carried)).place == place


@pytest.mark.parametrize(
    ("previous", "root", "above"),
    [(None, "V1", True), ("", "V1", True), ("V0", "V0", True), ("V0", "VROOT", False)],
    ids=["first", "first too", "second", "third"],
)
def test_above_a_third_view_none_can_be_opened(previous: str | None, root: str, above: bool) -> None:
    assert submitted(view("", previous_view_id=previous, root_view_id=root)).above is above


def test_another_apps_view_is_no_form_of_ours() -> None:
    assert form_of(view("", callback_id="1:subscribe")) == "subscribe"
    assert form_of(view("", callback_id="0:subscribe")) == ""
    assert form_of(view("", callback_id="")) == ""


def mention(**event: object) -> dict[str, Any]:
    installed = [{"team_id": "T1", "enterprise_id": "E1", "user_id": "UBOT"}]
    asked = {"user": "U1", "channel": "C1", "text": "<@UBOT> help"} | event
    return {"team_id": "T2", "authorizations": installed, "event": asked}


@pytest.mark.parametrize(
    ("event", "insider"),
    [
        ({"team": "T1"}, True),
        ({"team": "T1", "user_team": "T2"}, False),
        ({"team": "T2"}, False),
        ({"user_team": "E1"}, True),
        ({"user_team": "E2"}, False),
        ({}, True),
    ],
)
def test_in_a_shared_channel_the_place_is_ours_and_whoever_comes_from_elsewhere_a_stranger(
    event: dict[str, str],
    insider: bool,
) -> None:
    asked = by_mention(mention(**event))
    assert asked
    assert (asked.place, asked.insider) == ("slack:T1/C1", insider)


def test_a_click_of_somebody_from_another_workspace_is_a_strangers() -> None:
    body = {"team": {"id": "T1"}, "user": {"id": "U1", "team_id": "T2"}, "channel": {"id": "C1"}, "actions": [{}]}
    assert by_click(body).insider is False


def test_a_message_that_begins_a_thread_stands_in_its_channel() -> None:
    body = {"team": {"id": "T1"}, "user": {"id": "U1"}, "channel": {"id": "C1"}, "actions": [{}]}
    at = {"message_ts": "1.5", "thread_ts": "1.5"}
    assert by_click(body | {"container": at}).place == "slack:T1/C1"
    assert by_click(body | {"container": at | {"message_ts": "1.6"}}).place == "slack:T1/C1/1.5"


ORDER = MenuItem(
    "order",
    "s",
    (
        Argument("what", "words", "h" * 3_000, most=9_000),
        Argument("of", "topics", "h", required=False),
        Argument("how", "value", "h", values=("as_usual", "other")),
        Argument("id", "id", "h"),
    ),
    aliases=("buy",),
    form=True,
)


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("/order", {}),
        ("/Buy", {}),
        ("/briefing order", {}),
        ("order", {}),
        (" /order  edit:A1 ", {"edit": "A1"}),
        ("/order edit:", None),
        ("/order edit:A1 what:x", None),
        ("/order something", None),
        ("/briefing what order", None),
        ("/other", None),
        ("", None),
    ],
)
def test_a_form_is_asked_for_by_the_command_alone_or_with_what_is_edited(
    line: str, arguments: dict[str, str] | None
) -> None:
    assert form_asked(line, [ORDER]) == (None if arguments is None else (ORDER, arguments))


def test_a_command_without_a_form_asks_for_none() -> None:
    plain = MenuItem("plain", "s")
    assert item_of("/plain words", [plain]) == (plain, "words")
    assert form_asked("/plain", [plain]) is None


@pytest.mark.parametrize(
    "filled",
    [
        {"what": "", "of": "", "how": ""},
        {"what": "w" * 3_000, "of": ", ".join("t" * 150 for _ in range(19)), "how": "other", "id": "A1"},
        {"what": "w", "of": f"a, {'t' * 151}", "how": "neither", "other": "x"},
    ],
    ids=["empty", "longest", "odd"],
)
def test_a_form_keeps_slacks_limits_whatever_stands_in_it(filled: dict[str, str]) -> None:
    made = form(ORDER, filled, carrying("slack:T1/C1", "A1"), "Edit " + "x" * 80)
    assert list(view_problems(made)) == []
    assert [block["block_id"] for block in made["blocks"]] == ["what", "of", "how"]


def test_what_is_wrong_with_no_field_of_the_form_is_told_beside_the_first() -> None:
    problems = {"when": "is late", "place": "is gone", "of": "x" * 900}
    told = beside(problems, {"when": "", "of": ""})
    assert told["when"] == "is late; place: is gone"
    assert len(told["of"]) <= 500


def test_a_field_that_was_emptied_is_submitted_empty() -> None:
    values = {
        "what": {"1:field what": {"type": "plain_text_input", "value": None}},
        "of": {"1:field of": {"type": "multi_external_select", "selected_options": [{"value": "a"}, {"value": "b"}]}},
        "how": {"1:field how": {"type": "static_select", "selected_option": None}},
        "other": {"1:share": {"type": "plain_text_input", "value": "x"}},
    }
    read = submitted(view(json.dumps({"place": "", "edits": "A1"}), state={"values": values}))
    assert read.fields == {"what": "", "of": "a, b", "how": ""}
    assert read.edits == "A1"
