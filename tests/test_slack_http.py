"""Slack's requests over HTTP: nothing unsigned is read, nothing malformed does harm, nothing comes twice."""

import asyncio
import gzip
import json
import random
import socket
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.http import MOST_BODY, MOST_CONNECTIONS, PATIENCE
from bot.platforms.slack.incoming import read
from bot.platforms.slack.signing import AHEAD, OLDEST, is_signed, signature
from tests.fakes.slack import FakeSlack
from tests.running import Bot, on_slack
from tests.slack_reader import Reader

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
DEEP = b'{"a":' * 100_000
NEVER = {200, 400, 401, 413}
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def workspace() -> Iterator[tuple[FakeSlack, Bot]]:
    with FakeSlack() as slack, on_slack(slack, over="http") as bot:
        yield slack, bot


@pytest.fixture
def slack(workspace: tuple[FakeSlack, Bot]) -> FakeSlack:
    return workspace[0]


@pytest.fixture
def bot(workspace: tuple[FakeSlack, Bot]) -> Bot:
    return workspace[1]


def post(slack: FakeSlack, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    async def send() -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(str(slack.events_url), data=body, headers=headers) as answer,
        ):
            return answer.status, await answer.text()

    return asyncio.run(send())


def signed(slack: FakeSlack, body: bytes, kind: str = FORM, **more: str) -> dict[str, str]:
    return slack.signed(body, kind) | more


def command(slack: FakeSlack, reader: Reader, text: str = "zephyr") -> bytes:
    """Returns the body of a slash command whose answer goes nowhere."""
    fields = {
        "command": "/company", "text": text, "user_id": reader.user, "team_id": slack.team_id,
        "channel_id": reader.channel, "response_url": f"{slack.origin}/respond/none", "trigger_id": f"{time.monotonic()}",
    }  # fmt: skip
    return urlencode(fields).encode()


