"""Digests posted on Slack: the real SDK against the fake workspace, whatever becomes of requests and answers."""

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack.limits import violations
from bot.platforms.slack.publishing import SlackPublisher
from bot.platforms.slack.render import payload
from bot.platforms.slack.sending import TIMEOUT
from bot.publishing import Absent, DeliveryError, Found, Post, Publisher, Receipt, Unknown
from briefings.compare import compare_briefing
from briefings.document import Document, Heading, Note
from briefings.paginate import paginate
from tests.builders import airships, edition
from tests.fakes.slack import USUAL_SCOPES, FakeSlack, Message
from tests.fakes.slack_people import new_user
from tests.hand_clock import HandClock
from tests.running import free_port

T = TypeVar("T")
HISTORY = {"channels:history", "groups:history"}
PAGE = Document("Morning", "Two new claims", "/help", (Note("Something new."),))
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def workspace() -> Iterator[FakeSlack]:
    with FakeSlack(USUAL_SCOPES | HISTORY) as slack:
        yield slack


@pytest.fixture
def slack(workspace: FakeSlack) -> Iterator[FakeSlack]:
    """Gives the workspace, and looks afterwards whether Slack would have objected to anything."""
    workspace.objections.clear()
    workspace.requests.clear()
    workspace.scopes = USUAL_SCOPES | HISTORY
    yield workspace
    workspace.revoked = None
    workspace.enforce_rate = False
    workspace.faults.waiting.clear()
    assert workspace.objections == []


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def publisher(slack: FakeSlack, clock: HandClock, runner: asyncio.Runner) -> Iterator[SlackPublisher]:
    made = SlackPublisher(slack.bot_token, slack.api_url, monotonic=clock.now, sleep=clock.sleep)
    opened = made.opened()
    runner.run(entered(opened))
    yield made
    runner.run(left(opened))


async def entered(context: AbstractAsyncContextManager[None]) -> None:
    await context.__aenter__()


async def left(context: AbstractAsyncContextManager[None]) -> None:
    await context.__aexit__(None, None, None)


@pytest.fixture
def channel(slack: FakeSlack) -> str:
    return slack.do(slack.channel("news", [new_user()]))


def a_post(slack: FakeSlack, where: str, key: str = "KEY1", page: Document = PAGE, **fields: Any) -> Post:
    values: dict[str, Any] = {
        "place": f"slack:{slack.team_id}/{where}",
        "page": page,
        "key": key,
        "first": datetime.now(UTC),
    }
    return Post(**(values | fields))


async def trouble(publisher: Publisher, post: Post) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await publisher.publish(post)
    return caught.value


# Posting


async def test_a_post_is_one_message_with_its_key_and_nothing_unfurled(
    publisher: SlackPublisher, slack: FakeSlack, channel: str
) -> None:
    receipt = await publisher.publish(a_post(slack, channel))
    (message,) = slack.messages(channel)
    assert receipt == Receipt(message.ts, channel)
    assert message.metadata == {"event_type": "briefbot_digest", "event_payload": {"delivery": "KEY1"}}
    assert message.text == "Two new claims"
    assert "Something new." in message.shown
    assert violations(slack.requests[0].arguments) == []


async def test_a_post_goes_to_its_thread(publisher: SlackPublisher, slack: FakeSlack, channel: str) -> None:
    root = await publisher.publish(a_post(slack, channel))
    await publisher.publish(a_post(slack, f"{channel}/{root.message}", "KEY2"))
    assert [(m.thread_ts, m.metadata is not None) for m in slack.messages(channel)] == [
        (None, True),
        (root.message, True),
    ]


async def test_a_person_is_written_to_directly(publisher: SlackPublisher, slack: FakeSlack) -> None:
    user = new_user()
    receipt = await publisher.publish(a_post(slack, f"@{user}"))
    assert receipt.channel == slack.dm(user)
    assert [m.ts for m in slack.messages(slack.dm(user))] == [receipt.message]


