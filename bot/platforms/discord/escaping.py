"""Text that Discord's Markdown shows as it is."""

import re
from functools import lru_cache

from briefings.measure import length

_GAPS = re.compile(r"\s+")
_ZERO_WIDTH = "\u200b"
_MARKS = "\\`*_~|>#[]()<:+-@"
"""What is escaped, the backslash first."""


@lru_cache(maxsize=4096)
def escaped(text: str) -> str:
    """Returns text that Markdown shows as it is, in which nothing is a mention, a link, a timestamp or markup."""
    if "  " in text or not text.isprintable():  # of all white space only the blank is printable
        text = _GAPS.sub(" ", text)
    for mark in _MARKS:
        if mark in text:
            text = text.replace(mark, f"\\{mark}")
    text = text.replace("@", f"@{_ZERO_WIDTH}").replace("\\://", f"{_ZERO_WIDTH}\\://")
    return re.sub(r"^(\d+)\.", r"\1\\.", text) if text[:1].isdigit() else text  # the number of a list


@lru_cache(maxsize=4096)
def escaped_length(text: str) -> int:
    """Returns the characters of an escaped text."""
    return length(escaped(text))
