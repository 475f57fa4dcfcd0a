"""Sessions that outlive their process: left so that Discord keeps them, and resumed by the next one.

What happens meanwhile Discord tells on resuming, and a session that is resumed need not be started. discord.py resumes
within a process only, so its parts are put together here as it does itself.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.shard import Shard
from msgspec import Struct
from msgspec.structs import asdict

log = logging.getLogger("briefbot.discord")
RESUMABLE = 120.0
"""Seconds after which it is not tried to resume: Discord has forgotten a session some minutes after it was left."""

LEAVING = 4000
"""Closes a connection and not its session, unlike 1000 and 1001 (Discord, "Resuming")."""

CONNECT = 60.0
GOODBYE = 1.0


class Left(Struct, frozen=True):
    """Is a session as it was left: by which application, for which shard, up to which event, at which Unix time.

    `turn` is the number of the turn in which it was; resumed in any but the next one, it would tell of what another
    process has answered. Where there are no turns, it is 0.
    """

    application: str
    shard: str
    session: str
    sequence: int
    url: str
    turn: int
    at: float

    def fits(self, application: str, shard: str, turn: int, now: float) -> bool:
        """Whether it can be resumed here and now."""
        ours = (self.application, self.shard) == (application, shard)
        return ours and turn == (self.turn and self.turn + 1) and 0 <= now - self.at < RESUMABLE

    def kept(self) -> Mapping[str, Any]:
        """Returns it as plain values."""
        return asdict(self)


def left_of(kept: object) -> Left | None:
    """Reads what was kept; None where it is none."""
    try:
        left = Left(**kept) if isinstance(kept, dict) else None
    except TypeError:
        return None
    kinds = {str: ("application", "shard", "session", "url"), int: ("sequence", "turn"), float: ("at",)}
    right = left and all(isinstance(getattr(left, name), kind) for kind, names in kinds.items() for name in names)
    return left if right else None


def written(shard: int, count: int | None) -> str:
    """Returns how a shard is written: `0/2` is the first of two."""
    return f"{shard}/{count or 1}"


async def leave(client: discord.AutoShardedClient, turn: int, now: float) -> list[Left]:
    """Closes all connections once what is under way on them is taken, and returns how their sessions can be resumed.

    Nobody may be there any more who opens them anew.
    """
    shards = [info._parent for info in client.shards.values()]
    if shards:
        await asyncio.wait([asyncio.create_task(_parted(shard)) for shard in shards])
    left = []
    for shard in shards:
        socket = shard.ws
        if socket.session_id and socket.sequence is not None:
            name, application = written(shard.id, client.shard_count), str(client.application_id)
            left.append(Left(application, name, socket.session_id, socket.sequence, str(socket.gateway), turn, now))
    return left


async def _parted(shard: Shard) -> None:
    """Says goodbye, and lets a shard read on until Discord has said it too: closing would throw away what is unread."""
    try:
        await shard.ws.socket.send_frame(LEAVING.to_bytes(2, "big"), aiohttp.WSMsgType.CLOSE)
        if shard._task:
            await asyncio.wait([shard._task], timeout=GOODBYE)
        shard._cancel_task()
        async with asyncio.timeout(GOODBYE):
            await shard.ws.close(LEAVING)
    except (aiohttp.ClientError, OSError, TimeoutError, RuntimeError) as error:  # it is gone, and the session stays
        log.info("a connection was not closed well", extra={"error": type(error).__name__})


async def resume(client: discord.AutoShardedClient, shard: int, left: Left) -> None:
    """Resumes a session on a connection of its own; if Discord has forgotten it, discord.py starts another.

    Raises:
        aiohttp.ClientError, discord.DiscordException, OSError, TimeoutError: Discord cannot be reached.
    """
    connecting = DiscordWebSocket.from_client(
        client, gateway=yarl.URL(left.url), shard_id=shard, session=left.session, sequence=left.sequence, resume=True
    )
    socket = await asyncio.wait_for(connecting, CONNECT)
    queue: asyncio.PriorityQueue[Any] = client._AutoShardedClient__queue  # type: ignore[attr-defined]
    running = client._AutoShardedClient__shards[shard] = Shard(  # type: ignore[attr-defined]
        socket, client, queue.put_nowait
    )
    running.launch()
