"""Text in pieces, each in a style, and how wide a terminal shows it."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Text:
    """Is text in pieces, each with its style; `no_wrap` where it stays in one piece however long it is.

    The style of the first piece is that of all.
    """

    pieces: tuple[tuple[str, str], ...] = ()
    no_wrap: bool = False

    @property
    def plain(self) -> str:
        """The text without styles."""
        return "".join([text for text, _ in self.pieces])

    @property
    def cell_len(self) -> int:
        """The columns that it takes."""
        return sum([cell_len(text) for text, _ in self.pieces])

    def __add__(self, other: "Text") -> "Text":
        return Text(self.pieces + other.pieces)


def cell_len(text: str) -> int:
    """Returns the columns that a terminal gives a text: two for a wide letter (Unicode TR 11), none for a mark."""
    return len(text) if text.isascii() else sum(map(_columns, text))


@lru_cache(4096)
def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