async def test_nothing_in_a_page_notifies_a_channel(publisher: SlackPublisher, slack: FakeSlack, channel: str) -> None:
    loud = "<!channel> <!here> <@U123> @everyone"
    await publisher.publish(a_post(slack, channel, page=Document(loud, loud, "/help", (Heading(loud), Note(loud)))))
    (message,) = slack.messages(channel)
    assert "<" not in message.text
    assert message.shown.count("<!channel>") == 3  # as it stands, in plain text objects


async def test_blocks_that_slack_refuses_are_posted_once_more_in_plainer_ones(
    publisher: SlackPublisher, slack: FakeSlack, channel: str
) -> None:
    slack.fault("chat.postMessage", "refuse", error="invalid_blocks", when=has_table)
    await publisher.publish(a_post(slack, channel, page=compared()))
    (message,) = slack.messages(channel)
    assert "table" not in {block["type"] for block in message.blocks}
    assert slack.keys(channel) == ["KEY1"]


async def test_blocks_that_are_refused_twice_are_given_up_as_this_messages_fault(
    publisher: SlackPublisher, slack: FakeSlack, channel: str
) -> None:
    slack.fault("chat.postMessage", "refuse", times=2, error="invalid_blocks")
    refused = await trouble(publisher, a_post(slack, channel, page=compared()))
    assert (refused.outcome, refused.scope) == ("permanent", "message")
    assert slack.counted() == {("chat.postMessage", "invalid_blocks"): 2}


async def test_a_second_try_whose_answer_is_lost_is_ambiguous(
    publisher: SlackPublisher, slack: FakeSlack, channel: str
) -> None:
    slack.fault("chat.postMessage", "refuse", error="msg_blocks_too_long")
    slack.fault("chat.postMessage", "cut_after")
    assert (await trouble(publisher, a_post(slack, channel))).outcome == "ambiguous"
    assert slack.keys(channel) == ["KEY1"]


def compared() -> Document:
    known = airships()
    document = compare_briefing(edition(known), list(known.companies.values())[:2])
    page = paginate(document, SlackPublisher.budget)[0]
    assert has_table(payload(page))
    return page


def has_table(arguments: dict[str, Any]) -> bool:
    return "table" in {block["type"] for block in arguments["blocks"]}


# What became of it

AMBIGUOUS = ("ambiguous", "message")
UNREACHED = ("not_accepted", "lane")


