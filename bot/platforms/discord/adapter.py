"""Discord: servers, direct messages and users' own installations, over the Gateway."""

import asyncio
import logging
from time import monotonic

import aiohttp
import discord

from bot.platforms.discord.answering import Answering
from bot.platforms.discord.client import UNAUTHORIZED, Client, point_at
from bot.platforms.discord.pacing import Pacing
from bot.platforms.discord.render import BUDGET
from bot.platforms.discord.sessions import Sessions
from bot.platforms.discord.state import State
from bot.ports import Condition, Core, TokenRefused
from bot.tally import Tally

log = logging.getLogger("briefbot.discord")
AUTHENTICATION_FAILED = 4004
LAST_ANSWERS = 8.0
"""Seconds that answers under way have when the program ends."""

SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
STEADY = 600.0
"""Seconds after which a client counts as having run well, so that the next failure is a first one."""


class Discord:
    """Answers on Discord; implements `Platform`.

    `state` keeps a few facts across restarts; `shards` are those of this process, and of how many; `pacing` is shared
    with what posts digests as the same bot.
    """

    name = "discord"
    budget = BUDGET

    def __init__(
        self,
        token: str,
        state: State,
        api_url: str,
        gateway_url: str = "",
        shards: tuple[range, int] | None = None,
        sessions: Sessions | None = None,
        pacing: Pacing | None = None,
        tally: Tally | None = None,
    ) -> None:
        self._token = token
        self._state = state
        self._sessions = sessions or Sessions(state)
        self._api_url = api_url
        self._gateway_url = gateway_url
        self._shards = shards
        self._pacing = pacing or Pacing(api_url)
        self._tally = tally or Tally()
        self._client: Client | None = None

    async def serve(self, core: Core) -> None:
        """Listens and answers until cancelled; what is being answered then is finished.

        discord.py gives up on some failures that pass, such as a Gateway that cannot be reached at the start; it is
        begun anew then, after pauses that grow.

        Raises:
            TokenRefused: Discord does not let us in, or no longer.
        """
        point_at(self._api_url)
        answering = Answering(core)
        pause = SHORTEST_PAUSE
        while True:
            began = monotonic()
            client = Client(
                answering,
                core.menu,
                self._state,
                self._sessions,
                self._pacing,
                self._shards,
                self._gateway_url,
                self._tally,
            )
            lost: Exception | None = None
            try:
                await self._run(client, answering)
            except Exception as error:  # discord.py ends in many ways, and none of them is to end us
                if _refuses_token(error):
                    raise _refusal() from None
                lost = error
            self._tally.count("reconnects", "discord")
            pause = SHORTEST_PAUSE if monotonic() - began > STEADY else min(pause * 2, LONGEST_PAUSE)
            log.warning(
                "Discord was lost",
                exc_info=lost if lost and not _is_expected(lost) else None,
                extra={"error": _short(lost), "again_in": pause},
            )
            await asyncio.sleep(pause)

    def condition(self) -> Condition:
        """Returns whether every shard of this process has a session whose heartbeats are answered."""
        if self._client is None:
            return Condition(receiving=False, told="not connected")
        heard, of = self._client.heard()
        return Condition(receiving=heard == of, told=f"Gateway: {heard} of {of} shards")

    async def _run(self, client: Client, answering: Answering) -> None:
        self._client = client
        running = asyncio.create_task(client.start(self._token))
        try:
            await asyncio.wait({running})
            running.result()
        except asyncio.CancelledError:
            await answering.finish(LAST_ANSWERS)
            raise
        finally:
            self._client = None
            await client.close()
            running.cancel()
            await asyncio.wait({running})


def _refuses_token(error: Exception) -> bool:
    if isinstance(error, discord.ConnectionClosed):
        return error.code == AUTHENTICATION_FAILED
    return isinstance(error, discord.LoginFailure) or getattr(error, "status", 0) == UNAUTHORIZED


def _is_expected(error: Exception) -> bool:
    return isinstance(error, aiohttp.ClientError | OSError | TimeoutError | discord.DiscordException)


def _short(error: Exception | None) -> str:
    if error is None:
        return "it ended by itself"
    hint = " (is DISCORD_API_URL right?)" if isinstance(error, discord.NotFound) else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200] + hint


def _refusal() -> TokenRefused:
    return TokenRefused(
        "DISCORD_BOT_TOKEN: Discord refuses it; at discord.com/developers/applications, under Bot, reset it and set "
        "the new one"
    )
