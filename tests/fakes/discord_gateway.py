"""The Gateway: HELLO, IDENTIFY, RESUME, heartbeats and events, and everything that can happen to a connection."""

import asyncio
import json
import secrets
import time
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes import discord_payloads as payloads
from tests.fakes.discord_records import Asked, Guild, Identify, Payload, Resume
from tests.fakes.discord_server import GUILDS, PRIVILEGED, Server, shard_of
from tests.fakes.discord_sessions import (
    ACK,
    ENDING,
    HEARTBEAT,
    HELLO,
    IDENTIFY,
    INVALID_SESSION,
    PACKERS,
    REASONS,
    RESUME,
    Closing,
    Connection,
    Session,
)

ALL_INTENTS = (1 << 26) - 1
MOST_EVENTS, MOST_BYTES = 120, 4096
_OTHERS = frozenset({3, 4, 8, 31, 43})
"""Operations that an app may use and that change nothing here: presence, voice, members, soundboard."""


class Gateway:
    """All connections and sessions."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.all: list[Connection] = []
        self.sessions: dict[str, Session] = {}
        self.refusals, self.refusing_until, self.refusing_with = 0, 0.0, 503
        self._identified: dict[int, float] = {}
        server.on_event(self._emit)

    @property
    def resume_path(self) -> str:
        """Where sessions are resumed: not where they begin."""
        return "/gateway/resume"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Holds one connection until it ends."""
        if self.refusals > 0 or time.monotonic() < self.refusing_until:
            self.refusals = max(0, self.refusals - 1)
            return web.Response(status=self.refusing_with, text="try again later")
        try:
            kind = PACKERS.get(request.query.get("compress", ""))
            packer = kind() if kind else None
        except ImportError:
            return web.Response(status=400, text="there is no zstd here")
        socket = web.WebSocketResponse(timeout=0.5, compress=False, autoclose=False)
        await socket.prepare(request)
        connection = Connection(socket, request, packer)
        self.all.append(connection)
        writing = asyncio.create_task(connection.write())
        try:
            if request.query.get("v") != "10" or request.query.get("encoding", "json") != "json":
                raise Closing(4012, f"{request.query_string}: only v=10 and encoding=json are spoken here")
            connection.put({"op": HELLO, "d": {"heartbeat_interval": int(self._server.heartbeat_interval * 1000)}})
            await self._listen(connection)
        except Closing as closing:
            await self._close(connection, closing)
        except ConnectionError:
            pass
        finally:
            writing.cancel()
            self.all.remove(connection)
            self._left(connection)
        return socket

    async def _close(self, connection: Connection, closing: Closing) -> None:
        if closing.why:
            self._server.object_("Gateway", f"{closing.code} {REASONS[closing.code]} {closing.why}")
        connection.ended_with = closing.code
        await connection.flushed()
        await connection.socket.close(code=closing.code, message=REASONS[closing.code].encode())

    async def _listen(self, connection: Connection) -> None:
        while connection.open:
            late = connection.beaten + 2 * self._server.heartbeat_interval - time.monotonic()
            if late <= 0 and not connection.deaf:
                raise Closing(4009, "no heartbeat")
            try:
                message = await asyncio.wait_for(connection.socket.receive(), max(0.05, late))
            except TimeoutError:
                continue
            while connection.wholly_deaf and connection.open:
                await asyncio.sleep(0.02)
            if message.type is WSMsgType.CLOSE:
                connection.ended_with = message.data
                await connection.socket.close()
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            if not connection.deaf:
                self._read(connection, message.data)

    def _read(self, connection: Connection, raw: str | bytes) -> None:
        now = time.monotonic()
        connection.received.append(now)
        while connection.received[0] < now - 60:
            connection.received.popleft()
        if len(connection.received) > MOST_EVENTS:
            raise Closing(4008, f"more than {MOST_EVENTS} events in a minute")
        if len(raw) > MOST_BYTES:
            raise Closing(4002, f"more than {MOST_BYTES} bytes at once")
        try:
            said = json.loads(raw)
            op, data = said["op"], said["d"]
        except (ValueError, KeyError, TypeError) as error:
            raise Closing(4002, f"unreadable: {raw[:100]!r}") from error
        if op == HEARTBEAT:
            connection.beaten = now
            connection.put({"op": ACK, "d": None})
        elif op == IDENTIFY and isinstance(data, dict):
            self._identify(connection, data)
        elif op == RESUME and isinstance(data, dict):
            self._resume(connection, data)
        elif op not in _OTHERS:
            raise Closing(4001, f"operation {op!r}")
        elif connection.session is None:
            raise Closing(4003, f"operation {op!r} before IDENTIFY")

    def _identify(self, connection: Connection, data: Payload) -> None:
        shard, count = data.get("shard") or (0, 1)
        intents = data.get("intents")
        log = Identify(time.monotonic(), shard, count, intents if isinstance(intents, int) else -1)
        self._server.identifies.append(log)
        try:
            self._check(connection, data, log)
        except Closing as closing:
            log.outcome = str(closing.code)
            raise
        key = shard % self._server.max_concurrency
        if log.time - self._identified.get(key, -1e9) < self._server.identify_every:
            log.outcome = "invalid session"
            self._server.object_("Gateway", f"shard {shard} identified itself too soon after another")
            connection.put({"op": INVALID_SESSION, "d": False})
            return
        self._identified[key] = log.time
        log.outcome = "ready"
        session = Session(secrets.token_hex(16), shard, count, log.intents, connection)
        self.sessions[session.id] = connection.session = session
        connection.session = session
        connection.beaten = time.monotonic()
        self._ready(session)

    def _check(self, connection: Connection, data: Payload, log: Identify) -> None:
        server = self._server
        server.session_remaining -= 1
        if server.session_remaining < 0 and server.token_valid:
            server.reset_token()
            server.object_("Gateway", "no session starts are left: Discord reset the token")
        if connection.session is not None:
            raise Closing(4005, "IDENTIFY twice")
        if not server.token_valid or data.get("token") != server.token:
            raise Closing(4004, "IDENTIFY with a token that is not valid")
        if not 0 <= log.shard < log.count:
            raise Closing(4010, f"shard {log.shard} of {log.count}")
        if not isinstance(data.get("properties"), dict):
            raise Closing(4002, "IDENTIFY without properties")
        if log.intents & ~ALL_INTENTS:
            raise Closing(4013, f"intents {data.get('intents')!r}")
        refused = [name for name, bit in PRIVILEGED.items() if log.intents & bit and name not in server.privileged]
        if refused:
            raise Closing(4014, f"the privileged intents {', '.join(refused)} are not allowed")
        if len(self._guilds(log.shard, log.count)) > server.most_guilds:
            raise Closing(4011, f"more than {server.most_guilds} servers on shard {log.shard}")

    def _guilds(self, shard: int, count: int) -> list[Guild]:
        return [guild for guild in self._server.visible_guilds() if shard_of(guild, count) == shard]

    def _ready(self, session: Session) -> None:
        server, guilds = self._server, self._guilds(session.shard, session.count)
        flags = payloads.application(server)["flags"]
        data: dict[str, Any] = {
            "v": 10,
            "user": payloads.presence(server),
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": server.gateway_url.removesuffix("/gateway") + self.resume_path,
            "session_type": "normal",
            "shard": [session.shard, session.count],
            "application": {"id": server.application_id, "flags": flags},
            "private_channels": [],
            "relationships": [],
            "user_settings": {},
            "_trace": [],
        }
        session.tell("READY", data)
        if session.intents & GUILDS:
            for guild in guilds:
                session.tell("GUILD_CREATE", payloads.guild_object(server, guild))
        for asked in list(server.asked.values()):
            if not asked.delivered and not asked.settled.is_set() and self._concerns(session, asked):
                session.tell("INTERACTION_CREATE", asked.payload, asked)

    def _resume(self, connection: Connection, data: Payload) -> None:
        session = self.sessions.get(str(data.get("session_id")))
        log = Resume(
            time.monotonic(), session.shard if session else None, str(data.get("session_id")), data.get("seq") or 0
        )
        self._server.resumes.append(log)
        if not self._server.token_valid or data.get("token") != self._server.token:
            log.outcome = "4004"
            raise Closing(4004, "RESUME with a token that is not valid")
        if connection.path != self.resume_path:
            self._server.object_("Gateway", "RESUME not at the resume_gateway_url")
        if session is not None and log.sequence > session.sequence:
            log.outcome = "4007"
            raise Closing(4007, f"RESUME at {log.sequence}, though there were only {session.sequence} events")
        if session is None or self._expired(session) or not session.has_since(log.sequence):
            log.outcome = "invalid session"
            connection.put({"op": INVALID_SESSION, "d": False})
            return
        if session.connection is not None:
            session.connection.session = None
        session.connection, connection.session = connection, session
        connection.beaten = time.monotonic()
        missed = [event for event in session.kept if event.sequence > log.sequence]
        for event in missed:
            connection.put(event.body, event.asked)
        log.replayed, log.outcome = len(missed), "resumed"
        session.tell("RESUMED", {"_trace": []})

    def _expired(self, session: Session) -> bool:
        return session.connection is None and time.monotonic() - session.lost > self._server.resume_seconds

    def _left(self, connection: Connection) -> None:
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection, session.lost = None, time.monotonic()
        if connection.ended_with in ENDING:
            self.sessions.pop(session.id, None)

    def _emit(self, name: str, data: Payload, guild: Guild | None, intent: int) -> None:
        for session in self.sessions.values():
            if session.intents & intent and session.shard == shard_of(guild, session.count):
                session.tell(name, data)

    def _concerns(self, session: Session, asked: Asked) -> bool:
        guild = self._server.channels[asked.channel].guild
        return session.shard == shard_of(guild, session.count)

    def deliver(self, asked: Asked) -> None:
        """Tells every session of the shard of an interaction; if there is none, the next one is told."""
        for session in list(self.sessions.values()):
            if self._concerns(session, asked) and not self._expired(session):
                session.tell("INTERACTION_CREATE", asked.payload, asked)

    def chosen(self, shard: int | None) -> list[Connection]:
        """Returns the open connections of one shard, or of all."""
        open_ = [one for one in self.all if one.open and one.session is not None]
        return [one for one in open_ if one.session and shard in (None, one.session.shard)]
