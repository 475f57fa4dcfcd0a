"""Discord as people meet it: the real `briefbot run` in a server, in direct messages, and where it was not invited."""

import json
import time
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest

from bot.commands import MENU, examples
from bot.lines import parse
from bot.ports import MenuItem
from tests.builders import airships
from tests.discord_reader import Reader, custom_ids, fields
from tests.fakes.discord import FakeDiscord
from tests.running import Bot, on_discord

EXAMPLES = {line.removeprefix("/").split()[0]: line for line in examples(airships())}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeDiscord, Bot]]:
    with (
        FakeDiscord() as discord,
        on_discord(discord, tmp_path_factory.mktemp("data"), BRIEFBOT_LOG_LEVEL="DEBUG") as bot,
    ):
        yield discord, bot


@pytest.fixture
def discord(server: tuple[FakeDiscord, Bot]) -> Iterator[FakeDiscord]:
    """Gives the server, and looks afterwards whether Discord would have objected to anything."""
    discord, _ = server
    discord.objections.clear()
    yield discord
    assert discord.objections == []


@pytest.fixture
def bot(server: tuple[FakeDiscord, Bot]) -> Bot:
    return server[1]


@pytest.fixture
def reader(discord: FakeDiscord) -> Reader:
    return Reader(discord)


def test_discord_is_asked_for_no_intent(discord: FakeDiscord, bot: Bot) -> None:
    bot.until(lambda: bot.logged("connected to Discord"))
    assert {one.intents for one in discord.identifies} == {0}


ITEMS = [command.item for command in MENU]


@pytest.mark.parametrize("item", [item for item in ITEMS if not item.form], ids=lambda item: item.name)
def test_every_command_is_answered_privately(reader: Reader, item: MenuItem) -> None:
    request = parse(EXAMPLES.get(item.name, f"/{item.name}"))
    answer = reader.ask(item.name, **request.arguments)
    assert answer.ephemeral_to == reader.user
    assert len(answer.shown) > 40


@pytest.mark.parametrize("item", [item for item in ITEMS if item.form], ids=lambda item: item.name)
def test_every_form_is_opened_with_what_is_usual(reader: Reader, item: MenuItem) -> None:
    assert any(fields(reader.open(item.name)).values())


def test_the_commands_are_those_of_the_menu_in_one_scope(discord: FakeDiscord) -> None:
    typed = {command["name"]: command for command in discord.commands if command["type"] == 1}
    assert set(typed) == {command.item.name for command in MENU}
    assert not any(discord.guild_commands.values())
    assert [option["name"] for option in typed["company"]["options"]] == ["name"]
    assert [option["name"] for option in typed["theme"]["options"]] == ["name"]
    assert [option["name"] for option in typed["compare"]["options"]] == ["a", "b", "c"]
    assert set(typed["help"]["description_localizations"]) == {"zh-CN", "zh-TW"}
    managing = {item.name for item in ITEMS if item.managing}
    for command in discord.commands:
        where = ([0], [0, 1]) if command["name"] in managing else ([0, 1], [0, 1, 2])
        assert (command["integration_types"], command["contexts"]) == where


def test_pages_are_turned_in_place(reader: Reader) -> None:
    answer = reader.ask("company", name="zephyr")
    first = answer.shown
    assert reader.click(answer, "Next page") is answer
    assert "Page 2 of 2" in answer.shown
    reader.click(answer, "Previous page")
    assert answer.shown == first
    assert len(reader.seen()) == 1


def test_an_unknown_name_offers_near_ones_and_a_click_puts_the_answer_in_place(reader: Reader) -> None:
    unknown = reader.ask("company", name="Zephyrus")
    assert "Share" not in unknown.shown
    assert reader.click(unknown, "1:/company zephyr") is unknown
    assert "runs sightseeing flights" in unknown.shown


def test_an_option_typed_after_a_name_is_read(reader: Reader) -> None:
    assert "in the future" in reader.ask("company", name="zephyr as_of:2031").shown


