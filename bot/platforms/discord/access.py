"""What the bot may do in the channels of a server, found out by requests that are not refused.

Source: docs.discord.com/developers/topics/permissions.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import nullcontext
from functools import reduce
from operator import or_
from typing import Any, TypeVar

from discord import Permissions
from msgspec import Struct

from bot.platforms.discord.places import Target
from bot.platforms.discord.refusals import FORBIDDEN, NO_ACCESS, NO_PERMISSION, UNKNOWN_GUILD, Refused, permanent
from bot.platforms.discord.remembered import Remembered
from bot.platforms.discord.rest import Rest

KEPT = 600.0
MOST_SERVERS = 500
CAREFUL = 3
"""Refusals in `KEPT` seconds after which access is looked at in every server before anything is sent there."""

VIEW = Permissions(view_channel=True).value
UNPROVEN = 8
"""Messages under way to places that took none yet: with `CAREFUL`, refusals end at ten however slow the answers are."""

MOST_PROVEN = 20_000
SEND = Permissions(send_messages=True).value
SEND_IN_THREADS = Permissions(send_messages_in_threads=True).value
ALL = Permissions.all().value
MEMBER = 1
"""Type of an overwrite that is about one member."""

Taken = TypeVar("Taken")
Rights = Mapping[str, int]
"""What the bot may do, by channel."""


class _Overwrite(Struct, frozen=True):
    deny: int = 0
    allow: int = 0

    def over(self, rights: int) -> int:
        return rights & ~self.deny | self.allow


class Access:
    """Looks at rights where a refusal casts doubt on them; `now` is a monotonic clock in seconds."""

    def __init__(self, rest: Rest, me: Callable[[], Any], now: Callable[[], float]) -> None:
        self._rest = rest
        self._me = me
        self._now = now
        self._rights = Remembered(self._ask, KEPT, MOST_SERVERS, now)
        self._refused: deque[tuple[float, str]] = deque(maxlen=MOST_SERVERS)
        self._proven: OrderedDict[Target, None] = OrderedDict()
        self._proving = asyncio.Semaphore(UNPROVEN)

    async def tried(self, target: Target, send: Callable[[], Awaitable[Taken]]) -> Taken:
        """Sends something; few go at once to places that took nothing yet.

        Raises:
            DeliveryError: the bot may not write there, as a refusal of late had us look, or that could not be asked.
        """
        async with nullcontext() if target in self._proven else self._proving:
            if self._refused:
                await self._check(target)
            try:
                taken = await send()
            except Refused as refused:
                if refused.status == FORBIDDEN and refused.scope == "place":
                    self._refused.append((self._now(), target.guild))
                    self._proven.pop(target, None)
                raise
        self._proven[target] = None
        self._proven.move_to_end(target)
        if len(self._proven) > MOST_PROVEN:
            self._proven.popitem(last=False)
        return taken

    async def _check(self, target: Target) -> None:
        recent = [guild for at, guild in self._refused if self._now() - at < KEPT]
        if target.guild in recent or len(recent) >= CAREFUL:
            await self.look(target)

    async def look(self, target: Target, *, anew: bool = False) -> None:
        """Makes sure that the bot may write somewhere.

        Raises:
            DeliveryError: it may not, or that could not be asked.
        """
        if anew:
            self._rights.forget(target.guild)
        may, needed = await self._at(target)
        if not may & VIEW:
            raise permanent(NO_ACCESS)
        if not may & needed:
            raise permanent(NO_PERMISSION)

    async def rights(self, target: Target) -> int:
        """Returns what the bot may do somewhere, by the bits of Discord's permissions.

        Raises:
            DeliveryError: that could not be asked.
        """
        return (await self._at(target))[0]

    async def _at(self, target: Target) -> tuple[int, int]:
        """Returns what the bot may do somewhere, and what it has to."""
        rights = await self._rights.get(target.guild)
        may = rights.get(target.channel)
        if may is not None:
            return may, SEND_IN_THREADS if target.thread else SEND
        channel: Mapping[str, Any] = await self._rest.get_channel(int(target.room))  # a thread, or gone
        return rights.get(str(channel.get("parent_id")), ALL), SEND_IN_THREADS

    async def _ask(self, guild: str) -> Rights:
        try:
            me = str(await self._me())
            server, member, channels = await asyncio.gather(
                self._rest.get_guild(int(guild), with_counts=False),
                self._rest.get_member(int(guild), int(me)),
                self._rest.get_all_guild_channels(int(guild)),
            )
        except Refused as refused:
            if refused.status in (FORBIDDEN, 404):
                raise permanent(UNKNOWN_GUILD) from refused
            raise
        roles = {guild, *map(str, member["roles"])}
        base = _base(server, me, roles)
        return {str(channel["id"]): _in_channel(channel, base, guild, me, roles) for channel in channels}


def _base(server: Mapping[str, Any], me: str, roles: set[str]) -> int:
    """Returns what somebody with some roles may do where nothing is said otherwise."""
    rights = _any(int(role["permissions"]) for role in server["roles"] if str(role["id"]) in roles)
    everything = rights & Permissions(administrator=True).value or str(server.get("owner_id")) == me
    return ALL if everything else rights


def _in_channel(channel: Mapping[str, Any], base: int, guild: str, me: str, roles: set[str]) -> int:
    """Returns what somebody may do in a channel: that of everyone, of the roles and of the member, in this order."""
    if base == ALL:
        return ALL
    told = channel.get("permission_overwrites") or []
    everyone = [one for one in told if str(one["id"]) == guild]
    of_roles = [one for one in told if str(one["id"]) in roles - {guild} and int(one["type"]) != MEMBER]
    of_member = [one for one in told if str(one["id"]) == me and int(one["type"]) == MEMBER]
    return reduce(lambda rights, some: _joined(some).over(rights), (everyone, of_roles, of_member), base)


def _joined(overwrites: Iterable[Mapping[str, Any]]) -> _Overwrite:
    some = list(overwrites)
    return _Overwrite(_any(int(one["deny"]) for one in some), _any(int(one["allow"]) for one in some))


def _any(rights: Iterable[int]) -> int:
    return reduce(or_, rights, 0)
