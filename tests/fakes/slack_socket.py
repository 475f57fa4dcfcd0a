"""Socket Mode: connections, envelopes and acknowledgements, and everything that can happen to a connection."""

import asyncio
import contextlib
import json
import time
import uuid
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.loopback import reset
from tests.fakes.slack_records import Answer
from tests.fakes.slack_texts import Payload
from tests.fakes.slack_workspace import Workspace

MOST = 10
DEBUG = {"host": "applink-canary-1", "build_number": 118, "approximate_connection_time": 18060}


class Connection:
    """One WebSocket; a draining one gets nothing new, a deaf one is open and silent."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.BaseTransport | None) -> None:
        self.socket = socket
        self.transport = transport
        self.draining = False
        self.deaf = False
        self.abort_after: str | None = None

    @property
    def open(self) -> bool:
        """Whether Slack takes the connection for open."""
        return not self.socket.closed and self.transport is not None and not self.transport.is_closing()

    async def send(self, envelope: Payload) -> None:
        """Sends something; on a deaf connection it is lost."""
        if not self.deaf:
            await self.socket.send_str(json.dumps(envelope))


class Sockets:
    """All connections of the app, and the envelopes that wait for an acknowledgement."""

    def __init__(self, slack: Workspace) -> None:
        self._slack = slack
        self.all: list[Connection] = []
        self.connected_times: list[float] = []
        self.refusals = 0
        self.most = MOST
        self.refusing_until = 0.0
        self._turn = 0
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._accepts: dict[str, bool] = {}
        self._acknowledged: set[str] = set()

    @property
    def live(self) -> list[Connection]:
        """The connections that Slack sends on: a deaf one is taken for live until it is closed."""
        return [connection for connection in self.all if connection.open and not connection.draining]

    @property
    def hearing(self) -> list[Connection]:
        """The connections on which something would arrive."""
        return [connection for connection in self.live if not connection.deaf]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Holds one connection until it ends."""
        if self.refusals > 0 or time.monotonic() < self.refusing_until:
            self.refusals = max(0, self.refusals - 1)
            return web.Response(status=503, text="try again later")
        ticket = request.query.get("ticket", "")
        if ticket not in self._slack.tickets:
            return web.Response(status=403, text="this ticket is not valid any more")
        self._slack.tickets.remove(ticket)
        socket = web.WebSocketResponse(autoping=False, autoclose=False, timeout=0.5)
        await socket.prepare(request)
        connection = Connection(socket, request.transport)
        if len(self.live) >= self.most:
            await connection.send({"type": "disconnect", "reason": "too_many_websockets", "debug_info": DEBUG})
            await socket.close()
            return socket
        self.all.append(connection)
        self.connected_times.append(time.monotonic())
        pinging = asyncio.create_task(self._ping(connection))
        try:
            count, app = len(self.live), {"app_id": self._slack.app_id}
            await connection.send(
                {"type": "hello", "num_connections": count, "debug_info": DEBUG, "connection_info": app}
            )
            await self._listen(connection)
        except ConnectionError:
            pass
        finally:
            pinging.cancel()
            self.all.remove(connection)
        return socket

    async def _listen(self, connection: Connection) -> None:
        while connection.open:
            message = await connection.socket.receive()
            if connection.deaf:
                await self._ended(connection)
            elif message.type is WSMsgType.TEXT:
                self._take(message.data)
            elif message.type is WSMsgType.PING:
                await connection.socket.pong(message.data)
            elif message.type is WSMsgType.CLOSE:
                await connection.socket.close()
            elif message.type in (WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR):
                return

    async def _ended(self, connection: Connection) -> None:
        while connection.open:
            await asyncio.sleep(0.02)

    async def _ping(self, connection: Connection) -> None:
        with contextlib.suppress(ConnectionError):
            while connection.open:
                await asyncio.sleep(self._slack.ping_every)
                if not connection.deaf and connection.open:
                    await connection.socket.ping(f"Ping from {DEBUG['host']}".encode())

    def _take(self, raw: str) -> None:
        """Takes an acknowledgement, on whichever connection it comes."""
        try:
            ack = json.loads(raw)
            id_ = ack["envelope_id"]
        except (ValueError, KeyError, TypeError):
            self._slack.object_("Socket Mode", f"no acknowledgement: {raw[:200]}")
            return
        if id_ not in self._accepts:
            self._slack.object_("Socket Mode", f"unknown envelope_id {id_!r} acknowledged")
        elif id_ in self._acknowledged:
            self._slack.object_("Socket Mode", f"envelope {id_} acknowledged twice")
        else:
            self._acknowledged.add(id_)
            if ack.get("payload") and not self._accepts[id_]:
                self._slack.object_("Socket Mode", f"an answer in an acknowledgement that takes none: {raw[:200]}")
            waiting = self._waiting.get(id_)
            if waiting is not None and not waiting.done():
                waiting.set_result(ack.get("payload"))

    async def deliver(
        self, kind: str, payload: Payload, *, accepts: bool, attempt: int = 0, reason: str = ""
    ) -> tuple[Answer, str | None]:
        """Sends an envelope on one live connection and waits for its acknowledgement."""
        if not self.live:
            return Answer(delivered=False, reason="no_connection"), None
        self._turn += 1
        connection = self.live[self._turn % len(self.live)]
        id_ = str(uuid.uuid4())
        envelope = {"envelope_id": id_, "type": kind, "payload": payload, "accepts_response_payload": accepts}
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        self._accepts[id_] = accepts
        waiting = self._waiting[id_] = asyncio.get_running_loop().create_future()
        sent = time.monotonic()
        try:
            await connection.send(envelope)
            if connection.abort_after in ("any", kind):
                await asyncio.sleep(0.02)
                reset(connection.transport)
            body = await asyncio.wait_for(waiting, self._slack.ack_within)
        except ConnectionError:
            return Answer(delivered=False, reason="connection_failed"), id_
        except TimeoutError:
            return Answer(delivered=True, reason="timeout"), id_
        finally:
            del self._waiting[id_]
        return Answer(delivered=True, after=time.monotonic() - sent, body=body, status=200), id_

    def chosen(self, index: int | None) -> list[Connection]:
        """Returns one of the live connections, or all."""
        return self.live if index is None else [self.live[index]]

    async def refresh(self, index: int | None, *, after: float) -> None:
        """Asks the app to connect anew, sends nothing more, and closes a moment later."""
        chosen = self.chosen(index)
        for connection in chosen:
            connection.draining = True
            await connection.send({"type": "disconnect", "reason": "refresh_requested", "debug_info": DEBUG})
        await asyncio.sleep(after)
        for connection in chosen:
            await connection.socket.close()

    async def warn(self, index: int | None) -> None:
        """Announces that the connection will soon be refreshed."""
        for connection in self.chosen(index):
            await connection.send({"type": "disconnect", "reason": "warning", "debug_info": DEBUG})

    async def end(self) -> None:
        """Closes everything at once."""
        for connection in list(self.all):
            reset(connection.transport)
