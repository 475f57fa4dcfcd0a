"""How many columns a terminal gives a text."""

import unicodedata
from functools import lru_cache


def cell_len(text: str) -> int:
    """Returns the columns that a terminal gives a text: two for a wide letter (Unicode TR 11), none for a mark."""
    return len(text) if text.isascii() else sum(map(_columns, text))


@lru_cache(4096)
def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