@pytest.mark.parametrize(
    ("fault", "messages"),
    [
        ({"kind": "cut_after"}, 1),
        ({"kind": "cut_before"}, 0),
        *(({"kind": "status", "status": s, "accepted": True}, 1) for s in (500, 502, 503, 504, 524)),
        ({"kind": "status", "status": 503}, 0),
        ({"kind": "html", "accepted": True}, 1),
        ({"kind": "text", "accepted": True}, 1),
        ({"kind": "broken", "accepted": True}, 1),
        ({"kind": "bare", "accepted": True}, 1),
        ({"kind": "refuse", "error": ""}, 0),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else str(value),
)
async def test_an_outcome_that_is_not_known_is_ambiguous_and_nothing_is_sent_twice(
    publisher: SlackPublisher, slack: FakeSlack, channel: str, fault: dict[str, Any], messages: int
) -> None:
    slack.fault("chat.postMessage", **fault)
    error = await trouble(publisher, a_post(slack, channel))
    assert (error.outcome, error.scope) == AMBIGUOUS
    assert slack.keys(channel) == ["KEY1"] * messages
    assert len(slack.requests) == 1


@pytest.mark.parametrize(("accepted", "messages"), [(True, 1), (False, 0)])
async def test_an_answer_that_takes_too_long_is_ambiguous(
    runner: asyncio.Runner, slack: FakeSlack, channel: str, accepted: bool, messages: int
) -> None:
    slack.fault("chat.postMessage", "hang", seconds=5, accepted=accepted)
    slack.fault("conversations.history", "hang", seconds=5)
    publisher = SlackPublisher(slack.bot_token, slack.api_url, timeout=1.0)
    post = a_post(slack, channel)
    async with publisher.opened():
        error = await trouble(publisher, post)
        with pytest.raises(DeliveryError) as caught:
            await publisher.find(post)
    assert (error.outcome, error.scope) == AMBIGUOUS
    assert (caught.value.outcome, caught.value.scope) == ("not_accepted", "place")
    assert slack.keys(channel) == ["KEY1"] * messages


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_slack_that_cannot_be_reached_has_surely_taken_nothing(runner: asyncio.Runner, scheme: str) -> None:
    publisher = SlackPublisher("xoxb", f"{scheme}://127.0.0.1:{free_port()}/api/")
    async with publisher.opened():
        error = await trouble(publisher, Post("slack:T1/C1", PAGE, "KEY1", datetime.now(UTC)))
    assert (error.outcome, error.scope) == UNREACHED


async def test_a_slack_without_tls_has_surely_taken_nothing(runner: asyncio.Runner, slack: FakeSlack) -> None:
    publisher = SlackPublisher(slack.bot_token, slack.api_url.replace("http://", "https://"))
    async with publisher.opened():
        error = await trouble(publisher, a_post(slack, "C1"))
    assert (error.outcome, error.scope) == UNREACHED


async def test_a_slack_that_never_ends_the_handshake_has_surely_taken_nothing(runner: asyncio.Runner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        publisher = SlackPublisher("xoxb", f"https://127.0.0.1:{silent.getsockname()[1]}/api/", timeout=1.0)
        async with publisher.opened():
            error = await trouble(publisher, Post("slack:T1/C1", PAGE, "KEY1", datetime.now(UTC)))
    assert (error.outcome, error.scope) == UNREACHED


async def test_a_name_that_is_not_known_has_surely_taken_nothing(runner: asyncio.Runner) -> None:
    publisher = SlackPublisher("xoxb", "http://slack.invalid/api/")
    async with publisher.opened():
        error = await trouble(publisher, Post("slack:T1/C1", PAGE, "KEY1", datetime.now(UTC)))
    assert (error.outcome, error.scope) == UNREACHED


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, ("permanent", "message")),
        (403, ("not_accepted", "lane")),
        (404, ("not_accepted", "lane")),
        (407, ("not_accepted", "lane")),
        (413, ("permanent", "message")),
    ],
)
async def test_a_refusal_of_what_is_before_slack_is_no_fault_of_the_place(
    publisher: SlackPublisher, slack: FakeSlack, channel: str, status: int, outcome: tuple[str, str]
) -> None:
    slack.fault("chat.postMessage", "status", status=status)
    error = await trouble(publisher, a_post(slack, channel))
    assert (error.outcome, error.scope) == outcome


WORDS = {
    ("permanent", "lane"): """accesslimited account_inactive app_access_restricted deprecated_endpoint
        enterprise_is_restricted invalid_auth method_deprecated missing_scope not_allowed_token_type not_authed
        token_expired token_revoked two_factor_setup_required unknown_method""",
    ("permanent", "place"): """access_denied cannot_dm_bot cannot_reply_to_message channel_not_found
        channel_type_not_supported ekm_access_denied is_archived messages_tab_disabled no_permission not_in_channel
        restricted_action restricted_action_non_threadable_channel restricted_action_read_only_channel
        restricted_action_thread_locked restricted_action_thread_only_channel team_access_not_granted team_not_found
        thread_not_found user_disabled user_not_found user_not_visible""",
    ("permanent", "message"): """as_user_not_supported attachment_payload_limit_exceeded duplicate_channel_not_found
        duplicate_message_not_found invalid_arg_name invalid_arguments invalid_array_arg invalid_charset
        invalid_form_data invalid_metadata_format invalid_metadata_schema invalid_post_type markdown_text_conflict
        metadata_must_be_sent_from_app metadata_too_large missing_file_data missing_post_type msg_too_long no_text
        send_on_behalf_not_allowed slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked
        slack_connect_lists_sharing_blocked too_many_attachments too_many_contact_cards a_word_that_slack_invents""",
    ("not_accepted", "lane"): "message_limit_exceeded org_login_required team_added_to_org",
    ("not_accepted", "place"): "rate_limited",
    ("not_accepted", "message"): "request_timeout",
    ("ambiguous", "message"): "fatal_error internal_error service_unavailable",
}