BODY = urlencode({"command": "/help", "user_id": "U1", "team_id": "T1", "channel_id": "C1"}).encode()
MALFORMED: dict[str, tuple[bytes, dict[str, str], int]] = {
    "no signature": (BODY, {"X-Slack-Signature": ""}, 401),
    "no timestamp": (BODY, {"X-Slack-Request-Timestamp": ""}, 401),
    "a timestamp of letters": (BODY, {"X-Slack-Request-Timestamp": "abc"}, 401),
    "a timestamp too long": (BODY, {"X-Slack-Request-Timestamp": "9" * 400}, 401),
    "a negative timestamp": (BODY, {"X-Slack-Request-Timestamp": "-1"}, 401),
    "a timestamp in other digits": (BODY, {"X-Slack-Request-Timestamp": "١٧"}, 401),
    "a fraction of a second": (BODY, {"X-Slack-Request-Timestamp": "1.5"}, 401),
    "a signature in other letters": (BODY, {"X-Slack-Signature": "v0=ü"}, 401),
    "another version": (BODY, {"X-Slack-Signature": "v1=" + "0" * 64}, 401),
    "an unsigned body of JSON": (b'{"type":"url_verification"', {"X-Slack-Signature": "v0=0", "Content-Type": JSON}, 401),
    "an unsigned body that is deep": (DEEP, {"X-Slack-Signature": "v0=0", "Content-Type": JSON}, 401),
    "a signed body that is deep": (DEEP, {"Content-Type": JSON}, 400),
    "a signed body that is no text": (b"\xff\xfe\x00", {"Content-Type": JSON}, 400),
    "a signed body cut short": (b'{"type":"event_callback","event":{', {"Content-Type": JSON}, 400),
    "a signed list": (b"[1,2]", {"Content-Type": JSON}, 400),
    "a signed payload that is no JSON": (b"payload=%7Bnope", {"Content-Type": FORM}, 400),
    "a signed payload that is a number": (b"payload=7", {"Content-Type": FORM}, 400),
    "a signed event of a strange shape": (b'{"type":"event_callback","event":7}', {"Content-Type": JSON}, 400),
    "a signed click on nothing": (urlencode({"payload": '{"type":"block_actions"}'}).encode(), {"Content-Type": FORM}, 200),
    "a command of 100 KiB": (BODY + b"&text=" + b"x" * 100_000, {}, 413),
    "a body over 1 MiB": (b"x" * (MOST_BODY + 1), {}, 413),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_is_refused_and_says_nothing_of_us(slack: FakeSlack, bot: Bot, name: str) -> None:
    body, headers, expected = MALFORMED[name]
    status, said = post(slack, body, signed(slack, body) | headers)
    assert status == expected, bot.log[-3:]
    assert "Traceback" not in said
    assert len(said) < 100


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("POST /slack/events", 401), ("GET /slack/events", 405), ("POST /", 404), ("nonsense", 400),
    ],
)  # fmt: skip
def test_no_answer_tells_by_what_it_was_made(slack: FakeSlack, request_: str, status: int) -> None:
    said = raw(slack, f"{request_} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    head = said.partition("\r\n\r\n")[0]
    assert head.startswith((f"HTTP/1.1 {status}", f"HTTP/1.0 {status}"))
    assert "aiohttp" not in head
    assert "Python" not in head


def raw(slack: FakeSlack, sent: str) -> str:
    """Sends bytes, and returns all that comes until the connection is closed."""
    host, port = str(slack.events_url).split("/")[2].split(":")
    with socket.create_connection((host, int(port))) as one:
        one.settimeout(30)
        one.sendall(sent.encode())
        said = b""
        while part := one.recv(1000):
            said += part
    return said.decode()


def test_a_signature_is_good_for_five_minutes_back_and_one_ahead() -> None:
    now = 1_700_000_000
    for moved, good in ((0, True), (-OLDEST, True), (-OLDEST - 1, False), (AHEAD, True), (AHEAD + 1, False)):
        moment = str(now + moved)
        headers = {"x-slack-request-timestamp": moment, "x-slack-signature": signature("secret", moment, BODY)}
        assert is_signed("secret", headers, BODY, lambda: now) is good
        assert not is_signed("other", headers, BODY, lambda: now)
        assert not is_signed("secret", headers, BODY + b" ", lambda: now)


def test_slacks_own_example_of_a_signature_is_right() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name="
        b"foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F"
        b"hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015."
        b"47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    made = signature("8f742231b10e" + "8888abcd99yyyzzz85a5", "1531420618", body)
    assert made == "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def test_a_request_that_is_played_again_is_acknowledged_and_does_nothing(slack: FakeSlack) -> None:
    reader = Reader(slack)
    asked = slack.do(slack.command(reader.user, reader.channel, "/company", "zephyr"))
    body = urlencode(asked.payload).encode()
    headers = signed(slack, body)
    assert [post(slack, body, headers)[0] for _ in range(3)] == [200, 200, 200]
    reader.until(asked.messages)
    time.sleep(0.3)
    assert len(reader.seen()) == 1


def test_a_request_without_any_id_is_still_played_once(slack: FakeSlack) -> None:
    reader = Reader(slack)
    asked = slack.do(slack.command(reader.user, reader.channel, "/company", "zephyr"))
    fields = {name: value for name, value in asked.payload.items() if name != "trigger_id"}
    body = urlencode(fields).encode()
    headers = signed(slack, body)
    assert [post(slack, body, headers)[0] for _ in range(3)] == [200, 200, 200]
    reader.until(lambda: len(reader.seen()) == 2)
    time.sleep(0.3)
    assert len(reader.seen()) == 2


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize(
    "body", [b"abc", gzip.compress(BODY), zlib.compress(BODY)], ids=["plain", "gzipped", "deflated"]
)
def test_a_body_that_says_it_is_packed_is_taken_as_it_is(slack: FakeSlack, coding: str, body: bytes) -> None:
    assert post(slack, body, {"Content-Encoding": coding, "Content-Type": FORM})[0] in (400, 401)


@given(st.dictionaries(st.text(min_size=1), st.text()).filter(lambda form: "payload" not in form))
def test_a_form_is_read_as_it_was_written(form: dict[str, str]) -> None:
    assert read(FORM, urlencode(form).encode()) == form


def test_a_form_that_holds_json_is_read_as_that() -> None:
    said = {"type": "block_actions", "text": "50% & more + ü"}
    assert read(FORM, urlencode({"payload": json.dumps(said)}).encode()) == said
    assert read(FORM, b"text=the+payload+of+it") == {"text": "the payload of it"}


def test_a_stranger_keeps_no_connection(slack: FakeSlack, bot: Bot) -> None:
    said = raw(slack, "POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    assert said.startswith("HTTP/1.1 401")
    bot.until(lambda: bot.logged("a request is not signed with SLACK_SIGNING_SECRET"))


def test_a_connection_too_many_is_closed_at_once(slack: FakeSlack) -> None:
    host, port = str(slack.events_url).split("/")[2].split(":")
    held = [socket.create_connection((host, int(port))) for _ in range(MOST_CONNECTIONS)]
    try:
        time.sleep(0.5)
        with socket.create_connection((host, int(port))) as one:
            assert is_cut(one, 3)
    finally:
        for one in held:
            one.close()
    time.sleep(0.5)
    assert Reader(slack).ask("/company", "zephyr")


def test_an_event_that_slack_repeats_is_answered_once(slack: FakeSlack) -> None:
    reader = Reader(slack)
    asked = slack.do(slack.direct(reader.user, "company zephyr"))
    for attempt in ("1", "2", "3"):
        body = json.dumps(asked.payload).encode() + b" " * int(attempt)
        again = signed(slack, body, JSON, **{"X-Slack-Retry-Num": attempt, "X-Slack-Retry-Reason": "http_timeout"})
        assert post(slack, body, again)[0] == 200
    reader.until(lambda: len(reader.conversation()) == 2)
    time.sleep(0.3)
    assert len(reader.conversation()) == 2


def test_slack_may_check_that_the_address_is_ours(slack: FakeSlack) -> None:
    assert slack.do(slack.url_verification())


def test_what_is_not_subscribed_is_acknowledged_so_that_it_does_not_come_again(slack: FakeSlack, bot: Bot) -> None:
    event = {"type": "event_callback", "event_id": "Ev1", "team_id": slack.team_id, "event": {"type": "team_join", "user": {"id": "U1"}}}  # fmt: skip
    body = json.dumps(event).encode()
    assert post(slack, body, signed(slack, body, JSON))[0] == 200
    bot.until(lambda: bot.logged("not for us"))


def test_only_the_one_path_answers_and_only_to_posts(slack: FakeSlack) -> None:
    async def ask(method: str, path: str) -> int:
        address = str(slack.events_url).replace("/slack/events", path)
        async with aiohttp.ClientSession() as session, session.request(method, address) as answer:
            return answer.status

    assert [asyncio.run(ask(*one)) for one in (("GET", "/slack/events"), ("POST", "/"), ("GET", "/.env"))] == [
        405,
        404,
        404,
    ]


def fuzzed(slack: FakeSlack, chance: random.Random) -> tuple[bytes, dict[str, str]]:
    """Returns a request that is wrong in some way, or strange though signed."""
    values: list[Any] = [
        None,
        7,
        "",
        [],
        {},
        "x" * 50,
        [{}],
        {"id": {}},
        {"id": "D1"},
        "<@U1|<>",
        {"type": "modal"},
        {"type": "message"},
    ]
    keys = ["type", "event", "actions", "user", "team", "container", "view", "channel", "message", "trigger_id", "response_url",
            "value", "action_id", "block_id", "event_id", "team_id", "authorizations", "callback_id", "text", "blocks", "command"]  # fmt: skip
    kinds = [
        "block_actions",
        "block_suggestion",
        "message_action",
        "shortcut",
        "view_submission",
        "event_callback",
        "nope",
        7,
    ]
    shape = {key: chance.choice(values) for key in chance.sample(keys, chance.randrange(len(keys)))}
    if chance.random() < 0.7:
        shape["type"] = chance.choice(kinds)
    if chance.random() < 0.4:
        inner = {key: chance.choice(values) for key in chance.sample(keys, 6)}
        shape["event"] = inner | {"type": chance.choice(["message", "app_mention", "app_home_opened", {}, None])}
    text = json.dumps(shape)
    form, kind = chance.choice(
        [
            (f"payload={quote(text)}", FORM),
            (text, JSON),
            (urlencode(shape), FORM),
            (text[: chance.randrange(len(text))], JSON),
        ]
    )
    body = form.encode() if chance.random() < 0.8 else chance.randbytes(chance.randrange(300))
    headers = signed(
        slack, body, chance.choice([kind, kind, "text/plain", "application/x-www-form-urlencoded; charset=x"])
    )
    if chance.random() < 0.3:
        headers[chance.choice(list(headers))] = chance.choice(
            ["", "v0=", "x" * 100, "9" * 20, "v0=é", "application/json;;"]
        )
    return body, headers


def throw(slack: FakeSlack, bot: Bot, number: int) -> tuple[set[int], int]:
    """Sends strange requests, eight at a time, and returns what came back and by how much the memory grew."""
    chance = random.Random(4)
    statuses: set[int] = set()

    async def worker(session: aiohttp.ClientSession, count: int) -> None:
        for _ in range(count):
            body, headers = fuzzed(slack, chance)
            async with session.post(str(slack.events_url), data=body, headers=headers) as answer:
                statuses.add(answer.status)

    async def all_of(count: int) -> None:
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(worker(session, count // 8) for _ in range(8)))

    asyncio.run(all_of(800))
    before = bot.memory
    asyncio.run(all_of(number))
    return statuses, bot.memory - before


def test_a_thousand_strange_requests_do_no_harm(slack: FakeSlack, bot: Bot) -> None:
    statuses, grown = throw(slack, bot, 1_000)
    assert statuses <= NEVER
    assert statuses >= {200, 400, 401}
    assert grown < 10 * MIB
    assert Reader(slack).ask("/company", "zephyr").shown.startswith("Zephyr Airships")


@pytest.mark.long
def test_a_hundred_thousand_strange_requests_do_no_harm(
    slack: FakeSlack, bot: Bot, record_property: Callable[[str, object], None]
) -> None:
    statuses, grown = throw(slack, bot, 100_000)
    record_property("memory, MiB more", round(grown / MIB, 1))
    assert statuses <= NEVER
    assert grown < 10 * MIB
    assert Reader(slack).ask("/company", "zephyr").shown.startswith("Zephyr Airships")


def is_cut(one: socket.socket, seconds: float = PATIENCE + 10) -> bool:
    one.settimeout(seconds)
    try:
        return one.recv(1000) == b""
    except ConnectionError:
        return True


def test_whoever_sends_slowly_is_cut_off_and_nobody_else_waits(slack: FakeSlack) -> None:
    with slow(slack) as connections:
        begun = time.monotonic()
        reader = Reader(slack)
        assert reader.ask("/company", "zephyr").shown.startswith("Zephyr Airships")
        assert all(is_cut(one) for one in connections)
        assert time.monotonic() - begun < PATIENCE + 10


@contextmanager
def slow(slack: FakeSlack, number: int = 500) -> Iterator[list[socket.socket]]:
    """Gives connections on which headers never end, or bodies."""
    host, port = str(slack.events_url).split("/")[2].split(":")
    head = f"POST /slack/events HTTP/1.1\r\nHost: {host}\r\nContent-Length: 50\r\n".encode()
    with ExitStack() as stack:
        connections = [stack.enter_context(closing(socket.create_connection((host, int(port))))) for _ in range(number)]
        for index, one in enumerate(connections):
            one.sendall(head if index % 2 else head + b"\r\nbegin")
        yield connections


@pytest.mark.long
def test_what_slow_senders_cost_the_others_is_measured(
    slack: FakeSlack, record_property: Callable[[str, object], None]
) -> None:
    found = []
    for number in (0, 500, 0, 500):
        with slow(slack, number):
            found.append(p99(slack, 1_000))
    record_property("Slack over HTTP, p99 in ms: alone, beside 500 slow ones, twice", [f"{one:.1f}" for one in found])


def p99(slack: FakeSlack, number: int) -> float:
    """Asks one after the other, and returns in how many milliseconds 99 of 100 were acknowledged."""

    async def ask() -> list[float]:
        took = []
        async with aiohttp.ClientSession() as session:
            for _ in range(number):
                body = BODY + f"&trigger_id={random.random()}".encode()
                headers, begun = signed(slack, body), time.perf_counter()
                async with session.post(str(slack.events_url), data=body, headers=headers) as answer:
                    assert answer.status == 200
                took.append(time.perf_counter() - begun)
        return sorted(took)

    return asyncio.run(ask())[number * 99 // 100] * 1_000


def test_a_connection_is_used_again_for_the_next_request(slack: FakeSlack) -> None:
    async def ask() -> set[Any]:
        ports = set()
        async with aiohttp.ClientSession() as session:
            for _ in range(3):
                body = BODY + f"&trigger_id={random.random()}".encode()
                async with session.post(str(slack.events_url), data=body, headers=signed(slack, body)) as answer:
                    assert answer.status == 200
                    ports.add(
                        answer.connection
                        and answer.connection.transport
                        and answer.connection.transport.get_extra_info("sockname")
                    )
        return ports

    assert len(asyncio.run(ask())) <= 2
