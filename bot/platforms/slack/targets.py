"""Where in Slack something is posted."""

import re
from typing import NamedTuple

from bot.platforms.slack import limits
from bot.publishing import DeliveryError

_PLACE = re.compile(f"slack:{limits.PLACE}", re.ASCII)


class Target(NamedTuple):
    """Is where a message goes: to a channel, to one of its threads, or to a person."""

    workspace: str
    person: str
    channel: str
    thread: str

    @property
    def target(self) -> str:
        """The id of the person or of the channel that is written to."""
        return self.person or self.channel


def target_of(place: str) -> Target:
    """Reads a place of Slack's.

    Raises:
        DeliveryError: it is none.
    """
    found = _PLACE.fullmatch(place)
    if not found:
        raise DeliveryError("permanent", "place", f"{place!r} is no place of Slack's; it is written slack:TEAM/CHANNEL")
    channel = found["channel"]
    person = channel[1:] if channel.startswith("@") else ""
    return Target(found["workspace"], person, "" if person else channel, found["thread"] or "")
