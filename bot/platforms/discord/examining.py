"""What a doctor looks at on Discord: whether the bot is let in, is set up as it has to be, and reaches its places."""

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import discord
from discord.http import Route

from bot.findings import Finding, clock, not_tried, ok, trouble, wrong
from bot.platforms.discord import forum
from bot.platforms.discord.access import Access
from bot.platforms.discord.client import point_at
from bot.platforms.discord.guilds import Guilds
from bot.platforms.discord.pacing import Pacing
from bot.platforms.discord.places import Target, target
from bot.platforms.discord.reach import reached
from bot.platforms.discord.registration import commands, differences, fingerprint
from bot.platforms.discord.rest import Rest
from bot.platforms.discord.state import State
from bot.ports import MenuItem
from bot.publishing import DeliveryError

PORTAL = "discord.com/developers/applications"
HISTORY = discord.Permissions(read_message_history=True).value
PRIVILEGED = {"presences": 0b11 << 12, "members": 0b11 << 14, "message content": 0b11 << 18}
"""Flags of an application by the intents that it may ask for: for few servers, and for many
(docs.discord.com/developers/resources/application)."""


async def examine(
    token: str,
    api_url: str,
    state: State,
    menu: Sequence[MenuItem],
    places: Mapping[str, str],
    now: Callable[[], datetime],
    shards: int = 1,
) -> AsyncIterator[Finding]:
    """Yields how the bot stands; `places` are those that it posts to, each with whose it is.

    Nothing is sent or registered, and no session is begun; `shards` are those of this process.
    """
    point_at(api_url)
    rest = Rest(token, Pacing(api_url), now, time.monotonic)
    try:
        async for finding in _examined(rest, state, menu, places, shards):
            yield finding
    finally:
        await rest.close()


async def _examined(
    rest: Rest, state: State, menu: Sequence[MenuItem], places: Mapping[str, str], shards: int
) -> AsyncIterator[Finding]:
    asked = time.monotonic()
    try:
        me = await rest.request(Route("GET", "/users/@me"))
    except DeliveryError as error:
        yield trouble("DISCORD_BOT_TOKEN" if error.outcome == "permanent" else "Discord", error.reason)
        yield not_tried("Discord's commands and places", "Discord does not let us in", "mend that first")
        return
    yield ok("DISCORD_BOT_TOKEN", f"a bot's: {me.get('username')} ({me.get('id')})")
    yield clock("Discord", rest.skew.total_seconds(), time.monotonic() - asked + 1)
    for look in (_application(rest, state, menu), _sessions(rest, shards)):
        try:
            async for finding in look:
                yield finding
        except DeliveryError as error:
            yield trouble("Discord", error.reason)
    at = _Places(rest, str(me["id"]))
    for place, whose in places.items():
        yield await at.found(place, f"{place} ({whose})")


async def _application(rest: Rest, state: State, menu: Sequence[MenuItem]) -> AsyncIterator[Finding]:
    known: Mapping[str, Any] = await rest.request(Route("GET", "/applications/@me"))
    for finding in _set_up(known):
        yield finding
    route = Route("GET", "/applications/{application_id}/commands", application_id=known["id"])
    kept = await rest.request(route, params={"with_localizations": "true"})
    yield _commands(str(known["id"]), kept, state, menu)


def _set_up(known: Mapping[str, Any]) -> Iterator[Finding]:
    flags = int(known.get("flags") or 0)
    more = [name for name, bits in PRIVILEGED.items() if flags & bits]
    said = (
        f"more than it needs: {', '.join(more)}; they can be switched off at {PORTAL}, Bot" if more else "none needed"
    )
    yield ok("Discord's privileged intents", said)
    if known.get("interactions_endpoint_url"):
        way_out = f"empty Interactions Endpoint URL at {PORTAL}, General Information"
        yield wrong("Discord's interactions", "they go to an address, and none reaches the bot", way_out)
    if known.get("bot_require_code_grant"):
        way_out = f"switch off Requires OAuth2 Code Grant at {PORTAL}, Bot"
        yield wrong("Discord's invitation", "it asks for a code grant, so the link that the log shows fails", way_out)


async def _sessions(rest: Rest, shards: int) -> AsyncIterator[Finding]:
    known = await rest.request(Route("GET", "/gateway/bot"))
    limit = known["session_start_limit"]
    said = f"{limit['remaining']} of {limit['total']} left to begin today"
    if limit["remaining"] < shards:
        hours = limit["reset_after"] / 3_600_000
        yield wrong(
            "Discord's sessions", said, f"let the bot run, or stay down, for {hours:.0f} h: restarts use them up"
        )
    else:
        yield ok("Discord's sessions", said)


def _commands(application: str, kept: Sequence[dict[str, Any]], state: State, menu: Sequence[MenuItem]) -> Finding:
    wanted = commands(menu)
    stale = ", ".join(differences(wanted, kept))
    if not kept and not state.registered:
        return ok("Discord's commands", f"none are registered yet; all {len(wanted)} are at the first start")
    if not stale:
        return ok("Discord's commands", f"all {len(wanted)} are registered as they are here")
    if state.registered == fingerprint(application, wanted):
        way_out = (
            "end the other program that has this token; then take discord.json out of the data folder, and restart"
        )
        return wrong("Discord's commands", f"they were overwritten: {stale}", way_out)
    return wrong("Discord's commands", f"not in step: {stale}", "restart `briefbot run`: it registers them")


class _Places:
    """Looks at places one after the other, and asks once for each server."""

    def __init__(self, rest: Rest, me: str) -> None:
        async def itself() -> str:
            return me

        self._rest = rest
        self._guilds = Guilds(rest, time.monotonic)
        self._access = Access(rest, itself, time.monotonic)

    async def found(self, place: str, about: str) -> Finding:
        """Returns how a place stands."""
        at = target(place)
        if not at.guild:
            return not_tried(about, "whether somebody takes direct messages shows when one is sent")
        try:
            channel = await reached(at, self._guilds, self._access, lambda id_: self._rest.get_channel(int(id_)))
            return next(self._short_of(at, about, channel, await self._access.rights(at)))
        except DeliveryError as error:
            if error.outcome == "permanent":
                return trouble(about, error.reason)
            return not_tried(about, error.reason, "ask again in a minute")

    def _short_of(self, at: Target, about: str, channel: Mapping[str, Any], rights: int) -> Iterator[Finding]:
        if not rights & HISTORY:
            said = "the bot does not see what it posted, by which a digest whose answer was lost is found"
            yield wrong(about, said, "give it Read Message History there")
        if not at.thread and forum.is_forum(channel) and channel.get("flags", 0) & forum.REQUIRES_TAG:
            yield not_tried(about, "the forum asks for a tag", "see that the subscription names one of its tags")
        yield ok(about, "the bot can post there")