@pytest.mark.parametrize(
    ("word", "outcome"), [(word, outcome) for outcome, words in WORDS.items() for word in words.split()], ids=str
)
async def test_every_word_of_slack_has_its_meaning(
    publisher: SlackPublisher, slack: FakeSlack, channel: str, word: str, outcome: tuple[str, str]
) -> None:
    slack.fault("chat.postMessage", "refuse", error=word)
    error = await trouble(publisher, a_post(slack, channel))
    assert (error.outcome, error.scope) == outcome
    assert word in error.reason
    assert slack.counted() == {("chat.postMessage", word): 1}
    limited = word in ("rate_limited", "message_limit_exceeded")
    assert error.retry_after == (30.0 if limited else None)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda slack, channel: slack.invite(channel, member=False), "/invite"),
        (lambda slack, channel: slack.archive(channel), "unarchive"),
    ],
    ids=["removed", "archived"],
)
async def test_a_place_that_takes_nothing_is_told_with_the_way_out(
    publisher: SlackPublisher, slack: FakeSlack, channel: str, spoil: Any, told: str
) -> None:
    spoil(slack, channel)
    error = await trouble(publisher, a_post(slack, channel))
    assert (error.outcome, error.scope) == ("permanent", "place")
    assert told in error.reason


async def test_a_revoked_token_stops_the_lane(publisher: SlackPublisher, slack: FakeSlack, channel: str) -> None:
    slack.revoke()
    error = await trouble(publisher, a_post(slack, channel))
    assert (error.outcome, error.scope) == ("permanent", "lane")
    assert "SLACK_BOT_TOKEN" in error.reason


@pytest.mark.parametrize(
    ("fault", "outcome", "told"),
    [
        ({"kind": "refuse", "error": "invalid_auth"}, "permanent", "SLACK_BOT_TOKEN"),
        ({"kind": "status"}, "not_accepted", "does not answer as it should"),
        ({"kind": "cut_before"}, "not_accepted", "does not answer as it should"),
        ({"kind": "html"}, "not_accepted", "does not answer as it should"),
    ],
    ids=["refused", "503", "cut", "html"],
)
async def test_a_slack_that_lets_nobody_in_says_so_without_a_message(
    publisher: SlackPublisher, slack: FakeSlack, fault: dict[str, Any], outcome: str, told: str
) -> None:
    slack.fault("auth.test", **fault)
    with pytest.raises(DeliveryError, match=told) as caught:
        await publisher.knock()
    assert (caught.value.outcome, caught.value.scope) == (outcome, "lane")
    await publisher.knock()


async def test_a_missing_scope_is_named(publisher: SlackPublisher, slack: FakeSlack, channel: str) -> None:
    slack.scopes -= {"chat:write"}
    assert "the scope chat:write" in (await trouble(publisher, a_post(slack, channel))).reason


@pytest.mark.parametrize(
    "place", ["", "slack:T1", "slack:T1/", "slack:T1/general", "discord:1/2", "slack:T1/C1/x", "slack:T1/@C1", "x"]
)
async def test_what_is_no_place_of_slack_is_never_posted_to(publisher: SlackPublisher, place: str) -> None:
    error = await trouble(publisher, Post(place, PAGE, "KEY1", datetime.now(UTC)))
    assert (error.outcome, error.scope) == ("permanent", "place")
    assert repr(place) in error.reason


async def test_posts_share_their_connections(publisher: SlackPublisher, slack: FakeSlack, channel: str) -> None:
    for number in range(20):
        await publisher.publish(a_post(slack, channel, f"KEY{number}"))
    assert len({request.peer for request in slack.requests}) == 1


# Limits


@pytest.mark.parametrize(
    ("said", "seconds"),
    [(7, 7.0), ("0", 0.0), ("1.5", 1.5), (3600, 3600.0), (None, 30.0), ("soon", 30.0), (-1, 30.0), ("1e9", 30.0)],
    ids=str,
)
async def test_a_limit_is_kept_for_as_long_as_slack_says(
    publisher: SlackPublisher, slack: FakeSlack, channel: str, said: object, seconds: float
) -> None:
    slack.fault("chat.postMessage", "ratelimited", retry_after=said)
    error = await trouble(publisher, a_post(slack, channel))
    assert (error.outcome, error.scope, error.retry_after) == ("not_accepted", "place", seconds)


