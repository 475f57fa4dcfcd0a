"""Places and people as Slack shows them: by the names that it has for their ids."""

import re
from typing import Any

from bot.platforms.slack import limits

NAME = 80
"""Characters that a name may have that Slack puts in place of an id."""

_NAMED = re.compile("slack:(?!.*/D)" + limits.PLACE)
"""A place that has a name: a conversation with one person has none."""


def named(place: str) -> list[dict[str, Any]]:
    """Returns the elements of rich text that name a person or a channel of Slack's; none of anything else."""
    found = _NAMED.fullmatch(place)
    if found is None:
        return []
    if found["channel"].startswith("@"):
        return [{"type": "user", "user_id": found["channel"][1:]}]
    thread = [{"type": "text", "text": " (in a thread)"}] if found["thread"] else []
    return [{"type": "channel", "channel_id": found["channel"]}, *thread]
