"""How many columns a terminal gives a text."""

import re
import unicodedata
from functools import lru_cache

_OTHERS = re.compile(r"[^\x00-\x7f]")


@lru_cache(4096)
def cell_len(text: str) -> int:
    """Returns the columns that a terminal gives a text: two for a wide letter (Unicode TR 11), none for a mark."""
    if text.isascii():
        return len(text)
    others = _OTHERS.findall(text)  # few, as a rule: quotes, dashes, a name
    return len(text) - len(others) + sum(map(_columns, others))


@lru_cache(4096)
def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
