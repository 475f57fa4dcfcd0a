"""What a briefing is composed from."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar, TypeVarTuple
from weakref import WeakKeyDictionary

from briefings.words import Words
from knowledge import Knowledge

MOST_DAYS = 4
"""Days of which pieces are kept: around the world there are three at once."""
MOST_PIECES = 20_000
"""Pieces kept of one day: a piece has about a kilobyte."""

Made = TypeVar("Made")
Of = TypeVarTuple("Of")
Pieces = dict[Hashable, Any]
_PIECES: WeakKeyDictionary[Knowledge, dict[tuple[date, str], Pieces]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Edition:
    """Holds the knowledge of the moment, the day from which ages are counted, and the words of a language.

    `names` holds what commands are called where the answer is read, if not by their own names.
    """

    knowledge: Knowledge
    today: date
    words: Words
    names: Mapping[str, str] = field(default_factory=dict)
    _pieces: Pieces = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_pieces", _pieces_of(self.knowledge, self.today, self.words.language))

    def piece(self, make: Callable[["Edition", *Of], Made], *of: *Of) -> Made:
        """Returns a piece of an answer: frozen, and made of the knowledge, the day and the words alone.

        It is made when it is first needed and kept with the knowledge, by what makes it and what it is `of`.
        """
        pieces = self._pieces
        made: Made | None = pieces.get((make, of))
        if made is None:
            made = make(self, *of)
            if len(pieces) >= MOST_PIECES:
                pieces.clear()
            pieces[make, of] = made
        return made

    def as_typed(self, line: str) -> str:
        """Returns a command's line as readers of the answer would type it."""
        name, gap, rest = line.removeprefix("/").partition(" ")
        return f"/{self.names.get(name, name)}{gap}{rest}"


def _pieces_of(knowledge: Knowledge, today: date, language: str) -> Pieces:
    days = _PIECES.setdefault(knowledge, {})
    if (today, language) not in days and len(days) >= MOST_DAYS:
        days.clear()
    return days.setdefault((today, language), {})
