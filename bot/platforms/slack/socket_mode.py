"""Socket Mode: several connections at a time, each replaced before it is missed (docs.slack.dev/apis/events-api/
using-socket-mode).

The SDK speaks the protocol; when to connect is decided here. Left to itself, its client closes a connection before it
opens the next, waits a whole ping interval after a cut or a failure, and tries a refused token for ever.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic, time
from typing import Any

from aiohttp import ClientError, WSMessage, WSMsgType
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.happening import received
from bot.platforms.slack.sending import reason
from bot.tally import Tally

log = logging.getLogger("briefbot.slack")
CONNECTIONS = 2
"""Kept open at a time, of the 10 that Slack allows, so that one may be cut without a gap."""

SILENCE = 30.0
"""Seconds without any frame after which a connection counts as deaf."""

PING = 10.0
LOOK = 0.2
CONNECT = 5.0
RETIRE = 10.0
GOODBYE = 1.0
SOON = 0.01
NORMALLY = (1000).to_bytes(2, "big")
"""The status of a connection that is closed because it is no longer needed (RFC 6455, 7.4.1)."""

LONGEST_PAUSE = 30.0
MOST_LOOKED_AT = 200
REFRESHES = {"warning", "refresh_requested"}
"""Reasons to disconnect that ask for another connection; after any other, such as too many, that would be refused."""


class Connection(SocketModeClient):
    """Is one connection of the SDK that never reconnects by itself: `ended` says that another is due."""

    def __init__(self, app_token: str, web_client: AsyncWebClient, url: str) -> None:
        super().__init__(
            app_token,
            logging.getLogger("slack_sdk.socket_mode"),
            web_client,
            auto_reconnect_enabled=False,
            ping_interval=PING,
            on_message_listeners=[self._frame],
            on_close_listeners=[self._closed],
            on_error_listeners=[self._closed],
        )
        self._url = url
        self.ended = False
        self.turned_out = ""
        self._heard = monotonic()
        self._pong: float | None = None

    async def connect(self) -> None:
        """Opens the connection, once.

        Raises:
            aiohttp.ClientError, OSError: it cannot be opened.
        """
        self.current_session = await self.aiohttp_client_session.ws_connect(
            self._url, autoping=False, heartbeat=self.ping_interval, proxy=self.proxy
        )
        await self.current_session.ping(f"sdk-ping-pong:{time()}".encode())
        self.current_session_monitor = asyncio.ensure_future(self.monitor_current_session())
        self.message_receiver = asyncio.ensure_future(self.receive_messages())

    async def connect_to_new_endpoint(self, force: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Notes that Slack asks for a new connection."""
        self.ended = True

    async def part(self) -> None:
        """Says goodbye, and reads on until Slack has said it too and all that it sent before is handed on.

        Closing would throw that away.

        Raises:
            aiohttp.ClientError, OSError: there is no connection any more.
        """
        if self.current_session and not self.current_session.closed:
            await self.current_session.send_frame(NORMALLY, WSMsgType.CLOSE)
        while not (self.cut or self.ended) or not self.message_queue.empty():
            await asyncio.sleep(SOON)

    @property
    def alive(self) -> bool:
        """Whether frames still come, or at least the answers to our pings."""
        if self.last_ping_pong_time != self._pong:
            self._pong, self._heard = self.last_ping_pong_time, monotonic()
        return not self.cut and monotonic() - self._heard < SILENCE

    @property
    def cut(self) -> bool:
        """Whether there is no connection any more."""
        return self.current_session is None or self.current_session.closed

    async def _frame(self, message: WSMessage) -> None:
        self._heard = monotonic()
        if '"disconnect"' in message.data[:MOST_LOOKED_AT]:
            reason = json.loads(message.data).get("reason", "")
            self.turned_out = reason if reason not in REFRESHES else ""

    async def _closed(self, _: WSMessage) -> None:
        self.ended = True