def test_a_shared_answer_is_composed_anew_for_everybody_and_names_who_shared(reader: Reader) -> None:
    public = reader.click(reader.ask("company", name="zephyr"), "Share")
    assert public.ephemeral_to is None
    assert f"Shared by <@{reader.user}>" in public.shown
    assert "runs sightseeing flights" in public.shown
    assert not [one for one in custom_ids(public) if one.startswith("1!")]
    assert reader.seen(by=reader.other) == [public]


def test_a_click_on_a_shared_answer_is_answered_to_the_clicker_alone(reader: Reader) -> None:
    public = reader.click(reader.ask("company", name="zephyr"), "Share")
    shown = public.shown
    answer = reader.answer(reader.discord.do(reader.discord.click(reader.other, public, "Next page")))
    assert answer.ephemeral_to == reader.other
    assert "Page 2 of 2" in answer.shown
    assert public.shown == shown


def test_a_second_click_shares_no_second_time(reader: Reader) -> None:
    answer = reader.ask("company", name="zephyr")
    reader.click(answer, "Share")
    again = reader.discord.do(reader.discord.click(reader.user, answer, "Share"))
    assert again.error is None
    time.sleep(0.3)
    assert len(reader.seen(by=reader.other)) == 1


def test_a_message_without_words_names_no_company(reader: Reader) -> None:
    message = reader.discord.do(reader.discord.say(reader.other, reader.channel, "<@1>"))
    asked = reader.discord.do(reader.discord.context_menu(reader.user, "Companies in this message", message))
    assert "names no company" in reader.answer(asked).shown or "0 companies" in reader.answer(asked).shown


def test_a_second_page_is_shared_as_the_second_page(reader: Reader) -> None:
    answer = reader.ask("company", name="zephyr")
    reader.click(answer, "Next page")
    assert "Page 2 of 2" in reader.click(answer, "Share").shown


def test_alone_with_the_bot_answers_stay_and_clicks_edit_them(reader: Reader) -> None:
    channel = reader.discord.dm(reader.user)
    answer = reader.ask("company", channel, name="zephyr")
    assert answer.ephemeral_to is None
    assert reader.click(answer, "Next page") is answer
    assert "Page 2 of 2" in answer.shown
    assert not [one for one in custom_ids(answer) if one.startswith("1!")]


def test_whoever_installed_it_asks_in_servers_and_groups_that_did_not_invite_it(discord: FakeDiscord) -> None:
    reader = Reader(discord, installed=True)
    foreign = discord.do(discord.guild("elsewhere", [reader.user, reader.other], installed=False))
    channel = discord.do(discord.channel(foreign, "general", bot=False))
    group = discord.do(discord.group([reader.user, reader.other]))
    for place in (channel, group):
        answer = reader.ask("company", place, name="zephyr")
        assert answer.ephemeral_to == reader.user
        assert "runs sightseeing flights" in answer.shown


def test_names_are_completed_in_any_script_and_nothing_typed_offers_the_weightiest(reader: Reader) -> None:
    assert reader.complete("company", "name", "ZE") == [("Zephyr Airships", "zephyr")]
    assert reader.complete("company", "name", "")[0] == ("Zephyr Airships", "zephyr")
    assert ("Sky tourism", "tourism") in reader.complete("timeline", "name", "sky")
    assert reader.complete("search", "kind", "f") == [("Facts", "fact"), ("Forecasts", "forecast")]
    assert reader.complete("source", "id", "leaf") == [("leaflet · Fly slowly", "leaflet")]
    assert reader.complete("source", "id", "slowly") == [("leaflet · Fly slowly", "leaflet")]
    assert reader.complete("search", "market", "zzz") == []


def test_companies_are_found_in_any_message(reader: Reader) -> None:
    discord = reader.discord
    message = discord.do(
        discord.say(reader.other, reader.channel, "**Zephyr** Airships? No: [Stratos](https://x.example) <@1>")
    )
    answer = reader.answer(discord.do(discord.context_menu(reader.user, "Companies in this message", message)))
    assert answer.ephemeral_to == reader.user
    assert "1:/company stratos" in custom_ids(answer)


