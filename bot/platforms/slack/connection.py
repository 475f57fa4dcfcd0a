"""One connection of Socket Mode, as the SDK speaks it."""

import asyncio
import json
import logging
from contextlib import suppress
from time import monotonic, time

from aiohttp import ClientError, WSMessage, WSMsgType
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

SILENCE = 30.0
"""Seconds without any frame after which a connection counts as deaf."""

PING = 10.0
GOODBYE = 1.0
SOON = 0.01
NORMALLY = (1000).to_bytes(2, "big")
"""The status of a connection that is closed because it is no longer needed (RFC 6455, 7.4.1)."""

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


async def close(connection: Connection) -> None:
    """Ends a connection for good, waiting for a goodbye only as long as is polite."""
    connection.closed = True
    for task in (connection.message_processor, connection.current_session_monitor, connection.message_receiver):
        if task:
            task.cancel()
    with suppress(ClientError, OSError, TimeoutError):
        async with asyncio.timeout(GOODBYE):
            await connection.disconnect()  # type: ignore[no-untyped-call]
    await connection.aiohttp_client_session.close()
