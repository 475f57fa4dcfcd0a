"""What a briefing is composed from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from briefings.words import Words
from knowledge import Knowledge


@dataclass(frozen=True, slots=True)
class Edition:
    """Holds the knowledge of the moment, the day from which ages are counted, and the words of a language.

    `names` holds what commands are called where the answer is read, if not by their own names.
    """

    knowledge: Knowledge
    today: date
    words: Words
    names: Mapping[str, str] = field(default_factory=dict)

    def as_typed(self, line: str) -> str:
        """Returns a command's line as readers of the answer would type it."""
        name, gap, rest = line.removeprefix("/").partition(" ")
        return f"/{self.names.get(name, name)}{gap}{rest}"
