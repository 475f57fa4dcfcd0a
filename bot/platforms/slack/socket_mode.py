"""Socket Mode: several connections at a time, each replaced before it is missed (docs.slack.dev/apis/events-api/
using-socket-mode).

The SDK speaks the protocol; when to connect is decided here. Left to itself, its client closes a connection before it
opens the next, waits a whole ping interval after a cut or a failure, and tries a refused token for ever.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import time
from typing import Any, cast

from aiohttp import ClientError
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.happening import Received
from bot.platforms.slack.connection import GOODBYE, SILENCE, Connection, close
from bot.platforms.slack.sending import reason
from bot.tally import Tally

log = logging.getLogger("briefbot.slack")
CONNECTIONS = 2
"""Kept open at a time, of the 10 that Slack allows, so that one may be cut without a gap."""

LOOK = 0.2
CONNECT = 5.0
RETIRE = 10.0
LONGEST_PAUSE = 30.0


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
            await close(connection)
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
        await close(connection)

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
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._receiving.add(task)
        try:
            with Received():
                await self._answer(client, request)
        finally:
            self._receiving.discard(task)

    async def _answer(self, client: Any, request: SocketModeRequest) -> None:
        response = await run_async_bolt_app(self._app, request)
        try:
            await send_async_response(client, request, response, time())
        except (ClientError, OSError) as error:
            # The answer goes another way, so only Slack's own notice to the reader may be wrong.
            log.warning("the connection was cut before the acknowledgement", extra={"error": _short(error)})


def _short(error: BaseException) -> str:
    said = reason(error) if isinstance(error, SlackApiError) else str(error)
    return f"{type(error).__name__}: {' '.join(said.split())}"[:200]