async def test_a_channel_that_slack_limits_has_no_turn_before_its_time_and_others_have(
    publisher: SlackPublisher, slack: FakeSlack, clock: HandClock, channel: str
) -> None:
    slack.fault("chat.postMessage", "ratelimited", retry_after=7)
    post = a_post(slack, channel)
    await trouble(publisher, post)
    held = asyncio.create_task(publisher.turn(post.place))
    await publisher.turn(f"slack:{slack.team_id}/C0OTHER")
    await clock.go_on(6.9)
    assert not held.done()
    await clock.go_on(0.2)
    assert held.done()


async def test_two_channels_that_slack_limits_at_a_time_hold_back_the_workspace_and_no_other(
    publisher: SlackPublisher, slack: FakeSlack, clock: HandClock, channel: str
) -> None:
    slack.fault("chat.postMessage", "ratelimited", times=2, retry_after=7)
    other = slack.do(slack.channel("more", [new_user()]))
    errors = [await trouble(publisher, a_post(slack, one)) for one in (channel, other)]
    assert [error.scope for error in errors] == ["place", "lane"]
    held = asyncio.create_task(publisher.turn(f"slack:{slack.team_id}/C0THIRD"))
    await publisher.turn("slack:T0ELSEWHERE/C0THIRD")
    await clock.go_on(6.9)
    assert not held.done()
    await clock.go_on(0.2)
    assert held.done()


async def test_messages_sent_in_their_turn_are_never_too_many(
    runner: asyncio.Runner, slack: FakeSlack, clock: HandClock
) -> None:
    slack.enforce_rate = True
    slack.limits.workspace_burst = 21
    slack.limits.workspace_rate = 40.0
    publisher = SlackPublisher(slack.bot_token, slack.api_url)
    channels = [slack.do(slack.channel(f"news{n}", [new_user()])) for n in range(24)]

    async def one(channel: str, key: str) -> None:
        post = a_post(slack, channel, key)
        await publisher.turn(post.place)
        await publisher.publish(post)

    async with publisher.opened():
        await asyncio.gather(*(one(channel, f"{channel}-{n}") for n, channel in enumerate(channels)))
    assert slack.counted() == {("chat.postMessage", "ok"): 24}


# Looking for it


async def test_a_post_whose_answer_was_lost_is_found(publisher: SlackPublisher, slack: FakeSlack, channel: str) -> None:
    slack.fault("chat.postMessage", "cut_after")
    post = a_post(slack, channel)
    assert (await trouble(publisher, post)).outcome == "ambiguous"
    (message,) = slack.messages(channel)
    assert await publisher.find(post) == Found(Receipt(message.ts, channel))


async def test_a_post_that_never_arrived_is_absent(publisher: SlackPublisher, slack: FakeSlack, channel: str) -> None:
    await publisher.publish(a_post(slack, channel, "KEY1"))
    slack.fault("chat.postMessage", "cut_before")
    post = a_post(slack, channel, "KEY2")
    await trouble(publisher, post)
    assert await publisher.find(post) == Absent()


async def test_a_post_is_found_in_its_thread_and_in_no_other(
    publisher: SlackPublisher, slack: FakeSlack, channel: str
) -> None:
    one, two = [await publisher.publish(a_post(slack, channel, key)) for key in ("ONE", "TWO")]
    post = a_post(slack, f"{channel}/{one.message}")
    receipt = await publisher.publish(post)
    assert await publisher.find(post) == Found(receipt)
    assert await publisher.find(a_post(slack, f"{channel}/{two.message}")) == Absent()
    assert await publisher.find(a_post(slack, channel)) == Absent()


async def test_a_post_is_found_behind_many_others_and_among_private_ones(
    publisher: SlackPublisher, slack: FakeSlack
) -> None:
    user = new_user()
    channel = slack.do(slack.channel("hidden", [user], private=True))
    post = a_post(slack, channel)
    receipt = await publisher.publish(post)
    await talking(slack, user, channel, 450)
    assert await publisher.find(post) == Found(receipt)
    assert slack.counted()["conversations.history", "ok"] == 3