def test_whoever_asks_too_fast_is_told_so_and_others_are_served(reader: Reader) -> None:
    answers = [reader.ask("company", name="zephyr") for _ in range(7)]
    assert "One at a time" in answers[-1].shown
    shown = answers[0].shown
    assert "One at a time" in reader.click(answers[0], "Next page").shown
    assert answers[0].shown == shown
    assert "runs sightseeing flights" in Reader(reader.discord).ask("company", name="zephyr").shown


@pytest.mark.parametrize("custom_id", ["0:/company zephyr", "other-bots-button"])
def test_a_control_of_another_version_explains_itself(reader: Reader, custom_id: str) -> None:
    discord = reader.discord
    button = {"type": 2, "style": 2, "label": "Old", "custom_id": custom_id}
    body = {"content": "old", "components": [{"type": 1, "components": [button]}], "allowed_mentions": {"parse": []}}
    headers = {"Authorization": f"Bot {discord.token}", "Content-Type": "application/json"}
    url = f"{discord.api_url}/channels/{reader.channel}/messages"
    urlopen(Request(url, json.dumps(body).encode(), headers)).close()
    told = reader.click(reader.seen()[-1], "Old")
    assert told.ephemeral_to == reader.user
    assert "This control no longer works" in told.shown


def test_an_answer_that_arrived_though_discord_said_otherwise_is_not_given_twice(reader: Reader, bot: Bot) -> None:
    for fault in ("cut_after", "cut_before"):
        reader.discord.fault("callback", fault)
        assert "runs sightseeing flights" in reader.ask("company", name="zephyr").shown
    time.sleep(0.3)
    assert len(reader.seen()) == 2
    assert not [line for line in bot.log if "it is not known whether Discord took" in line]


def test_a_share_that_did_not_arrive_may_be_tried_again(reader: Reader) -> None:
    answer = reader.ask("company", name="zephyr")
    reader.discord.fault("callback", "refuse", status=400, code=50035)
    reader.discord.do(reader.discord.click(reader.user, answer, "Share"))
    assert reader.seen(by=reader.other) == []
    public = reader.click(answer, "Share")
    assert reader.seen(by=reader.other) == [public]


def test_names_and_filters_may_be_pasted_as_they_are_shown(reader: Reader) -> None:
    assert "runs sightseeing flights" in reader.ask("company", name="Zephyr Airships · Zephyr Airships").shown
    assert "only facts" in reader.ask("search", words="airships", kind="kind:fact").shown
    assert reader.ask("changes", name="zephyr", days="7").shown == reader.ask("changes", name="zephyr", days="7d").shown
    assert "Page 2 of 2" in reader.ask("company", name="zephyr page:2").shown


def test_an_answer_that_comes_too_late_is_told_of_in_the_log(reader: Reader, bot: Bot) -> None:
    reader.discord.fault("callback", "refuse", status=404, code=10062)
    reader.discord.do(reader.discord.command(reader.user, reader.channel, "company", {"name": "zephyr"}))
    bot.until(lambda: bot.logged("too late for Discord"))


def test_nothing_that_people_wrote_and_no_secret_is_in_the_log(reader: Reader, bot: Bot) -> None:
    reader.ask("search", words="canary-words")
    reader.send(reader.open("subscribe"), Schedule="canary-schedule", More="canary-line")
    message = reader.discord.do(reader.discord.say(reader.other, reader.channel, "canary-message"))
    reader.answer(reader.discord.do(reader.discord.context_menu(reader.user, "Companies in this message", message)))
    time.sleep(0.2)
    log = "".join(bot.log)
    for secret in ("canary-", reader.discord.token, reader.user, "aW50ZXJhY3Rpb246"):
        assert secret not in log


def test_every_request_that_could_notify_somebody_forbids_it(discord: FakeDiscord) -> None:
    assert [one for one in discord.requests if one.method == "POST" and "callback" in one.path]
    for request in discord.requests:
        data = request.arguments.get("data") or {}
        if isinstance(data, dict) and ("components" in data or "content" in data) and "title" not in data:
            assert data["allowed_mentions"] == {"parse": []}, request.path
