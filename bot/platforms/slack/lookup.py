"""What Slack can be asked about a place: whether a message of ours is there, and whether one can be posted."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack.sending import reason
from bot.publishing import Absent, Found, Receipt, Unknown

EVENT = "briefbot_digest"
"""Marks in a message's metadata what was posted unasked."""

PAGE, MOST_PAGES = 200, 25
Message = dict[str, Any]


def marked(key: str) -> Message:
    """Returns the metadata by which a message is found again."""
    return {"event_type": EVENT, "event_payload": {"delivery": key}}


async def ourselves(client: AsyncWebClient) -> frozenset[str]:
    """Returns the ids under which we post: of the bot, and of its user.

    Raises:
        SlackApiError, aiohttp.ClientError, TimeoutError: Slack could not be asked.
    """
    known = await client.auth_test()
    return frozenset(str(known[name]) for name in ("user_id", "bot_id") if known[name])


async def look(
    client: AsyncWebClient, channel: str, thread: str, key: str, since: datetime, ours: Collection[str]
) -> Found | Absent | Unknown:
    """Looks for a message of ours with a key, in a channel or in one of its threads.

    Raises:
        SlackApiError, aiohttp.ClientError, TimeoutError: Slack could not be asked.
    """
    window: Message = {"channel": channel, "oldest": f"{since.timestamp():.6f}", "limit": PAGE}
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        if thread:
            page = await client.conversations_replies(ts=thread, include_all_metadata=True, cursor=cursor, **window)
        else:
            page = await client.conversations_history(include_all_metadata=True, cursor=cursor, **window)
        for message in page["messages"]:
            if _key(message) == key and {message.get("user"), message.get("bot_id")} & set(ours):
                return Found(Receipt(message["ts"], channel))
        cursor = (page["response_metadata"] or {}).get("next_cursor")
        if not cursor:
            return Absent()
    return Unknown(f"over {PAGE * MOST_PAGES} messages were written there meanwhile; look for the digest yourself")


async def open_to_us(client: AsyncWebClient, channel: str, thread: str) -> bool | None:
    """Returns whether the bot may write in a channel or thread; None where Slack does not let it ask, or not now."""
    try:
        return not await shut(client, channel, thread)
    except SlackApiError:
        return None


async def shut(client: AsyncWebClient, channel: str, thread: str) -> str:
    """Returns Slack's word for why the bot may not write in a channel or thread; empty if it may.

    Raises:
        SlackApiError, aiohttp.ClientError, TimeoutError: Slack could not be asked, or does not let us ask.
    """
    try:
        known: Message = (await client.conversations_info(channel=channel))["channel"]
        if known.get("is_archived"):
            return "is_archived"
        if known.get("is_read_only"):
            return "restricted_action_read_only_channel"
        if known.get("is_member") is False:
            return "not_in_channel"
        if thread:
            await client.conversations_replies(channel=channel, ts=thread, limit=1)
    except SlackApiError as error:
        if reason(error) not in ("channel_not_found", "thread_not_found"):
            raise
        return reason(error)
    return ""


async def person_left(client: AsyncWebClient, user: str) -> bool:
    """Returns whether a person is no longer in the workspace, as far as Slack tells."""
    try:
        return bool((await client.users_info(user=user))["user"]["deleted"])
    except SlackApiError as error:
        return reason(error) == "user_not_found"


async def direct_channel(client: AsyncWebClient, user: str) -> str:
    """Returns the conversation between a person and the bot; takes the scope im:write.

    Raises:
        SlackApiError, aiohttp.ClientError, TimeoutError: Slack could not be asked.
    """
    return str((await client.conversations_open(users=user))["channel"]["id"])


def _key(message: Message) -> str | None:
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    return payload.get("delivery") if metadata.get("event_type") == EVENT else None