async def meanwhile(clock: HandClock, asked: Coroutine[Any, Any, T]) -> T:
    """Returns what comes of something while time goes on."""
    task = asyncio.create_task(asked)
    while not task.done():
        await clock.go_on(0.2)
        await asyncio.wait([task], timeout=0.002)
    return task.result()


async def test_where_too_much_was_written_meanwhile_it_is_not_known(
    publisher: SlackPublisher, slack: FakeSlack, clock: HandClock
) -> None:
    user = new_user()
    channel = slack.do(slack.channel("loud", [user]))
    await talking(slack, user, channel, 5_001)
    unknown = await meanwhile(clock, publisher.find(a_post(slack, channel)))
    assert isinstance(unknown, Unknown)
    assert "over 5000 messages" in unknown.reason


async def talking(slack: FakeSlack, user: str, channel: str, times: int) -> None:
    for _ in range(times):
        slack.post(Message(channel, slack.next_ts(), user, "x"))


async def test_a_key_in_a_message_of_somebody_else_is_not_ours(
    publisher: SlackPublisher, slack: FakeSlack, channel: str
) -> None:
    metadata = {"event_type": "briefbot_digest", "event_payload": {"delivery": "KEY1"}}
    slack.post(Message(channel, slack.next_ts(), new_user(), "x", metadata=metadata))
    assert await publisher.find(a_post(slack, channel)) == Absent()


async def test_our_own_message_of_another_kind_with_the_same_key_is_not_it(
    publisher: SlackPublisher, slack: FakeSlack, channel: str
) -> None:
    client = AsyncWebClient(slack.bot_token, slack.api_url)
    metadata = {"event_type": "other", "event_payload": {"delivery": "KEY1"}}
    await client.chat_postMessage(channel=channel, text="x", metadata=metadata, unfurl_links=False, unfurl_media=False)
    assert await publisher.find(a_post(slack, channel)) == Absent()


@pytest.mark.parametrize("wrong_by", [timedelta(), -3 * HOUR, 50 * timedelta(minutes=1), 100 * timedelta(days=365)])
async def test_a_clock_that_was_set_meanwhile_hides_no_post(
    publisher: SlackPublisher, slack: FakeSlack, channel: str, wrong_by: timedelta
) -> None:
    receipt = await publisher.publish(a_post(slack, channel))
    assert await publisher.find(a_post(slack, channel, first=datetime.now(UTC) + wrong_by)) == Found(receipt)


async def test_without_the_scope_it_is_not_known_until_the_scope_may_have_been_granted(
    publisher: SlackPublisher, slack: FakeSlack, clock: HandClock, channel: str
) -> None:
    post = a_post(slack, channel)
    receipt = await publisher.publish(post)
    slack.scopes -= HISTORY
    assert await publisher.find(post) == Unknown("Slack cannot be asked without the scope channels:history")
    slack.scopes |= HISTORY
    slack.requests.clear()
    assert isinstance(await publisher.find(post), Unknown)
    assert slack.requests == []
    clock.seconds += 601
    assert await publisher.find(post) == Found(receipt)


async def test_the_scope_for_private_channels_is_named_by_its_own_name(
    publisher: SlackPublisher, slack: FakeSlack
) -> None:
    slack.scopes -= HISTORY
    channel = slack.do(slack.channel("hidden", [new_user()], private=True))
    unknown = await publisher.find(a_post(slack, channel))
    assert unknown == Unknown("Slack cannot be asked without the scope groups:history")


async def test_a_direct_message_is_found_where_the_conversation_is_known_or_may_be_asked_for(
    publisher: SlackPublisher, slack: FakeSlack
) -> None:
    user = new_user()
    first = a_post(slack, f"@{user}", "KEY1")
    slack.fault("chat.postMessage", "cut_after")
    await trouble(publisher, first)
    assert await publisher.find(first) == Unknown("Slack cannot be asked without the scope im:write")
    second = await publisher.publish(a_post(slack, f"@{user}", "KEY2"))
    found = await publisher.find(first)
    assert isinstance(found, Found)
    assert found.receipt.channel == second.channel == slack.dm(user)


