"""Slack's connections and tokens: cut, refreshed, silent, refused; what was asked is answered, once."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack.connection import SILENCE, Connection, close
from tests.fakes.slack import Asked, FakeSlack
from tests.fakes.slack_people import new_user
from tests.running import Bot, on_slack, running
from tests.slack_reader import Reader

RECONNECTED = 30.0
"""Seconds for which it is waited until a lost connection is replaced, on a busy machine."""


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as slack:
        slack.tolerates_timeouts = True  # of an acknowledgement that is cut off, only Slack's notice is lost
        yield slack


async def disturb(slack: FakeSlack, chance: random.Random) -> None:
    """Does to one connection what networks and Slack do, now or with the next command."""
    index = chance.randrange(2)
    match chance.randrange(6):
        case 0:
            await slack.refresh(index, after=chance.random() / 5)
        case 1:
            await slack.warn(index)
            await slack.close(index)
        case 2:
            await slack.close(index)
        case 3:
            await slack.abort(index)
        case 4:
            await slack.abort(index, after_delivering="slash_commands")
        case 5:
            await slack.abort(index, after_delivering="slash_commands")
            await slack.warn(index)


def disturbed(slack: FakeSlack, bot: Bot, times: int) -> tuple[list[Asked], list[float]]:
    """Disturbs connections while people ask, and returns what was asked and how long each replacement took."""
    chance = random.Random(times)
    users = [new_user() for _ in range(times * 4)]
    channel = slack.do(slack.channel("news", users))
    asked: list[Asked] = []
    took: list[float] = []

    async def ask(user: str, begin: asyncio.Event) -> None:
        await begin.wait()
        await asyncio.sleep(chance.random() / 50)
        asked.append(await slack.command(user, channel, "/company", "zephyr"))

    async def one(number: int) -> None:
        begin = asyncio.Event()
        asking = [asyncio.create_task(ask(user, begin)) for user in users[number * 4 : number * 4 + 4]]
        asyncio.get_running_loop().call_later(chance.random() / 50, begin.set)
        await disturb(slack, chance)
        await asyncio.gather(*asking)
        took.append(await slack.until(lambda: slack.connections >= 2, RECONNECTED))

    for number in range(times):
        slack.do(one(number))
    bot.until(lambda: all(one.messages() for one in asked if one.delivered))
    return asked, took


def check_each_is_answered_once(slack: FakeSlack, asked: list[Asked]) -> None:
    assert all(one.delivered for one in asked), "with two connections there is always one"
    assert {len(one.messages()) for one in asked} == {1}
    assert len([m for m in slack.posted if m.ephemeral_to]) == len(asked)
    assert slack.objections == []


def test_fifty_disconnects_lose_no_command_and_answer_none_twice(slack: FakeSlack) -> None:
    with on_slack(slack, over="socket") as bot:
        asked, _ = disturbed(slack, bot, 50)
        check_each_is_answered_once(slack, asked)


@pytest.mark.long
def test_a_thousand_disconnects_lose_no_command_and_answer_none_twice(
    slack: FakeSlack, record_property: Callable[[str, object], None]
) -> None:
    with on_slack(slack, over="socket") as bot:
        disturbed(slack, bot, 50)
        slack.posted.clear()
        before = bot.memory
        asked, took = disturbed(slack, bot, 1_000)
        grown = (bot.memory - before) / 2**20
        took.sort()
        record_property("seconds to two connections again, median and longest", (took[500], took[-1]))
        record_property("memory, MiB more", grown)
        check_each_is_answered_once(slack, asked)
        assert grown < 10


def test_an_event_whose_acknowledgement_is_cut_off_is_answered_once(slack: FakeSlack) -> None:
    with on_slack(slack, over="socket"):
        reader = Reader(slack)
        for _ in range(3):
            slack.do(slack.abort(after_delivering="events_api"))
            assert reader.direct("company zephyr").shown.startswith("Zephyr Airships")
            reader.until(lambda: slack.connections >= 2)
        time.sleep(1)
        assert len(reader.conversation()) == 6


def test_when_slack_takes_no_connection_for_a_while_it_is_tried_until_it_does(slack: FakeSlack) -> None:
    with on_slack(slack, over="socket") as bot:
        slack.refuse_connections(seconds=3)
        slack.do(slack.close())
        bot.until(lambda: slack.connections == 2)
        bot.until(lambda: bot.logged("no connection to Slack"))
        assert Reader(slack).ask("/company", "zephyr").shown.startswith("Zephyr Airships")


def test_a_slack_that_turns_us_out_is_not_asked_again_at_once(slack: FakeSlack) -> None:
    with on_slack(slack, over="socket") as bot:
        slack.sockets.most = 0
        slack.do(slack.close())
        time.sleep(4)
        opened = sum(one.method == "apps.connections.open" for one in slack.requests)
        assert opened < 12
        bot.until(lambda: bot.logged("too_many_websockets"))


def test_a_connection_without_a_frame_for_half_a_minute_counts_as_deaf() -> None:
    async def look() -> list[bool]:
        connection = Connection("xapp" + "-1", AsyncWebClient(), "ws://127.0.0.1:9")
        session = SimpleNamespace(closed=False)
        connection.current_session = session  # type: ignore[assignment]
        looked = [connection.alive]
        connection._heard -= SILENCE
        looked.append(connection.alive)
        connection.last_ping_pong_time = time.time()
        looked.append(connection.alive)
        session.closed = True
        looked.append(connection.alive)
        connection.current_session = None
        await close(connection)
        return looked

    assert asyncio.run(look()) == [True, False, True, False]


def test_one_deaf_connection_leaves_the_other_and_is_replaced(slack: FakeSlack) -> None:
    with on_slack(slack, over="socket") as bot:
        slack.do(slack.go_deaf(0))
        assert slack.connections == 1
        bot.until(lambda: slack.connections == 2, 40)


@pytest.mark.long(minutes=4)
def test_a_silent_slack_is_noticed_within_half_a_minute_each_time(slack: FakeSlack) -> None:
    with on_slack(slack, over="socket") as bot:
        for _ in range(5):
            slack.do(slack.go_deaf())
            bot.until(lambda: slack.connections == 2, 40)
            assert Reader(slack).ask("/company", "zephyr").shown.startswith("Zephyr Airships")


@pytest.mark.parametrize(
    ("setting", "value"), [("SLACK_BOT_TOKEN", "xox" + "b-1-wrong"), ("SLACK_APP_TOKEN", "xapp" + "-1-wrong")]
)
def test_a_wrong_token_is_said_in_one_line_with_the_way_out(slack: FakeSlack, setting: str, value: str) -> None:
    right = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token, "SLACK_API_URL": slack.api_url}
    with running(**right | {setting: value}) as bot:
        assert bot.process.wait(30) == 3
        lines = [line for line in bot.log if not line.startswith("{")]
    assert lines == [line for line in lines if line.startswith(f"{setting}: Slack refuses it (invalid_auth); ")]
    assert len(lines) == 1
    assert value not in "".join(bot.log)


@pytest.mark.parametrize("error", ["token_revoked", "account_inactive"])
def test_a_token_that_is_revoked_ends_the_bot_with_one_line(slack: FakeSlack, error: str) -> None:
    with on_slack(slack, over="socket") as bot:
        slack.revoke(error)
        reader = Reader(slack)
        slack.do(slack.mention(reader.user, reader.channel, "help"))
        assert bot.process.wait(30) == 3
        assert bot.log[-1].startswith(f"SLACK_BOT_TOKEN: Slack refuses it ({error}); ")


def test_a_slack_that_cannot_be_asked_at_the_start_is_asked_again(slack: FakeSlack) -> None:
    slack.fault("auth.test", "status", times=2, status=503)
    with on_slack(slack, over="http") as bot:
        bot.until(lambda: bot.logged("Slack cannot be asked who we are"))
        assert Reader(slack).ask("/company", "zephyr").shown.startswith("Zephyr Airships")


@pytest.mark.parametrize("over", ["socket", "http"])
def test_when_told_to_end_it_finishes_what_it_is_answering(slack: FakeSlack, over: str) -> None:
    with on_slack(slack, over=over) as bot:
        reader = Reader(slack)
        slack.fault("response_url", "ratelimited", retry_after=1)
        asked = slack.do(slack.command(reader.user, reader.channel, "/company", "zephyr"))
        assert bot.end() == 0
        assert len(asked.messages()) == 1
        assert not bot.logged("Traceback")


def asked_at_once(slack: FakeSlack, users: list[str]) -> list[Asked]:
    """Returns what everybody has asked; the answers are shown, but the requests that brought them hang for good."""
    channel = slack.do(slack.channel("news", users))
    slack.fault("response_url", "hang", times=len(users), held=asyncio.Event())

    async def all_at_once() -> list[Asked]:
        return await asyncio.gather(*(slack.command(user, channel, "/company", "zephyr") for user in users))

    return slack.do(all_at_once())


@pytest.mark.parametrize("over", ["socket", "http"])
def test_256_readers_at_once_are_acknowledged_in_time_even_if_answers_hang(slack: FakeSlack, over: str) -> None:
    users = [new_user() for _ in range(256)]
    slack.ack_within = 60.0  # of a busy machine
    with on_slack(slack, over=over) as bot:
        before = bot.cpu
        asked = asked_at_once(slack, users)
        assert bot.cpu - before < 3
        assert all(one.acknowledged_after for one in asked)
        bot.until(lambda: all(one.messages() for one in asked))
        assert slack.objections == []
        assert all(one.messages()[0].shown.startswith("Zephyr Airships") for one in asked)


@pytest.mark.parametrize("over", ["socket", "http"])
def test_more_than_can_be_in_flight_is_turned_away_politely(slack: FakeSlack, over: str) -> None:
    users = [new_user() for _ in range(300)]
    slack.ack_within = 60.0
    with on_slack(slack, over=over) as bot:
        asked = asked_at_once(slack, users)
        bot.until(lambda: all(one.messages() for one in asked))
        busy = [one for one in asked if one.messages()[0].shown.startswith("Busy")]
        assert 0 < len(busy) < 100
        assert slack.objections == []
