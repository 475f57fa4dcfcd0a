"""What a briefing is composed from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from weakref import WeakKeyDictionary

from briefings.words import Words
from knowledge import Knowledge

MOST_DAYS = 4
"""Days whose sentences are kept: around the world there are three at once."""

Said = dict[tuple[str, str], str]
_SAID: WeakKeyDictionary[Knowledge, dict[tuple[date, str], Said]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Edition:
    """Holds the knowledge of the moment, the day from which ages are counted, and the words of a language.

    `names` holds what commands are called where the answer is read, if not by their own names.
    """

    knowledge: Knowledge
    today: date
    words: Words
    names: Mapping[str, str] = field(default_factory=dict)
    _said: Said = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_said", _said_of(self.knowledge, self.today, self.words.language))

    def said(self, macro: str, record: str, say: Callable[[], str]) -> str:
        """Returns a sentence about a record, by its id or slug, into which goes nothing but the knowledge and the day.

        It is made at first use and kept as long as the knowledge.
        """
        said = self._said.get((macro, record))
        if said is None:
            said = self._said[macro, record] = say()
        return said

    def as_typed(self, line: str) -> str:
        """Returns a command's line as readers of the answer would type it."""
        name, gap, rest = line.removeprefix("/").partition(" ")
        return f"/{self.names.get(name, name)}{gap}{rest}"


def _said_of(knowledge: Knowledge, today: date, language: str) -> Said:
    """Returns what was said already of the records of a knowledge, on a day in a language."""
    days = _SAID.setdefault(knowledge, {})
    if (today, language) not in days and len(days) >= MOST_DAYS:
        days.clear()
    return days.setdefault((today, language), {})
