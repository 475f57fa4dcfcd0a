"""Digests posted on Discord by its REST API alone: no session of the Gateway is begun."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import discord
from discord.http import Route

from bot.platforms.discord import forum
from bot.platforms.discord.access import Access
from bot.platforms.discord.client import point_at
from bot.platforms.discord.guilds import Guilds
from bot.platforms.discord.pacing import Pacing
from bot.platforms.discord.places import Target, target
from bot.platforms.discord.reach import reached
from bot.platforms.discord.refusals import (
    ALREADY_PUBLISHED,
    ARCHIVED,
    FORBIDDEN,
    IN_FORUM,
    LOCKED,
    NO_TEXT,
    TAG_REQUIRED,
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    UNKNOWN_MESSAGE,
    UNKNOWN_TAG,
    Refused,
)
from bot.platforms.discord.remembered import Remembered
from bot.platforms.discord.render import BUDGET, payload
from bot.platforms.discord.rest import TIMEOUT, Rest
from bot.platforms.discord.searching import Searching
from bot.publishing import Absent, DeliveryError, Found, Post, Receipt, Unknown

DAY = 86_400.0
KEPT = 6 * 3_600.0
"""Seconds for which it is remembered of which type a channel is, and which tags a forum has."""

MOST_PLACES = 20_000
ANNOUNCEMENT = 5
NOT_FOUND = 404
QUIET = discord.MessageFlags(suppress_embeds=True).value
MESSAGES, POSTS = "/channels/{channel_id}/messages", "/channels/{channel_id}/threads?use_nested_fields=1"


class DiscordPublisher:
    """Posts on Discord; implements `Publisher`.

    `pacing` is that of all that the bot asks; `now` is the time, `monotonic` a clock in seconds.
    """

    name = "discord"
    budget = BUDGET
    settle = TIMEOUT + 2
    at_once = 32

    def __init__(
        self,
        token: str,
        api_url: str,
        pacing: Pacing,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._token = token
        self._api_url = api_url
        self._pacing = pacing
        self._now = now
        self._monotonic = monotonic

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Gives the context in which it posts; nothing is asked before it has to be."""
        point_at(self._api_url)
        rest = Rest(self._token, self._pacing, self._now, self._monotonic)
        itself = Remembered(lambda _: rest.request(Route("GET", "/users/@me")), DAY, 1, self._monotonic)

        async def me() -> str:
            return str((await itself.get(""))["id"])

        self._rest = rest
        self._guilds = Guilds(rest, self._monotonic)
        self._access = Access(rest, me, self._monotonic)
        self._searching = Searching(rest, me, self._now)
        self._channels = Remembered(self._channel, KEPT, MOST_PLACES, self._monotonic)
        self._conversations = Remembered(self._conversation, DAY, MOST_PLACES, self._monotonic)
        try:
            yield
        finally:
            await rest.close()

    async def turn(self, place: str) -> None:
        """Waits until Discord's limits let a message be sent to a place, in order."""
        await self._rest.headroom.turn(place)
        await self._pacing.message_turn()

    async def publish(self, post: Post) -> Receipt:
        """Sends a message once; never repeats what may have been taken.

        Raises:
            DeliveryError: it was not posted, or may not have been.
        """
        at = target(post.place)
        if not at.guild:
            return await self._posted(post, at)
        await self._guilds.check(at.guild)
        try:
            return await self._access.tried(at, lambda: self._posted(post, at))
        except Refused as refused:
            if refused.status in (FORBIDDEN, NOT_FOUND):
                self._guilds.doubt()
            raise

    async def find(self, post: Post) -> Found | Absent | Unknown:
        """Looks among the bot's own latest messages, or posts of a forum, for one.

        Raises:
            DeliveryError: it could not be looked for now, but can later.
        """
        at = target(post.place)
        try:
            room = _begun(post, at) or await self._room(at)
            if at.guild and room == at.channel and forum.is_forum(await self._channels.get(room)):
                return await self._searching.among_posts(post, at.guild, room)
            return await self._searching.among_messages(post, room, "" if room == at.room else room)
        except Refused as refused:
            if refused.code in (UNKNOWN_CHANNEL, UNKNOWN_GUILD):
                return Absent()  # where nothing is, nothing is posted twice
            if refused.status == FORBIDDEN and refused.scope != "lane":
                return self._searching.unreadable(post, refused.reason)
            raise

    async def finish(self, post: Post, receipt: Receipt) -> None:
        """Publishes what was posted in an announcement channel to those that follow it.

        Raises:
            DeliveryError: it could not be done.
        """
        at = target(post.place)
        if not at.guild or at.thread or receipt.channel or not self._guilds.has_news(at.guild):
            return
        try:
            if (await self._channels.get(at.channel))["type"] == ANNOUNCEMENT:
                await self._rest.publish_message(int(at.channel), int(receipt.message))
        except Refused as refused:
            if refused.code in (ALREADY_PUBLISHED, UNKNOWN_MESSAGE):
                return
            if refused.scope != "place":
                raise
            raise DeliveryError(refused.outcome, "message", refused.reason, refused.retry_after) from refused

    async def knock(self) -> None:
        """Asks who we are.

        Raises:
            DeliveryError: Discord does not answer, or refuses the token.
        """
        await self._rest.request(Route("GET", "/users/@me"))

    async def reachable(self, place: str) -> bool | None:
        """Returns whether messages can be posted to a place again.

        None where that cannot be told: of people, of forums that ask for a tag, and when Discord does not answer.
        """
        at = target(place)
        if not at.guild:
            return None
        try:
            channel = await reached(at, self._guilds, self._access, self._channel, anew=True)
        except DeliveryError as error:
            return False if error.outcome == "permanent" and error.scope == "place" else None
        return None if channel.get("flags", 0) & forum.REQUIRES_TAG and forum.is_forum(channel) else True

    async def left(self, workspace: str) -> bool | None:
        """Returns whether a server has removed the bot: the list of servers lacks it, and it is unknown by its id.

        None of conversations, and where the list cannot be had. A server that is unavailable has not removed it.

        Raises:
            DeliveryError: Discord does not say now.
        """
        guild = workspace.partition(":")[2]
        return None if guild.startswith("@") else await self._guilds.removed(guild)

    async def _posted(self, post: Post, at: Target) -> Receipt:
        message = _message(post)
        begun = _begun(post, at)
        room = begun or await self._room(at)
        known = self._channels.kept(room)
        if known and forum.is_forum(known):
            return await self._posted_in_forum(post, known, message)
        body = {**message, "nonce": post.key, "enforce_nonce": True}
        try:
            answer = await self._rest.send(Route("POST", MESSAGES, channel_id=int(room)), post.place, body)
        except Refused as refused:
            if begun and refused.code in (UNKNOWN_CHANNEL, ARCHIVED, LOCKED):
                raise DeliveryError(
                    "permanent", "message", "the post that it goes on with is gone or closed"
                ) from refused
            if refused.code not in (NO_TEXT, IN_FORUM) or not at.guild:
                raise
            channel = await self._channels.get(room)
            if not forum.is_forum(channel):
                raise
            await self._pacing.turn()
            return await self._posted_in_forum(post, channel, message)
        return Receipt(str(answer["id"]), "" if room == at.room else room)

    async def _posted_in_forum(self, post: Post, channel: Mapping[str, Any], message: Mapping[str, Any]) -> Receipt:
        room = str(channel["id"])
        try:
            body = forum.body(channel, post, message)
            answer = await self._rest.send(Route("POST", POSTS, channel_id=int(room)), post.place, body)
        except Refused as refused:
            if refused.code in (TAG_REQUIRED, UNKNOWN_TAG, UNKNOWN_CHANNEL):
                self._channels.forget(room)
            raise
        return Receipt(str(answer["id"]), str(answer["id"]))

    async def _room(self, at: Target) -> str:
        return at.room or await self._conversations.get(at.user)

    async def _channel(self, id_: str) -> Mapping[str, Any]:
        channel = await self._rest.get_channel(int(id_))
        kept = ("id", "type", "flags", "available_tags", "thread_metadata")
        return {key: value for key, value in channel.items() if key in kept}

    async def _conversation(self, user: str) -> str:
        return str((await self._rest.start_private_message(int(user)))["id"])


def _begun(post: Post, at: Target) -> str:
    """Returns the post of a forum that a part goes on with; empty if there is none."""
    return post.after.channel if post.after and at.guild else ""


def _message(post: Post) -> Mapping[str, Any]:
    """Returns the body of a message that notifies nobody and shows nothing of what it links to."""
    body = payload(post.page)
    return {**body, "flags": body["flags"] | QUIET}
