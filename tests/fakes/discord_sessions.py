"""Connections and sessions of the Gateway: what is sent, in which order, and what is kept to be sent again."""

import asyncio
import importlib
import json
import time
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.discord_records import Asked, Payload

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID_SESSION, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
KEPT = 10_000
REASONS = {
    4000: "Unknown error.",
    4001: "Unknown opcode.",
    4002: "Error while decoding payload.",
    4003: "Not authenticated.",
    4004: "Authentication failed.",
    4005: "Already authenticated.",
    4007: "Invalid seq.",
    4008: "You are being rate limited.",
    4009: "Session timed out.",
    4010: "Invalid shard.",
    4011: "Sharding required.",
    4012: "Invalid API version.",
    4013: "Invalid intent(s).",
    4014: "Disallowed intent(s).",
}
ENDING = frozenset({1000, 1001, 4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014})
"""Codes after which there is nothing to resume; 1000 and 1001 are meant so only by the app."""


class Closing(Exception):
    """A connection is to be closed with a code."""

    def __init__(self, code: int, why: str = "") -> None:
        self.code, self.why = code, why
        super().__init__(code)


class Zstd:
    """Compresses with zstd, if this Python or a library can; raises ImportError otherwise."""

    def __init__(self) -> None:
        try:
            standard: Any = importlib.import_module("compression.zstd")
            self._compressor = standard.ZstdCompressor()
            self._flush = standard.ZstdCompressor.FLUSH_BLOCK
            self._whole = True
        except ImportError:
            library: Any = importlib.import_module("zstandard")
            self._compressor = library.ZstdCompressor().compressobj()
            self._flush = library.COMPRESSOBJ_FLUSH_BLOCK
            self._whole = False

    def pack(self, data: bytes) -> bytes:
        """Returns the next part of the stream."""
        if self._whole:
            return bytes(self._compressor.compress(data, mode=self._flush))
        return bytes(self._compressor.compress(data) + self._compressor.flush(self._flush))


class Zlib:
    """Compresses with zlib."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj()

    def pack(self, data: bytes) -> bytes:
        """Returns the next part of the stream."""
        return self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)


PACKERS: dict[str, type[Zlib] | type[Zstd]] = {"zlib-stream": Zlib, "zstd-stream": Zstd}


@dataclass(eq=False)
class Event:
    """Something that a session is told."""

    sequence: int
    body: Payload
    asked: Asked | None = None


class Connection:
    """One WebSocket; a deaf one is open and says nothing, and one that is wholly deaf does not even read."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, packer: Zlib | Zstd | None) -> None:
        self.socket, self.transport, self.path = socket, request.transport, request.path
        self.session: Session | None = None
        self.deaf = self.wholly_deaf = False
        self.ended_with = 0
        self.beaten = time.monotonic()
        self.received: deque[float] = deque()
        self._packer = packer
        self._outgoing: asyncio.Queue[tuple[Payload, Asked | None]] = asyncio.Queue()

    @property
    def open(self) -> bool:
        """Whether Discord takes the connection for open."""
        return not self.socket.closed and self.transport is not None and not self.transport.is_closing()

    def put(self, body: Payload, asked: Asked | None = None) -> None:
        """Sends something after all that is already on its way; on a deaf connection it is lost."""
        if not self.deaf:
            self._outgoing.put_nowait((body, asked))

    async def write(self) -> None:
        """Sends what there is to send, as long as the connection is there."""
        while True:
            body, asked = await self._outgoing.get()
            text = json.dumps(body)
            try:
                if self._packer is None:
                    await self.socket.send_str(text)
                else:
                    await self.socket.send_bytes(self._packer.pack(text.encode()))
            except (ConnectionError, RuntimeError):
                return
            finally:
                self._outgoing.task_done()
            if asked is not None:
                asked.delivered = True

    async def flushed(self) -> None:
        """Waits a moment for what is on its way."""
        try:
            await asyncio.wait_for(self._outgoing.join(), 0.5)
        except TimeoutError:
            return


@dataclass(eq=False)
class Session:
    """What a shard has been told since it identified itself; it outlives its connection for a while."""

    id: str
    shard: int
    count: int
    intents: int
    connection: Connection | None = None
    sequence: int = 0
    kept: deque[Event] = field(default_factory=lambda: deque(maxlen=KEPT))
    lost: float = 0.0

    def tell(self, name: str, data: Payload, asked: Asked | None = None) -> None:
        """Tells the app of an event, now or when it resumes."""
        self.sequence += 1
        body = {"op": DISPATCH, "t": name, "s": self.sequence, "d": data}
        self.kept.append(Event(self.sequence, body, asked))
        if self.connection is not None:
            self.connection.put(body, asked)

    def has_since(self, sequence: int) -> bool:
        """Whether everything after a number is still kept."""
        return not self.kept or self.kept[0].sequence <= sequence + 1

    @property
    def hears(self) -> bool:
        """Whether something would arrive."""
        return self.connection is not None and self.connection.open and not self.connection.deaf
