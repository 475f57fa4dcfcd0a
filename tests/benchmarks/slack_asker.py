"""A Slack that asks as fast as it is answered: commands over HTTP or Socket Mode, and the addresses to answer at.

It is leaner than the fake that it stands on, for its own work must not be seen in how long an answer takes.
"""

import asyncio
import re
from collections.abc import Callable
from itertools import count
from time import perf_counter
from urllib.parse import urlencode

from tests.benchmarks.served import Took
from tests.fakes import slack_payloads
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_http import FORM, signed_headers
from tests.fakes.slack_people import new_user
from tests.fakes.slack_texts import Payload

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TAKEN = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok"
PEOPLE = 100


class Asker:
    """Lets people ask for one and the same briefing; `latest` is the answer that came last."""

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack
        self._waiting: dict[bytes, asyncio.Future[float]] = {}
        self._numbers = count(1)
        self._idle: dict[int, list[_Asking]] = {}
        self.latest = b""
        people = [new_user() for _ in range(PEOPLE)]
        at = slack.channels[slack.do(slack.channel("square", people))]
        self._commands = [slack_payloads.slash_command(slack, user, at, "/company", "zephyr") for user in people]
        self._port = slack.do(self._listen())

    async def _listen(self) -> int:
        server = await asyncio.get_running_loop().create_server(lambda: _Taking(self._take), "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def over_http(self, port: int) -> Took:
        """Sends a signed command to the app, and waits until it is acknowledged and answered."""
        payload, answered = self._command()
        body = urlencode(payload).encode()
        headers = signed_headers(self._slack.signing_secret, body, FORM) | {"Content-Length": str(len(body))}
        head = "\r\n".join(f"{name}: {value}" for name, value in headers.items())
        idle = self._idle.setdefault(port, [])
        connection = idle.pop() if idle else await self._connected(port)
        began = perf_counter()
        acknowledged = await connection.ask(
            f"POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{head}\r\n\r\n".encode() + body
        )
        at = await answered
        idle.append(connection)
        return Took(acknowledged - began, at - began)

    async def _connected(self, port: int) -> "_Asking":
        return (await asyncio.get_running_loop().create_connection(_Asking, "127.0.0.1", port))[1]

    async def over_socket(self) -> Took:
        """Sends a command over Socket Mode, and waits until it is acknowledged and answered."""
        payload, answered = self._command()
        began = perf_counter()
        answer, _ = await self._slack.sockets.deliver("slash_commands", payload, accepts=True)
        if answer.after is None or answer.body:
            raise RuntimeError(f"a command was not just acknowledged: {answer.reason} {answer.body}")
        return Took(answer.after, await answered - began)

    def _command(self) -> tuple[Payload, asyncio.Future[float]]:
        number = next(self._numbers)
        waiting = self._waiting[str(number).encode()] = asyncio.get_running_loop().create_future()
        more = {"trigger_id": f"13345224609.{number}", "response_url": f"http://127.0.0.1:{self._port}/{number}"}
        return self._commands[number % PEOPLE] | more, waiting

    def _take(self, path: bytes, body: bytes) -> None:
        self.latest = body
        self._waiting.pop(path.removeprefix(b"/")).set_result(perf_counter())


class _Taking(asyncio.Protocol):
    """Is a connection on which answers are posted."""

    def __init__(self, take: Callable[[bytes, bytes], None]) -> None:
        self._take = take
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (message := _message(self._read)) is not None:
            head, body, self._read = message
            self._transport.write(_TAKEN)
            self._take(head.split(b" ", 2)[1], body)


class _Asking(asyncio.Protocol):
    """Is a connection on which commands are sent, one at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._read = b""

    def ask(self, request: bytes) -> asyncio.Future[float]:
        """Returns when the request will have been answered well."""
        self._answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered

    def data_received(self, data: bytes) -> None:
        self._read += data
        if (message := _message(self._read)) is not None:
            head, body, self._read = message
            if head.startswith(b"HTTP/1.1 200") and not body:  # a refusal comes with the acknowledgement
                self._answered.set_result(perf_counter())
            else:
                self._answered.set_exception(RuntimeError(f"a command was answered with {head!r} {body[:200]!r}"))


def _message(read: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Returns the head and the body of a message of HTTP, and what was read beyond; None if it is not all there."""
    head, found, rest = read.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    size = int(length[1]) if length else 0
    return (head, rest[:size], rest[size:]) if found and len(rest) >= size else None
