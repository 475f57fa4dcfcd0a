"""In which servers the bot is, so that nothing is sent to those that removed it: refusals are counted by Discord."""

import asyncio
import logging
from collections.abc import Callable

from bot.platforms.discord.refusals import NO_ACCESS, UNKNOWN_GUILD, Refused, permanent
from bot.platforms.discord.rest import Rest
from bot.publishing import DeliveryError

log = logging.getLogger("briefbot.discord")
DAY = 86_400.0
AFTER_DOUBT, AFTER_MISS = 60.0, 10.0
"""Seconds after which the list is asked anew where something was refused, and where a server is not in it."""

PAGE = 200
NEWS = {"NEWS", "COMMUNITY"}
"""What a server has, one of them at least, that can have announcement channels."""


class Guilds:
    """Knows the list of servers for a day, and asks anew where it seems to be wrong; `now` is a monotonic clock."""

    def __init__(self, rest: Rest, now: Callable[[], float]) -> None:
        self._rest = rest
        self._now = now
        self._news: dict[str, bool] = {}
        self._known = False
        self._doubted = False
        self._asked_at: float | None = None
        self._asking = asyncio.Lock()

    def doubt(self) -> None:
        """Has the list asked anew: something that it has was refused."""
        self._doubted = True

    async def check(self, guild: str) -> None:
        """Makes sure that the bot is in a server; where the list cannot be had, that is left to be seen.

        Raises:
            DeliveryError: it is not, or Discord answers nothing now.
        """
        async with self._asking:
            missing = self._known and guild not in self._news
            if self._age() > (AFTER_MISS if missing else AFTER_DOUBT if self._doubted or not self._known else DAY):
                await self._ask()
        if self._known and guild not in self._news:
            raise permanent(UNKNOWN_GUILD)

    async def removed(self, guild: str) -> bool | None:
        """Returns whether the list of this minute lacks a server, and it is unknown by its id; None without the list.

        Raises:
            DeliveryError: Discord does not say now.
        """
        self.doubt()
        try:
            await self.check(guild)
        except DeliveryError as error:
            if error.scope == "lane":
                raise
        else:
            return False if self._known else None
        try:
            await self._rest.get_guild(int(guild), with_counts=False)
        except Refused as refused:
            if refused.code in (UNKNOWN_GUILD, NO_ACCESS):
                return True
            raise
        return False

    def has_news(self, guild: str) -> bool:
        """Returns whether a server can have announcement channels, as far as that is known."""
        return self._news.get(guild, True)

    def _age(self) -> float:
        return DAY + 1 if self._asked_at is None else self._now() - self._asked_at

    async def _ask(self) -> None:
        self._asked_at = self._now()
        try:
            self._news = await self._listed()
        except DeliveryError as error:
            if error.scope == "lane":
                self._asked_at = None
                raise
            self._known = False
            log.warning("Discord does not list the servers of the bot", extra={"error": error.reason})
            return
        self._known, self._doubted = True, False

    async def _listed(self) -> dict[str, bool]:
        found: dict[str, bool] = {}
        while True:
            after = max(map(int, found), default=None)
            page = await self._rest.get_guilds(PAGE, after=after, with_counts=False)
            found |= {str(guild["id"]): not NEWS.isdisjoint(guild.get("features", [])) for guild in page}
            if len(page) < PAGE:
                return found
