"""The values that fields of a subscription may have: each reader refuses what cannot be used and says the way out."""

import re
import unicodedata
from collections.abc import Callable
from typing import Literal, get_args

from bot.typed import shown
from bot.zones import known_zone
from briefings.wanted import Layout
from knowledge.characters import unsafe
from knowledge.problems import did_you_mean

Policy = Literal["at_most_once", "at_least_once"]
VALUES: dict[str, tuple[str, ...]] = {
    "match": ("any", "all"),
    "layout": get_args(Layout),
    "nothing": ("skip", "say", "archive"),
    "policy": get_args(Policy),
}
"""All that some fields take, the usual one first."""

MOST_ITEMS = 25
LONGEST_TITLE = 80
MOST_TAGS, LONGEST_TAG = 5, 20
_WEEK = 7 * 86_400
_UNITS = {"d": 86_400, "h": 3_600, "m": 60}
_DURATION = re.compile(r"([0-9]{1,6}) ?(?:(d|days?)|(h|hours?)|(m|min|mins|minutes?))")


def one_of(field: str) -> Callable[[str], str]:
    """Returns what reads a field that takes one of a few values."""

    def read(written: str) -> str:
        value = _folded(written).replace(" ", "_").replace("-", "_")
        if value not in VALUES[field]:
            hint = did_you_mean(value, VALUES[field]) or f"; write {' or '.join(VALUES[field])}"
            raise ValueError(f"{shown(written)} is not accepted{hint}")
        return value

    return read


def zone_of(written: str) -> str:
    """Reads the name of a zone.

    Raises:
        InvalidSchedule: there is none of that name.
    """
    if not written.strip():
        raise ValueError("a zone is missing; write such as Asia/Shanghai or Europe/Berlin")
    return known_zone(written.strip())


def number_of(written: str) -> int:
    """Reads a number of items."""
    plain = _folded(written)
    number = int(plain) if plain.isascii() and plain.isdecimal() and len(plain) < 6 else 0
    if not 1 <= number <= MOST_ITEMS:
        raise ValueError(f"{shown(written)} is no number of items; write 1 to {MOST_ITEMS}")
    return number


def seconds_of(written: str) -> int:
    """Reads a length of time such as 30m, 6h or 2d, in seconds."""
    plain = _folded(written)
    match = _DURATION.fullmatch("0m" if plain == "0" else plain)
    if match is None:
        raise ValueError(f"{shown(written)} is no length of time; write such as 30m, 6h or 2d, or 0")
    unit = next(size for size, named in zip(_UNITS.values(), match.groups()[1:], strict=True) if named)
    if int(match[1]) * unit > _WEEK:
        raise ValueError(f"{shown(written)} is over seven days, which are the most; write such as 6h or 2d")
    return int(match[1]) * unit


def duration(seconds: int) -> str:
    """Returns a length of time in whole days, hours or minutes, the largest of which it is made."""
    number, unit = next(((seconds // size, unit) for unit, size in _UNITS.items() if seconds % size == 0), (0, ""))
    return f"{number}{unit}" if number else "0"


def tags_of(written: str) -> list[str]:
    """Reads the tags of a forum's post, parted by commas."""
    tags = list(dict.fromkeys(filter(None, (text_of(tag, LONGEST_TAG) for tag in re.split("[,，、\n]", written)))))
    if len(tags) > MOST_TAGS:
        raise ValueError(f"{len(tags)} tags are too many; {MOST_TAGS} are the most")
    return tags


def text_of(written: str, most: int) -> str:
    """Reads one line of visible text."""
    text = " ".join(written.split())
    problem = unsafe(text.replace("\ufe0f", "").replace("\u200d", ""))  # these two make emoji of characters
    if problem:
        raise ValueError(f"{shown(text)} holds {problem}; remove it")
    if len(text) > most:
        raise ValueError(f"{shown(text)} has {len(text)} characters; {most} are the most")
    return text


def _folded(written: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", written).casefold().split())
