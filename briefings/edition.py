"""What a briefing is composed from."""

from dataclasses import dataclass
from datetime import date

from briefings.words import Words
from knowledge import Knowledge


@dataclass(frozen=True, slots=True)
class Edition:
    """Holds the knowledge of the moment, the day from which ages are counted, and the words of a language."""

    knowledge: Knowledge
    today: date
    words: Words