async def test_a_direct_message_is_found_by_the_part_before_it_or_with_another_scope(
    publisher: SlackPublisher, slack: FakeSlack
) -> None:
    by_part, by_scope = new_user(), new_user()
    for user in (by_part, by_scope):
        slack.fault("chat.postMessage", "cut_after")
        await trouble(publisher, a_post(slack, f"@{user}"))
    before = Receipt("1.000001", slack.dm(by_part))
    assert isinstance(await publisher.find(a_post(slack, f"@{by_part}", after=before)), Found)
    slack.scopes |= {"im:write"}
    assert isinstance(await publisher.find(a_post(slack, f"@{by_scope}")), Found)


async def test_a_channel_without_us_cannot_be_asked_about(
    publisher: SlackPublisher, slack: FakeSlack, channel: str
) -> None:
    slack.invite(channel, member=False)
    unknown = await publisher.find(a_post(slack, channel))
    assert isinstance(unknown, Unknown)
    assert "/invite" in unknown.reason
    slack.invite(channel)
    assert await publisher.find(a_post(slack, channel)) == Absent()


async def test_a_thread_that_the_token_may_not_read_cannot_be_asked_about(
    publisher: SlackPublisher, slack: FakeSlack, channel: str
) -> None:
    """Slack documents of bot tokens that they may not read threads of channels; that must not stop the workspace."""
    root = await publisher.publish(a_post(slack, channel))
    slack.fault("conversations.replies", "refuse", error="not_allowed_token_type")
    assert isinstance(await publisher.find(a_post(slack, f"{channel}/{root.message}")), Unknown)