class SocketMode:
    """Receives what Slack sends over connections of our own making and hands it to a bolt app."""

    def __init__(
        self, app: AsyncApp, app_token: str, open_url: Callable[[], Awaitable[str]], tally: Tally | None = None
    ) -> None:
        self._app = app
        self._app_token = app_token
        self._open_url = open_url
        self._tally = tally or Tally()
        self._open: dict[int, Connection] = {}
        self._retiring: set[asyncio.Task[None]] = set()
        self._receiving: set[asyncio.Task[Any]] = set()

    @property
    def heard(self) -> int:
        """How many connections Slack was heard on lately."""
        return sum(one.alive for one in self._open.values())

    async def keep(self, line: int) -> None:
        """Keeps one connection open until cancelled: the next is there before the last is closed.

        What was sent on it before Slack heard of the end is taken, too.

        Raises:
            TokenRefused: Slack does not let us in.
        """
        last: Connection | None = None
        failures = 0
        try:
            while True:
                try:
                    connection = await self._connected()
                except (ClientError, SlackApiError, TimeoutError, OSError) as error:
                    failures += 1
                    await self._pause(failures, line, _short(error))
                    continue
                log.info("connected to Slack", extra={"line": line})
                if last:
                    self._retire(last)
                    self._tally.count("reconnects", "slack")
                last = self._open[line] = connection
                await self._end_of(connection, line)
                failures = failures + 1 if connection.turned_out else 0
                if failures:
                    await self._pause(failures, line, connection.turned_out)
        finally:
            self._open.pop(line, None)
            if last:
                await self._leave(last)
            for task in self._retiring:
                task.cancel()
            if self._retiring:
                await asyncio.wait(self._retiring)

    async def _pause(self, failures: int, line: int, reason: str) -> None:
        pause = min(2.0 ** (failures - 1), LONGEST_PAUSE)
        log.warning("no connection to Slack", extra={"line": line, "error": reason, "again_in": pause})
        await asyncio.sleep(pause)

    async def _connected(self) -> Connection:
        connection = Connection(self._app_token, self._app.client, await self._open_url())
        connection.socket_mode_request_listeners.append(self._receive)
        try:
            async with asyncio.timeout(CONNECT):
                await connection.connect()
        except BaseException:
            await _close(connection)
            raise
        return connection

    async def _end_of(self, connection: Connection, line: int) -> None:
        while connection.alive and not connection.ended:
            await asyncio.sleep(LOOK)
        if not connection.ended and not connection.cut:
            log.warning("Slack is silent; connecting anew", extra={"line": line, "seconds": SILENCE})

    async def _leave(self, connection: Connection) -> None:
        """Closes a connection, and takes what is under way on it: Slack sends a command but once."""
        try:
            async with asyncio.timeout(GOODBYE):
                await connection.part()
                await asyncio.sleep(0)  # what was read last begins to be received
                while self._receiving:
                    await asyncio.wait(self._receiving)
        except (ClientError, OSError, TimeoutError) as error:
            log.info("a connection was not closed well", extra={"error": type(error).__name__})
        await _close(connection)

    def _retire(self, connection: Connection) -> None:
        """Closes a connection once Slack has, which sends on it what is under way."""
        task = asyncio.create_task(self._leave_later(connection))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _leave_later(self, connection: Connection) -> None:
        try:
            for _ in range(int(RETIRE / LOOK)):
                if not connection.alive:
                    break
                await asyncio.sleep(LOOK)
        finally:
            await self._leave(connection)

    async def _receive(self, client: Any, request: SocketModeRequest) -> None:
        if task := asyncio.current_task():
            self._receiving.add(task)
            task.add_done_callback(self._receiving.discard)
        with received():
            await self._answer(client, request)

    async def _answer(self, client: Any, request: SocketModeRequest) -> None:
        response = await run_async_bolt_app(self._app, request)
        try:
            await send_async_response(client, request, response, time())
        except (ClientError, OSError) as error:
            # The answer goes another way, so only Slack's own notice to the reader may be wrong.
            log.warning("the connection was cut before the acknowledgement", extra={"error": _short(error)})


async def _close(connection: Connection) -> None:
    """Ends a connection for good, waiting for a goodbye only as long as is polite."""
    connection.closed = True
    for task in (connection.message_processor, connection.current_session_monitor, connection.message_receiver):
        if task:
            task.cancel()
    with suppress(ClientError, OSError, TimeoutError):
        async with asyncio.timeout(GOODBYE):
            await connection.disconnect()  # type: ignore[no-untyped-call]
    await connection.aiohttp_client_session.close()


def _short(error: BaseException) -> str:
    said = reason(error) if isinstance(error, SlackApiError) else str(error)
    return f"{type(error).__name__}: {' '.join(said.split())}"[:200]
