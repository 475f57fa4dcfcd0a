"""Places: where digests are posted, as people and the store write them."""

import re
from functools import cache

from msgspec import Struct

from bot.platforms import PLATFORMS, limits
from bot.typed import shown
from knowledge import nearest


class InvalidPlace(Exception):
    """Says why something is no place, with the value and the way out."""


class Place(Struct, frozen=True):
    """Is `platform:workspace/channel[/thread]`; the channel of a direct message is `@person`."""

    platform: str
    workspace: str
    channel: str
    thread: str = ""

    @property
    def home(self) -> str:
        """The workspace with its platform, which nothing crosses."""
        return f"{self.platform}:{self.workspace}"

    @property
    def lane(self) -> str:
        """The domain of rate limits that it lies in."""
        return self.home if limits(self.platform).LANE_OF_WORKSPACE else self.platform

    def __str__(self) -> str:
        return "/".join(filter(None, (self.home, self.channel, self.thread)))


def place_of(written: str) -> Place:
    """Reads a place.

    Raises:
        InvalidPlace: it is none.
    """
    platform, colon, rest = written.strip().partition(":")
    if platform not in PLATFORMS:
        near = nearest(platform.casefold(), PLATFORMS) if colon else None
        ways = " or ".join(limits(name).PLACE_EXAMPLE for name in PLATFORMS if name == (near or name))
        said = f"{shown(written)} is no place" if written.strip() else "a place is missing"
        raise InvalidPlace(f"{said}; write such as {ways}")
    known = limits(platform)
    match = _pattern(platform).fullmatch(rest)
    if match is None:
        raise InvalidPlace(f"{shown(written)} is no place on {platform}; write such as {known.PLACE_EXAMPLE}")
    workspace, channel, thread = match.group("workspace", "channel", "thread")
    return Place(platform, workspace, channel, thread or "")


@cache
def _pattern(platform: str) -> re.Pattern[str]:
    return re.compile(limits(platform).PLACE, re.ASCII)


def workspace_of(written: str) -> str:
    """Reads a workspace, `platform:workspace`.

    Raises:
        InvalidPlace: it is none.
    """
    platform, colon, _ = written.strip().partition(":")
    named = [platform] if colon and platform in PLATFORMS else list(PLATFORMS)
    examples = [limits(name).PLACE_EXAMPLE for name in named]
    try:
        return place_of(f"{written.strip()}/{examples[0].partition('/')[2]}").home
    except InvalidPlace:
        ways = " or ".join(map(home_of, examples))
        raise InvalidPlace(f"{shown(written)} is no workspace; write such as {ways}") from None


def lane_of(place: str) -> str:
    """Returns the domain of rate limits that a place lies in: a Slack workspace, all of Discord.

    Raises:
        InvalidPlace: it is none.
    """
    return place_of(place).lane


def platform_of(name: str) -> str:
    """Returns the platform of a place, or of a lane; of anything at all."""
    return name.partition(":")[0]


def home_of(place: str) -> str:
    """Returns the workspace of a place, `platform:workspace`, which nothing crosses; of anything at all."""
    return place.partition("/")[0]


def channel_of(place: str) -> str:
    """Returns a place without its thread; of anything at all."""
    return "/".join(place.split("/")[:2])


def person_in(place: str, user: str) -> str:
    """Returns somebody of the workspace of a place, written as places are; who is no person there stays as they are."""
    written = f"{home_of(place)}/@{user.rpartition('/')[2].removeprefix('@')}"
    try:
        return str(place_of(written))
    except InvalidPlace:
        return user


def person_of(written: str) -> str:
    """Reads a person, `platform:workspace/@user`.

    Raises:
        InvalidPlace: it is none.
    """
    place = place_of(written)
    if not place.channel.startswith("@") or place.thread:
        example = re.sub("/.*", "/@", limits(place.platform).PLACE_EXAMPLE)
        raise InvalidPlace(f"{shown(written)} is no person; write such as {example} and the person's id")
    return str(place)