@pytest.mark.parametrize("method", ["auth.test", "conversations.history"])
@pytest.mark.parametrize(
    ("fault", "scope", "retry_after"),
    [
        ({"kind": "ratelimited", "retry_after": 9}, "place", 9.0),
        ({"kind": "status", "status": 503}, "lane", None),
        ({"kind": "status", "status": 403}, "lane", None),
        ({"kind": "html"}, "place", None),
        ({"kind": "text"}, "place", None),
        ({"kind": "refuse", "error": "internal_error"}, "place", None),
        ({"kind": "refuse", "error": "token_revoked"}, "lane", None),
        ({"kind": "refuse", "error": "team_added_to_org"}, "lane", None),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else str(value),
)
async def test_what_cannot_be_looked_for_now_can_be_later(
    publisher: SlackPublisher, slack: FakeSlack, clock: HandClock, channel: str, method: str,
    fault: dict[str, Any], scope: str, retry_after: float | None,
) -> None:  # fmt: skip
    post = a_post(slack, channel)
    receipt = await publisher.publish(post)
    slack.fault(method, **fault)
    with pytest.raises(DeliveryError) as caught:
        await publisher.find(post)
    error = caught.value
    assert (error.outcome, error.scope, error.retry_after) == ("not_accepted", scope, retry_after)
    await clock.go_on(retry_after or 0)
    assert await publisher.find(post) == Found(receipt)


async def test_a_method_that_slack_limits_is_asked_by_nobody_before_its_time_and_others_are(
    runner: asyncio.Runner, slack: FakeSlack, channel: str
) -> None:
    seconds = [0.0]
    publisher = SlackPublisher(slack.bot_token, slack.api_url, monotonic=lambda: seconds[0])
    slack.scopes |= {"channels:read"}
    async with publisher.opened():
        post = a_post(slack, channel)
        receipt = await publisher.publish(post)
        slack.fault("conversations.history", kind="ratelimited", retry_after=600)
        for left in (600, 590):
            with pytest.raises(DeliveryError) as caught:
                await publisher.find(post)
            assert caught.value.retry_after == left
            seconds[0] += 10
        assert [one.method for one in slack.requests].count("conversations.history") == 1
        assert await publisher.reachable(post.place)
        seconds[0] = 600.0
        assert await publisher.find(post) == Found(receipt)


async def test_a_slack_that_cannot_be_reached_can_be_asked_later(runner: asyncio.Runner) -> None:
    publisher = SlackPublisher("xoxb", f"http://127.0.0.1:{free_port()}/api/")
    async with publisher.opened():
        with pytest.raises(DeliveryError) as caught:
            await publisher.find(Post("slack:T1/C1", PAGE, "KEY1", datetime.now(UTC)))
    assert (caught.value.outcome, caught.value.scope) == UNREACHED


# Being reachable again


async def test_a_channel_is_reachable_while_we_are_in_it(
    publisher: SlackPublisher, slack: FakeSlack, channel: str
) -> None:
    place = f"slack:{slack.team_id}/{channel}"
    assert await publisher.reachable(place) is None
    slack.scopes |= {"channels:read", "groups:read"}
    assert await publisher.reachable(place) is True
    slack.archive(channel)
    assert await publisher.reachable(place) is False
    slack.archive(channel, archived=False)
    slack.invite(channel, member=False)
    assert await publisher.reachable(place) is False
    assert await publisher.reachable(f"slack:{slack.team_id}/C0NOWHERE") is False
    slack.fault("conversations.info", "status")
    assert await publisher.reachable(place) is None


async def test_a_thread_is_reachable_while_it_is_there(
    publisher: SlackPublisher, slack: FakeSlack, channel: str
) -> None:
    slack.scopes |= {"channels:read"}
    root = await publisher.publish(a_post(slack, channel))
    thread = f"slack:{slack.team_id}/{channel}/{root.message}"
    assert await publisher.reachable(thread) is True
    (message,) = slack.messages(channel)
    slack.delete(message)
    assert await publisher.reachable(thread) is False
    slack.objections.clear()  # nobody can know of it
    slack.scopes -= HISTORY
    assert await publisher.reachable(thread) is None


async def test_of_a_person_it_is_only_known_that_they_left(publisher: SlackPublisher, slack: FakeSlack) -> None:
    user = new_user()
    place = f"slack:{slack.team_id}/@{user}"
    assert await publisher.reachable(place) is None
    slack.profiles[user] = {"deleted": True}
    assert await publisher.reachable(place) is False


# All of it


async def test_with_faults_by_chance_every_post_ends_as_exactly_one_message(
    publisher: SlackPublisher, slack: FakeSlack, clock: HandClock, channel: str
) -> None:
    """Sends as whoever delivers does: again what was not accepted, and what is absent; never what was found."""
    slack.faults.randomly(7, lost=0.1, reset=0.1, error=0.1, limited=0.1)
    posts = [a_post(slack, channel, f"KEY{n}") for n in range(60)]
    try:
        for post in posts:
            while not await settled(publisher, post, clock):
                pass
    finally:
        slack.faults.randomly(0)
    assert slack.keys(channel) == [post.key for post in posts]
    assert len({answer for _, answer in slack.counted()}) > 4


async def settled(publisher: Publisher, post: Post, clock: HandClock) -> bool:
    try:
        await publisher.publish(post)
    except DeliveryError as error:
        if error.outcome == "not_accepted":
            return False
        assert error.outcome == "ambiguous"
    else:
        return True
    while True:
        try:
            return isinstance(await meanwhile(clock, publisher.find(post)), Found)
        except DeliveryError as error:
            await clock.go_on(error.retry_after or 0)


async def test_nothing_is_left_to_do_once_it_is_posted(
    publisher: SlackPublisher, slack: FakeSlack, channel: str
) -> None:
    post = a_post(slack, channel)
    receipt = await publisher.publish(post)
    await publisher.finish(post, receipt)
    assert len(slack.requests) == 1


def test_it_is_looked_for_only_when_no_request_can_be_under_way() -> None:
    assert SlackPublisher.settle > TIMEOUT


async def test_nothing_is_posted_outside_of_its_context(runner: asyncio.Runner, slack: FakeSlack) -> None:
    publisher, post = SlackPublisher(slack.bot_token, slack.api_url), a_post(slack, "C1")
    for doing in (publisher.publish(post), publisher.find(post), publisher.reachable(post.place)):
        with pytest.raises(RuntimeError, match="opened"):
            await doing
