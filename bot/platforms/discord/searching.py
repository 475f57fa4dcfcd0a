"""Looking among the latest messages of the bot for one whose answer was lost."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from discord.utils import time_snowflake

from bot.platforms.discord.forum import name
from bot.platforms.discord.marks import carries
from bot.platforms.discord.refusals import FORBIDDEN, Refused
from bot.platforms.discord.rest import Rest
from bot.publishing import Absent, Found, Post, Receipt, Unknown

MARGIN = timedelta(minutes=2)
NONCE_HOLDS = timedelta(minutes=2)
"""For how long a second message of the same nonce surely is none: Discord says "a few minutes"."""

PAGE = 100
MOST_PAGES = 10
MOST_POSTS = 25
UNREADABLE = "the bot may not read what it wrote there; give it Read Message History in the channel"
TOO_MANY = f"over {PAGE * MOST_PAGES} messages were written there since; look for it yourself"

Message = Mapping[str, Any]


class Searching:
    """Looks for what was posted; `me` tells the bot's own id, `now` is the time."""

    def __init__(self, rest: Rest, me: Callable[[], Any], now: Callable[[], datetime]) -> None:
        self._rest = rest
        self._me = me
        self._now = now

    async def among_messages(self, post: Post, room: str, told: str) -> Found | Absent | Unknown:
        """Looks among the messages of a channel; `told` is the channel of the receipt.

        Raises:
            DeliveryError: it could not be read now.
        """
        since, number = self._since(post), 0
        try:
            async for message in self._messages(room, since):
                number += 1
                if await self._is_ours(message) and carries(message, post):
                    return Found(Receipt(str(message["id"]), told))
        except Refused as refused:
            if refused.status != FORBIDDEN:
                raise
            return self.unreadable(post, UNREADABLE)
        if number >= PAGE * MOST_PAGES:
            return self.unreadable(post, TOO_MANY)
        if number or not await self._something_since(room, since):
            return Absent()
        return self.unreadable(post, UNREADABLE)

    async def among_posts(self, post: Post, guild: str, forum: str) -> Found | Absent | Unknown:
        """Looks among the posts of a forum.

        Raises:
            DeliveryError: they could not be read now.
        """
        hidden = False
        try:
            for thread in await self._posts(guild, forum, self._since(post)):
                room = str(thread["id"])
                first = await self._rest.logs_from(int(room), 1, after=int(room) - 1)
                if any(str(one["id"]) == room and carries(one, post) for one in first):
                    return Found(Receipt(room, room))
                hidden = hidden or (not first and thread.get("name") == name(post))
        except Refused as refused:
            if refused.status != FORBIDDEN:
                raise
            hidden = True
        return Unknown(UNREADABLE) if hidden else Absent()

    def _since(self, post: Post) -> int:
        """Returns an id from a little before the first attempt, also where our clock is wrong, or was."""
        first = min(post.first, self._now())
        return max(time_snowflake(min(first, first + self._rest.skew) - MARGIN), 0)

    def unreadable(self, post: Post, reason: str) -> Absent | Unknown:
        """Returns what it means for a message with a nonce that it cannot be looked for."""
        return Absent(sure=False) if self._now() - post.first < NONCE_HOLDS else Unknown(reason)

    async def _is_ours(self, message: Message) -> bool:
        return str(message["author"]["id"]) == str(await self._me())

    async def _messages(self, room: str, since: int) -> AsyncIterator[Message]:
        """Yields the messages since an id, oldest page first."""
        for _ in range(MOST_PAGES):
            page = await self._rest.logs_from(int(room), PAGE, after=since)
            for message in page:
                yield message
            if len(page) < PAGE:
                return
            since = max(int(message["id"]) for message in page)

    async def _something_since(self, room: str, since: int) -> bool:
        """Returns whether a channel has messages of late, which are not shown to who may not read its history."""
        channel: Message = await self._rest.get_channel(int(room))
        return int(channel.get("last_message_id") or 0) > since

    async def _posts(self, guild: str, forum: str, since: int) -> list[Message]:
        """Returns the posts of ours in a forum since an id, the latest ones first."""
        active = await self._rest.get_active_threads(int(guild))
        archived = await self._rest.get_public_archived_threads(int(forum), limit=PAGE)
        me = str(await self._me())
        found: dict[int, Message] = {
            int(thread["id"]): thread
            for thread in (*active["threads"], *archived["threads"])
            if str(thread.get("parent_id")) == forum and str(thread.get("owner_id")) == me
        }
        return [found[id_] for id_ in sorted(found, reverse=True) if id_ > since][:MOST_POSTS]
