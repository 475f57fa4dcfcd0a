"""Discord: servers, direct messages and users' own installations, over the Gateway."""

import asyncio
import logging
from contextlib import nullcontext
from time import monotonic

import aiohttp
import discord

from bot.platforms.discord.answering import Answering
from bot.platforms.discord.callbacks import called_back
from bot.platforms.discord.client import UNAUTHORIZED, Client, point_at
from bot.platforms.discord.pacing import Pacing
from bot.platforms.discord.render import BUDGET
from bot.platforms.discord.sessions import Sessions
from bot.platforms.discord.state import State
from bot.ports import Condition, Core, TokenRefused, Turn, Turns
from bot.tally import Tally

log = logging.getLogger("briefbot.discord")
AUTHENTICATION_FAILED = 4004
LAST_ANSWERS, LAST_RECEIVED = 5.0, 2.5
"""Seconds that answers under way have when the program ends, and then those to what came meanwhile."""

SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
STEADY = 600.0
"""Seconds after which a client counts as having run well, so that the next failure is a first one."""


class Discord:
    """Answers on Discord; implements `Platform`.

    `state` keeps a few facts across restarts; `shards` are those of this process, and of how many; `pacing` is shared
    with what posts digests as the same bot; `turns` lets one of several processes receive on them, while others wait.
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
        turns: Turns | None = None,
        tally: Tally | None = None,
    ) -> None:
        self._token = token
        self._state = state
        self._sessions = sessions or Sessions(state)
        self._api_url = api_url
        self._gateway_url = gateway_url
        self._shards = shards
        self._pacing = pacing or Pacing(api_url)
        self._turns = turns or (lambda: nullcontext(Turn()))
        self._tally = tally or Tally()
        self._client: Client | None = None
        self._stands_by = False

    async def serve(self, core: Core) -> None:
        """Listens and answers until cancelled; what is being answered then is finished.

        discord.py gives up on some failures that pass, such as a Gateway that cannot be reached at the start; it is
        begun anew then, after pauses that grow.

        Raises:
            TokenRefused: Discord does not let us in, or no longer.
        """
        point_at(self._api_url)
        async with called_back(self._pacing):
            await self._serve(core)

    async def _serve(self, core: Core) -> None:
        answering = Answering(core)
        pause = SHORTEST_PAUSE
        while True:
            began = monotonic()
            lost: Exception | None = None
            try:
                self._stands_by = True
                async with self._turns() as turn:
                    self._stands_by = False
                    await self._run(self._new_client(answering, core, turn), answering, turn)
                if turn.over.is_set():
                    log.info("another process has the Gateway now")
                    continue
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
        """Returns whether every shard of this process has a session whose heartbeats are answered.

        To stand by is as good: another process receives.
        """
        if self._stands_by:
            return Condition(receiving=True, told="standing by: another process has the Gateway")
        if self._client is None:
            return Condition(receiving=False, told="not connected")
        heard, of = self._client.heard()
        return Condition(receiving=heard == of, told=f"Gateway: {heard} of {of} shards")

    def _new_client(self, answering: Answering, core: Core, turn: Turn) -> Client:
        return Client(
            answering,
            core.menu,
            self._state,
            self._sessions,
            self._pacing,
            self._shards,
            self._gateway_url,
            turn.number,
            self._tally,
        )

    async def _run(self, client: Client, answering: Answering, turn: Turn) -> None:
        self._client = client
        running, over = asyncio.create_task(client.start(self._token)), asyncio.create_task(turn.over.wait())
        try:
            await asyncio.wait({running, over}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        except asyncio.CancelledError:
            await self._leave(client, running, answering)
            raise
        finally:
            self._client = None
            over.cancel()
            running.cancel()
            await asyncio.wait({running, over})
            await client.close()
            turn.rest = self._sessions.rest()

    async def _leave(self, client: Client, running: asyncio.Task[None], answering: Answering) -> None:
        """Finishes what is being answered, then leaves the Gateway: until another is there, nobody receives."""
        await answering.finish(LAST_ANSWERS)
        running.cancel()
        await asyncio.wait({running})
        await client.leave()
        await answering.finish(LAST_RECEIVED)


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
