"""The Gateway client: no intents, no caches, sessions counted, requests paced."""

import asyncio
import logging
from collections.abc import Sequence
from time import monotonic, time
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.happening import Received
from bot.platforms.discord.answering import Answering
from bot.platforms.discord.heartbeats import Heartbeats
from bot.platforms.discord.pacing import Pacing
from bot.platforms.discord.registration import register
from bot.platforms.discord.resuming import leave, left_of, resume, written
from bot.platforms.discord.sessions import Sessions
from bot.platforms.discord.state import State
from bot.ports import MenuItem
from bot.tally import Tally

log = logging.getLogger("briefbot.discord")
LONGEST_RATE_LIMIT = 30.0
"""Seconds that a request waits for Discord's permission, the least that discord.py takes."""

PERMISSIONS = discord.Permissions(
    view_channel=True, send_messages=True, embed_links=True, send_messages_in_threads=True, read_message_history=True
)


class Client(discord.AutoShardedClient):
    """Receives interactions and hands them on."""

    def __init__(
        self,
        answering: Answering,
        menu: Sequence[MenuItem],
        state: State,
        sessions: Sessions,
        pacing: Pacing,
        shards: tuple[range, int] | None = None,
        gateway_url: str = "",
        turn: int = 0,
        tally: Tally | None = None,
    ) -> None:
        super().__init__(
            intents=discord.Intents.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=LONGEST_RATE_LIMIT,
            http_trace=pacing.trace(),
            guild_ready_timeout=0.5,
        )
        if shards:
            self.shard_ids, self.shard_count = list(shards[0]), shards[1]
        self._answering = answering
        self._menu = menu
        self._state_file = state
        self._sessions = sessions
        self._gateway_url = gateway_url
        self._turn = turn
        self._tally = tally or Tally()
        self._heartbeats = Heartbeats(monotonic)

    async def setup_hook(self) -> None:
        """Registers the commands; if Discord does not take them, those of before go on."""
        try:
            await register(self, self._menu, self._state_file)
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            if getattr(error, "status", 0) == UNAUTHORIZED:
                raise
            log.error("Discord did not take the commands; those of before go on", extra={"error": str(error)[:500]})
        server = discord.utils.oauth_url(self.application_id or 0, permissions=PERMISSIONS)
        user = discord.utils.oauth_url(self.application_id or 0, scopes=["applications.commands"])
        log.info("Discord knows us", extra={"invite": server, "for_yourself": f"{user}&integration_type=1"})

    async def launch_shards(self) -> None:
        """Opens the Gateway, once Discord allows sessions to be started."""
        count, url, limit = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self._gateway_url or url)  # where discord.py goes anew later on
        self.shard_count = self.shard_count or count
        self._sessions.shards = len(self.shard_ids or range(self.shard_count))
        if limit["remaining"] < self._sessions.shards:
            wait = limit["reset_after"] / 1000
            log.error("Discord allows no more sessions for now", extra={"again_in": wait})
            await asyncio.sleep(wait)
        await super().launch_shards()

    async def launch_shard(self, gateway: yarl.URL, shard_id: int, *, initial: bool = False) -> None:
        """Opens one connection: to the session that was left, or once one may be started, since it would be closed."""
        left = left_of(self._state_file.take(written(shard_id, self.shard_count)))
        here = str(self.application_id), written(shard_id, self.shard_count), self._turn, time()
        if left and left.fits(*here):
            try:
                await resume(self, shard_id, left)
            except (aiohttp.ClientError, discord.DiscordException, OSError, TimeoutError) as error:
                log.warning("a session could not be resumed", extra={"shard": shard_id, "error": str(error)[:200]})
            else:
                return
        await self._sessions.wait(shard_id)
        await super().launch_shard(gateway, shard_id, initial=initial)

    async def leave(self) -> None:
        """Receives no more, and keeps how the sessions can be resumed."""
        left = await leave(self, self._turn, time())
        self._state_file.leave({one.shard: one.kept() for one in left})

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002
        """Counts a session, also those that discord.py starts anew by itself."""
        await self._sessions.started()

    async def on_shard_ready(self, shard_id: int) -> None:
        """Tells that a shard receives."""
        if self._heartbeats.began(shard_id):
            self._tally.count("reconnects", "discord")
        log.info("connected to Discord", extra={"shard": shard_id})

    async def on_shard_resumed(self, shard_id: int) -> None:
        """Tells that a shard receives again, and what it had missed."""
        self._heartbeats.began(shard_id)
        self._tally.count("reconnects", "discord")
        log.info("connected to Discord again", extra={"shard": shard_id})

    async def on_shard_disconnect(self, shard_id: int) -> None:
        """Notes that a shard receives no more."""
        self._heartbeats.ended(shard_id)

    def heard(self) -> tuple[int, int]:
        """Returns how many shards receive, and of how many."""
        latencies = {shard: info.latency for shard, info in self.shards.items() if not info.is_closed()}
        return self._heartbeats.heard(latencies), self._sessions.shards

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Has an interaction answered."""
        with Received():
            await self._answering.answer(interaction)

    async def on_error(self, event_method: str, /, *_: Any, **__: Any) -> None:
        """Logs a fault of ours."""
        log.exception("an interaction could not be answered", extra={"event_method": event_method})


UNAUTHORIZED = 401


def point_at(api_url: str) -> None:
    """Has discord.py talk to another address than Discord's own; it knows just one for all clients."""
    Route.BASE = api_url.rstrip("/")
