"""Posts of forums: their names, their tags, and their bodies."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.platforms.discord.refusals import TAG_REQUIRED, permanent
from bot.publishing import Post
from briefings.measure import length, shortened

FORUM, MEDIA = 15, 16
"""Types of channels that hold posts only, as the API numbers them."""

REQUIRES_TAG = 1 << 4
MOST_NAME = 100
MOST_TAGS = 5


def is_forum(channel: Mapping[str, Any]) -> bool:
    """Returns whether a channel holds posts only."""
    return channel["type"] in (FORUM, MEDIA)


def name(post: Post) -> str:
    """Returns what a post is called: the title of its page and its day, as its line begins with it."""
    day = post.page.page.line.partition(" · ")[0] if post.page.page else post.first.date().isoformat()
    return f"{shortened(post.page.title, MOST_NAME - length(day) - 3)} · {day}"


def body(channel: Mapping[str, Any], post: Post, message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns what begins a post.

    Raises:
        DeliveryError: the forum asks for a tag, and none fits.
    """
    return {"name": name(post), "applied_tags": _tags(channel, post.tags), "message": message}


def _tags(channel: Mapping[str, Any], wanted: Sequence[str]) -> list[str]:
    """Returns the ids of a forum's tags that have one of some names; not of those that only moderators put."""
    free = [tag for tag in channel.get("available_tags") or [] if not tag.get("moderated")]
    names = {word.strip().casefold() for word in wanted}
    fitting = [str(tag["id"]) for tag in free if str(tag["name"]).strip().casefold() in names][:MOST_TAGS]
    if not fitting and channel.get("flags", 0) & REQUIRES_TAG:
        asked = ", ".join(wanted) or "none"
        raise permanent(
            TAG_REQUIRED, f"the forum asks for a tag and has none of these: {asked}; add one, or ask for none"
        )
    return fitting
