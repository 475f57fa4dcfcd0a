"""Forms on Discord as values: what a modal shows, what comes back from it, and for how long that is kept."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.answer import Answers
from bot.commands import MENU
from bot.platforms.discord.forms import KEPT, MOST_KEPT, Forms
from bot.platforms.discord.incoming import Asked
from bot.platforms.discord.modal import MORE, Form, modal, opened_by, sent
from bot.platforms.discord.registration import commands
from bot.ports import Request
from bot.subscribing.fields import FIELDS
from tests.builders import TODAY, airships
from tests.fakes.discord_commands import command_problems
from tests.fakes.discord_components import modal_problems
from tests.fakes.discord_people import filled_in
from tests.fakes.discord_records import Payload, tree

OWN = ("schedule", "zone", "topics", "except")
(ORDER,) = (command.item for command in MENU if command.item.form)
IDS = {argument.name for argument in ORDER.arguments if argument.kind == "id"}
USUAL = {name: text for name, text in FIELDS.items() if name not in IDS}


class Ordering(Answers):
    """Fills a form with the same values always."""

    def __init__(self, usual: Mapping[str, str] = FIELDS) -> None:
        known = airships()
        super().__init__(lambda: known, lambda: TODAY)
        self._usual = usual

    async def filled(self, request: Request) -> Mapping[str, str]:
        return {**self._usual, **request.arguments}


def built(form: Form, usual: Mapping[str, str] = FIELDS) -> Payload:
    """Returns a modal as Discord is sent it."""

    async def build() -> Payload:
        made = modal(form, ORDER, usual)
        assert made.is_finished(), "discord.py would keep it"
        return made.to_dict()

    return asyncio.run(build())


def sent_back(content: Payload, **written: str) -> Form:
    """Returns what comes back of a modal in which somebody has written."""
    form = sent({"custom_id": content["custom_id"], "components": list(filled_in(content["components"], written))})
    assert form
    return form


def shown(content: Payload) -> dict[str, str]:
    """Returns what stands in the fields of a modal."""
    return {one["custom_id"]: one.get("value", "") for one in tree(content["components"]) if "custom_id" in one}


def test_a_form_has_fields_for_what_matters_most_and_lines_for_the_rest() -> None:
    content = built(Form("subscribe"))
    assert modal_problems(content) == []
    assert list(shown(content)) == [*OWN, MORE]
    assert shown(content)[MORE].split("\n") == [
        f"{name}: {value}".rstrip() for name, value in USUAL.items() if name not in OWN
    ]


WORDS = st.text("abc:：,. \n腾😀", max_size=5_000) | st.text(max_size=50)


@given(
    st.dictionaries(st.sampled_from([*FIELDS, MORE]), WORDS),
    st.dictionaries(st.sampled_from(list(FIELDS)), WORDS.map("no: {}".format)),
)
def test_whatever_stands_in_a_form_discord_takes_it(values: dict[str, str], problems: dict[str, str]) -> None:
    usual = {name: text for name, text in values.items() if name != MORE}
    more = {MORE: values[MORE][:2_000]} if MORE in values else {}
    for form in (Form("subscribe", "7F3A2K", problems=problems), Form("subscribe", filled=False, written=more)):
        assert modal_problems(built(form, usual)) == []


LINE = st.text("abc:：,. 腾😀", max_size=30).map(lambda text: " ".join(text.split()))


@given(st.fixed_dictionaries(dict.fromkeys(USUAL, LINE)))
def test_a_form_that_is_sent_as_it_was_opened_says_what_stood_in_it(values: dict[str, str]) -> None:
    back = sent_back(built(Form("subscribe", "7F3A2K"), values))
    assert back.arguments == values | {"edit": "7F3A2K"}


@pytest.mark.parametrize(
    ("lines", "arguments"),
    [
        ("layout: headlines\n\n  Title：Morning: news ", {"layout": "headlines", "title": "Morning: news"}),
        ("Catch up: 3h", {"catch_up": "3h"}),
        ("titel: Morning", {"titel": "Morning"}),
        ("just words", {"just_words": ""}),
        ("title:", {"title": ""}),
        ("zone: Asia/Tokyo", {"zone": "Europe/Berlin"}),
    ],
)
def test_lines_name_their_arguments_and_nothing_written_is_lost(lines: str, arguments: dict[str, str]) -> None:
    back = sent_back(built(Form("subscribe")), schedule="daily", zone="Europe/Berlin", more=lines)
    assert back.arguments == {"schedule": "daily", "zone": "Europe/Berlin", "topics": "", "except": ""} | arguments


def test_an_empty_field_says_nothing_where_the_form_was_opened_without_the_values_of_now() -> None:
    back = sent_back(built(Form("subscribe", "7F3A2K", filled=False), {}), schedule="daily", more="title:")
    assert back.arguments == {"schedule": "daily", "title": "", "edit": "7F3A2K"}
    again = sent_back(built(replace(back, problems={"schedule": "no"})))
    assert again.arguments == back.arguments


def test_what_was_written_comes_again_with_what_is_wrong_beside_it() -> None:
    first = sent_back(built(Form("subscribe")), schedule="sometimes", zone="Mars", more="layout: huge\nmost: 5")
    problems = {"zone": "there is no zone Mars", "layout": "write full or headlines", "tags": "too many"}
    again = built(replace(first, problems=problems), {})
    assert shown(again) == {
        "schedule": "sometimes",
        "zone": "Mars",
        "topics": "",
        "except": "",
        MORE: "layout: huge\nmost: 5",
    }
    told = {label["component"]["custom_id"]: label["description"] for label in again["components"]}
    assert told["zone"] == "there is no zone Mars"
    assert told[MORE] == "layout: write full or headlines · tags: too many"
    assert told["schedule"] == ORDER.arguments[0].summary


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("/subscribe", Form("subscribe")),
        ("/subscribe edit:7F3A2K", Form("subscribe", "7F3A2K")),
        ("/subscribe save:7F3A2K", None),
        ("/subscribe daily edit:7F3A2K", None),
        ("/subscribe edit:" + "x" * 90, None),
        ("subscribe", None),
    ],
)
def test_a_line_opens_a_form_only_if_it_names_nothing_but_what_is_edited(line: str, form: Form | None) -> None:
    assert opened_by(line) == form


@pytest.mark.parametrize("custom_id", ["", "1:", "2:/subscribe", "1:/subscribe save:7F3A2K", "of-another-bot"])
def test_a_form_that_is_none_of_ours_is_not_read(custom_id: str) -> None:
    assert sent({"custom_id": custom_id, "components": []}) is None


def asked(question: Request | str, **more: Any) -> Asked:
    return Asked(question, "anna", "discord:1/2", "en-US", **more)


class Clock:
    """Is a monotonic clock that a test moves."""

    time = 1_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def forms(clock: Clock) -> Forms:
    return Forms(Ordering(), clock)


def change(key: str, user: str = "anna") -> Asked:
    return replace(asked(key, changes=True), user=user)


def test_what_was_typed_is_kept_for_a_quarter_of_an_hour_for_who_typed_it(forms: Forms, clock: Clock) -> None:
    key = forms.keep(asked(Request("subscribe", {"zone": "Mars", "edit": "7F3A2K"})), {"zone": "no"})
    assert forms.opened(change(key)) == Form("subscribe", "7F3A2K", written={"zone": "Mars"}, problems={"zone": "no"})
    assert forms.opened(change(key, "bo")) is None
    assert forms.opened(change("another")) is None
    clock.time += KEPT - 1
    assert forms.opened(change(key))
    clock.time += 1
    assert forms.opened(change(key)) is None


def test_of_much_that_was_typed_the_latest_is_kept(forms: Forms) -> None:
    keys = [forms.keep(asked(Request("subscribe", {"zone": f"{n}"})), {}) for n in range(MOST_KEPT + 1)]
    assert forms.opened(change(keys[0])) is None
    assert all(forms.opened(change(key)) for key in keys[1:])


def test_only_what_belongs_into_a_form_is_kept(forms: Forms) -> None:
    for question in ("/subscribe edit:7F3A2K", Request("company", {"name": "x"}), Request("subscribe")):
        assert forms.keep(asked(question), {}) == ""


def test_a_command_opens_its_form_only_without_arguments_of_its_own(forms: Forms) -> None:
    assert forms.opened(asked(Request("subscribe"))) == Form("subscribe")
    assert forms.opened(asked(Request("subscribe", {"edit": "7F3A2K"}))) == Form("subscribe", "7F3A2K")
    assert forms.opened(asked("/subscribe edit:7F3A2K")) == Form("subscribe", "7F3A2K")
    assert forms.opened(asked(Request("subscribe", {"zone": "UTC", "edit": "7F3A2K"}))) is None
    assert forms.opened(asked(Request("help"))) is None
    assert forms.opened(asked("/help")) is None
    assert forms.opened(asked("/subscribe", shares=True)) is None
    assert forms.opened(asked(Request("subscribe"), form=Form("subscribe"))) is None


def test_what_was_typed_as_options_comes_among_the_values_of_now(forms: Forms) -> None:
    form = Form("subscribe", written={"zone": "Mars", "layout": "headlines"})
    opened = asyncio.run(forms.modal(asked(""), form))
    assert opened
    values = shown(opened.to_dict())
    assert values["zone"] == "Mars"
    assert {"layout: headlines", "most: 10"} <= set(values[MORE].split("\n"))


def test_where_there_is_nothing_to_fill_a_form_with_none_is_opened() -> None:
    forms = Forms(Ordering({}))
    assert asyncio.run(forms.modal(asked(""), Form("subscribe"))) is None
    assert asyncio.run(forms.modal(asked(""), Form("subscribe", written={"zone": "Mars"})))


def test_a_managing_command_asks_for_manage_channels_and_none_of_its_options_is_needed() -> None:
    (command, _) = commands([ORDER])
    assert command_problems(command) == []
    assert command["default_member_permissions"] == "16"
    assert (command["integration_types"], command["contexts"]) == ([0], [0, 1])
    assert not any(option["required"] for option in command["options"])
    options = {option["name"]: option for option in command["options"]}
    assert [choice["value"] for choice in options["layout"]["choices"]] == ["full", "headlines"]
    assert {name for name, option in options.items() if option.get("autocomplete")} == {
        "schedule",
        "zone",
        "topics",
        "except",
    }
