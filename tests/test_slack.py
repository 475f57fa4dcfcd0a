"""Slack as people meet it: the real `briefbot run` in a workspace, over Socket Mode and over signed HTTP."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from bot.commands import MENU, examples
from bot.platforms.slack.limits import RESERVED
from bot.ports import MenuItem
from tests.builders import airships
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_payloads import message_event
from tests.fakes.slack_people import new_user
from tests.running import Bot, on_slack
from tests.slack_reader import Reader, values

AIRSHIPS = airships()
EXAMPLES = {line.removeprefix("/").split()[0]: line.partition(" ")[2] for line in examples(AIRSHIPS)}


@pytest.fixture(scope="module", params=["socket", "http"])
def workspace(request: pytest.FixtureRequest) -> Iterator[tuple[FakeSlack, Bot]]:
    with FakeSlack() as slack, on_slack(slack, over=request.param, BRIEFBOT_LOG_LEVEL="DEBUG") as bot:
        yield slack, bot


@pytest.fixture
def slack(workspace: tuple[FakeSlack, Bot]) -> Iterator[FakeSlack]:
    """Gives the workspace, and looks afterwards whether Slack would have objected to anything."""
    slack, _ = workspace
    slack.objections.clear()
    yield slack
    assert slack.objections == []


@pytest.fixture
def bot(workspace: tuple[FakeSlack, Bot]) -> Bot:
    return workspace[1]


@pytest.fixture
def reader(slack: FakeSlack) -> Reader:
    return Reader(slack)


@pytest.mark.parametrize("item", [c.item for c in MENU if not c.item.form], ids=lambda item: item.name)
def test_every_command_is_answered_privately_by_its_own_name_and_under_the_umbrella(
    reader: Reader, item: MenuItem
) -> None:
    name = item.name_outside(RESERVED)
    asked = EXAMPLES.get(item.name, "")
    answers = [reader.ask(f"/{name}", asked)] if name else []
    answers.append(reader.ask("/briefing", f"{item.name} {asked}"))
    assert {answer.ephemeral_to for answer in answers} == {reader.user}
    assert len({answer.shown for answer in answers}) == 1
    assert len(answers[0].shown) > 40


def test_the_umbrella_alone_is_the_help_with_the_names_that_slack_leaves_us(reader: Reader) -> None:
    told = reader.ask("/briefing").shown
    assert "/find [WORDS]" in told
    assert "/briefing help" in told
    assert "/search" not in told


def test_an_unknown_name_offers_near_ones_and_a_click_puts_the_answer_in_place(reader: Reader) -> None:
    unknown = reader.ask("/company", "Zephyrus")
    assert "/company zephyr" in values(unknown)
    assert "Zephyr Airships · 9 claims" in unknown.shown
    reader.click(unknown, "Zephyr Airships")
    assert unknown.shown.startswith("Zephyr Airships")
    assert [message.ts for message in reader.seen()] == [unknown.ts]


def test_pages_are_turned_in_place(reader: Reader) -> None:
    answer = reader.ask("/company", "zephyr")
    first = answer.shown
    assert reader.click(answer, "Next page") is answer
    assert "Page 2 of 2" in answer.shown
    reader.click(answer, "Previous page")
    assert answer.shown == first
    assert len(reader.seen()) == 1


def test_a_shared_answer_is_composed_anew_for_everybody_and_names_who_shared(slack: FakeSlack) -> None:
    other = new_user()
    reader = Reader(slack, other)
    answer = reader.ask("/company", "zephyr")
    private = answer.shown
    public = reader.click(answer, "Share to channel")
    assert public.ephemeral_to is None
    assert public.shown.startswith("Shared by @")
    assert reader.user in str(public.blocks[0])
    assert private.removesuffix("Share to channel").strip() in public.shown
    assert "Share to channel" not in public.shown
    reader.until(lambda: answer.deleted)
    assert slack.messages(reader.channel, seen_by=other) == [public]


def test_a_click_on_a_shared_answer_is_answered_to_the_clicker_alone(slack: FakeSlack) -> None:
    other = new_user()
    reader = Reader(slack, other)
    public = reader.click(reader.ask("/company", "zephyr"), "Share to channel")
    shown = public.shown
    asked = slack.do(slack.click(other, public, "Next page"))
    reader.until(asked.messages)
    assert asked.messages()[0].ephemeral_to == other
    assert "Page 2 of 2" in asked.messages()[0].shown
    assert public.shown == shown


def test_a_second_page_is_shared_as_the_second_page(reader: Reader) -> None:
    answer = reader.ask("/company", "zephyr page:2")
    assert "Page 2 of 2" in reader.click(answer, "Share to channel").shown


def test_a_mention_is_answered_to_whoever_asked(slack: FakeSlack) -> None:
    other = new_user()
    reader = Reader(slack, other)
    answer = reader.mention("company zephyr")
    assert answer.ephemeral_to == reader.user
    assert answer.shown.startswith("Zephyr Airships")
    assert len(slack.messages(reader.channel, seen_by=other)) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "zephyr"),
        ("", ", company zephyr"),
        ("", "`/company zephyr`"),
        ("hey,", ": *Zephyr Airships*?"),
        ("zephyr", ""),
    ],
)
def test_a_mention_is_read_however_it_is_put(reader: Reader, before: str, after: str) -> None:
    slack = reader.slack
    text = f"{before} <@{slack.bot_user_id}>{after}"
    message = slack.do(slack.say(reader.user, reader.channel, text))
    slack.do(slack.tell("app_mention", message_event(slack, "app_mention", message), message))
    reader.until(lambda: len(reader.seen()) == 2)
    assert reader.seen()[-1].shown.startswith("Zephyr Airships")


def test_a_bare_mention_or_greeting_gets_the_way_on(reader: Reader) -> None:
    assert reader.mention("").shown.startswith("Help")
    assert "All commands" in reader.direct("hello there").shown


def test_in_a_thread_a_mention_is_answered_and_shared_there(reader: Reader) -> None:
    begin = reader.slack.do(reader.slack.say(reader.user, reader.channel, "what of airships?"))
    answer = reader.mention("/company zephyr", begin.ts)
    assert (answer.thread_ts, answer.ephemeral_to) == (begin.ts, reader.user)
    public = reader.click(answer, "Share to channel")
    assert (public.thread_ts, public.ephemeral_to) == (begin.ts, None)


def test_a_direct_message_is_answered_by_one_and_clicks_edit_it(reader: Reader) -> None:
    answer = reader.direct("theme tourism")
    assert answer.by_app
    assert answer.ephemeral_to is None
    assert "Share to channel" not in answer.shown
    opened = reader.direct("/company zephyr")
    assert reader.click(opened, "Next page") is opened
    assert "Page 2 of 2" in opened.shown
    assert "Share to channel" not in opened.shown
    assert len(reader.conversation()) == 4


def test_what_slack_does_to_typed_text_is_undone(reader: Reader) -> None:
    told = reader.direct("search Q&A <b> audit.example theme:“tourism”").shown
    assert "with “Q&A <b> audit.example”" in told
    assert "in the theme Sky tourism" in told


def test_companies_are_found_in_any_message_however_it_is_written(reader: Reader) -> None:
    slack = reader.slack
    plain = slack.do(slack.say(reader.user, reader.channel, "Zephyr Airships & <@U0BOB> met at nimbus.example"))
    card = slack.do(
        slack.say(
            reader.user,
            reader.channel,
            "",
            attachments=[{"title": "News", "text": "About <https://x.example|Stratos>"}],
        )
    )
    for message, name in ((plain, "/company zephyr"), (card, "/company stratos")):
        asked = slack.do(slack.message_shortcut(reader.user, "companies_in_message", message))
        reader.until(asked.messages)
        assert asked.messages()[0].ephemeral_to == reader.user
        assert name in values(asked.messages()[0])


def test_the_global_shortcut_opens_a_search_that_answers_in_its_place(reader: Reader) -> None:
    slack = reader.slack
    view = reader.in_modal(slack.do(slack.shortcut(reader.user, "ask")))
    found = slack.do(slack.type_ahead(reader.user, view, "1:search", "z"))
    assert [option["value"] for option in found] == ["/company zephyr", "/search z"]
    asked = slack.do(slack.choose(reader.user, view, "1:search", found[0]))
    reader.until(lambda: "runs sightseeing flights" in view.shown)
    slack.do(slack.click(reader.user, view, "Next page"))
    reader.until(lambda: "Page 2 of 2" in view.shown)
    assert asked.error is None
    assert slack.modal(reader.user) is view


def test_the_home_offers_a_search_what_changed_and_help_and_answers_in_a_modal(reader: Reader) -> None:
    slack, home = reader.slack, reader.home()
    assert "Retracted" in home.shown
    assert "/find [WORDS]" in home.shown
    found = slack.do(slack.type_ahead(reader.user, home, "1:search", "tour"))
    assert found[0]["value"] == "/theme tourism"
    view = reader.in_modal(slack.do(slack.choose(reader.user, home, "1:search", found[0])))
    assert "Sky tourism" in view.shown
    opened = reader.in_modal(slack.do(slack.click(reader.user, home, "/company Zephyr Airships")))
    assert "runs sightseeing flights" in opened.shown


def test_typing_ahead_offers_what_is_typed_as_words_and_nothing_absurd(reader: Reader) -> None:
    slack, home = reader.slack, reader.home()
    typed = {
        text: [option["value"] for option in slack.do(slack.type_ahead(reader.user, home, "1:search", text))]
        for text in ("飞", "zzz", "x" * 150, "<!channel>")
    }
    assert typed["zzz"] == ["/search zzz"]
    assert typed["x" * 150] == []
    assert typed["飞"][-1] == "/search 飞"
    assert typed["<!channel>"] == ["/search <!channel>"]


def test_whoever_asks_too_fast_is_told_so_and_others_are_served(reader: Reader) -> None:
    slack = reader.slack
    answers = [reader.ask("/company", "zephyr") for _ in range(8)]
    assert [answer.shown.startswith("One at a time") for answer in answers[:5]] == [False] * 5
    assert answers[-1].shown.startswith("One at a time")
    assert answers[-1].ephemeral_to == reader.user
    refused = reader.click(answers[0], "Next page")
    assert refused.shown.startswith("One at a time")
    assert answers[0].shown.startswith("Zephyr Airships")
    assert Reader(slack).ask("/company", "zephyr").shown.startswith("Zephyr Airships")


def test_a_refusal_leaves_the_answer_in_a_modal_as_it_is(reader: Reader) -> None:
    slack, home = reader.slack, reader.home()
    view = reader.in_modal(slack.do(slack.click(reader.user, home, "/company Zephyr Airships")))
    reader.until(lambda: "runs sightseeing flights" in view.shown)
    for _ in range(6):
        asked = slack.do(slack.command(reader.user, reader.channel, "/help"))
        reader.until(asked.messages)
    above = reader.in_modal(slack.do(slack.click(reader.user, view, "Next page")))
    assert above.shown.startswith("Briefing")
    assert "One at a time" in above.shown
    assert "runs sightseeing flights" in view.shown


def test_a_shortcut_used_too_fast_opens_with_the_refusal(reader: Reader) -> None:
    slack = reader.slack
    for _ in range(5):
        reader.in_modal(slack.do(slack.shortcut(reader.user, "ask")))
    view = reader.in_modal(slack.do(slack.shortcut(reader.user, "ask")))
    assert "One at a time" in view.shown


def test_messages_that_come_too_fast_get_one_notice(reader: Reader) -> None:
    for _ in range(10):
        reader.slack.do(reader.slack.direct(reader.user, "zephyr"))
    reader.until(lambda: sum(m.by_app for m in reader.conversation()) == 6)
    time.sleep(0.3)
    assert [m.shown.splitlines()[0] for m in reader.conversation() if m.by_app].count("One at a time") == 1


def test_two_clicks_share_once(slack: FakeSlack) -> None:
    other = new_user()
    reader = Reader(slack, other)
    answer = reader.ask("/company", "zephyr")

    async def twice() -> None:
        await asyncio.gather(*(slack.click(reader.user, answer, "Share to channel") for _ in range(2)))

    slack.do(twice())
    reader.until(lambda: answer.deleted)
    time.sleep(0.3)
    assert len(slack.messages(reader.channel, seen_by=other)) == 1


def test_sharing_counts_like_asking_and_a_refused_one_may_be_tried_again(reader: Reader) -> None:
    answers = [reader.ask("/company", "zephyr") for _ in range(5)]
    refused = reader.click(answers[0], "Share to channel")
    assert refused.ephemeral_to == reader.user
    assert refused.shown.startswith("One at a time")
    time.sleep(1.1)
    assert reader.click(answers[0], "Share to channel").ephemeral_to is None


@pytest.mark.parametrize("action", ["0:/company zephyr", "other-app"])
def test_a_control_of_another_version_explains_itself(slack: FakeSlack, reader: Reader, action: str) -> None:
    button = {"type": "button", "action_id": action, "text": {"type": "plain_text", "text": "Old"}, "value": "x"}
    client = WebClient(slack.bot_token, slack.api_url)
    client.chat_postMessage(
        channel=reader.channel, text="old", blocks=[{"type": "actions", "elements": [button]}],
        unfurl_links=False, unfurl_media=False,
    )  # fmt: skip
    told = reader.click(reader.seen()[-1], "Old")
    assert told.ephemeral_to == reader.user
    assert told.shown.startswith("This control no longer works")


def has_table(arguments: dict[str, object]) -> bool:
    return '"table"' in str(arguments).replace("'", '"')


@pytest.mark.parametrize("by", ["command", "mention"])
def test_blocks_that_slack_refuses_are_sent_once_more_in_plainer_ones(reader: Reader, bot: Bot, by: str) -> None:
    where = "response_url" if by == "command" else "chat.postEphemeral"
    reader.slack.fault(where, "refuse", error="invalid_blocks", when=has_table)
    answer = reader.ask("/compare", "zephyr, nimbus") if by == "command" else reader.mention("compare zephyr, nimbus")
    assert "no sourced claim" in answer.shown
    assert "table" not in {block["type"] for block in answer.blocks}
    bot.until(lambda: bot.logged("Slack refused blocks"))


def test_a_word_that_slack_also_uses_for_its_fields_may_be_asked(reader: Reader) -> None:
    assert "with “payload command”" in reader.ask("/find", "payload command").shown


def test_a_slack_that_wants_a_long_wait_is_left_alone(reader: Reader, bot: Bot) -> None:
    reader.slack.fault("response_url", "ratelimited", retry_after=300)
    reader.slack.do(reader.slack.command(reader.user, reader.channel, "/company", "zephyr"))
    bot.until(lambda: bot.logged("Slack did not take an answer"))
    assert reader.ask("/company", "zephyr").shown.startswith("Zephyr Airships")


def test_an_answer_without_the_scope_for_it_is_told_of_with_the_scope(reader: Reader, bot: Bot) -> None:
    reader.slack.fault("chat.postMessage", "refuse", error="missing_scope")
    reader.slack.do(reader.slack.direct(reader.user, "zephyr"))
    bot.until(lambda: bot.logged('"method":"chat.postMessage"'))


def test_what_slack_took_without_saying_so_is_not_sent_again(reader: Reader, bot: Bot) -> None:
    reader.slack.fault("response_url", "cut_after")
    reader.slack.fault("chat.postMessage", "cut_after")
    assert reader.ask("/company", "zephyr").shown.startswith("Zephyr Airships")
    assert reader.direct("company zephyr").shown.startswith("Zephyr Airships")
    assert Reader(reader.slack).ask("/company", "zephyr")
    assert len(reader.seen()) == 1
    assert len(reader.conversation()) == 2
    bot.until(lambda: bot.logged("it is not known whether Slack took an answer"))


def test_a_busy_slack_is_given_the_time_it_asks_for(reader: Reader) -> None:
    reader.slack.fault("response_url", "ratelimited", retry_after=1)
    reader.slack.fault("chat.postMessage", "ratelimited", retry_after=1)
    assert reader.ask("/company", "zephyr").shown.startswith("Zephyr Airships")
    assert reader.direct("company zephyr").shown.startswith("Zephyr Airships")


def test_nothing_that_people_wrote_and_no_secret_is_in_the_log(slack: FakeSlack, reader: Reader, bot: Bot) -> None:
    reader.ask("/search", "canary-words")
    reader.direct("canary-message")
    reader.slack.fault("response_url", "status", status=500)
    reader.slack.do(slack.command(reader.user, reader.channel, "/company", "canary-name"))
    bot.until(lambda: bot.logged("Slack did not take an answer"))
    log = "".join(bot.log)
    for secret in ("canary-", slack.bot_token, slack.app_token, slack.signing_secret, "/respond/", reader.user):
        assert secret not in log
