"""Finding the companies that a text names."""

from collections.abc import Iterable, Iterator

from knowledge.folding import has_han, tokens
from knowledge.keys import declared_keys
from knowledge.model import Company

_MOST_WORDS = 8


class Spotter:
    """Finds companies in running text by their declared names: the longest name wins, weak aliases are ignored.

    A Latin name is met as whole words; Chinese has no word boundaries, so there it is met anywhere.
    """

    def __init__(self, companies: Iterable[Company]) -> None:
        self._companies = {company.slug: company for company in companies}
        self._by_words: dict[tuple[str, ...], str] = {}
        self._by_characters: dict[str, str] = {}
        for company in self._companies.values():
            for key, written, kind in declared_keys(company):
                words = tuple(tokens(written))
                if kind == "weak":
                    continue
                if len(words) == 1 and has_han(key):
                    self._by_characters[key] = company.slug
                else:
                    self._by_words |= {words: company.slug, (key,): company.slug}
        self._most_characters = max(map(len, self._by_characters), default=0)

    def spot(self, text: str) -> list[Company]:
        """Returns the companies that a text names, each once, in the order of their first mention."""
        return [self._companies[slug] for slug in dict.fromkeys(self._spotted(tokens(text)))]

    def _spotted(self, words: list[str]) -> Iterator[str]:
        words = list(words)
        at = 0
        while at < len(words):
            length, rest = self._longest(words, at)
            if length:
                yield self._by_words[(*words[at : at + length - 1], words[at + length - 1].removesuffix(rest))]
                if rest:  # the name ended inside a run of Chinese
                    words[at + length - 1 :] = [rest, *words[at + length :]]
                    length -= 1
            elif has_han(words[at]):
                yield from self._spotted_within(words[at])
            at += length or 1

    def _longest(self, words: list[str], at: int) -> tuple[int, str]:
        """Returns how many words the longest name from here takes, and what it leaves of a last word in Chinese."""
        for length in range(min(_MOST_WORDS, len(words) - at), 0, -1):
            *first, last = words[at : at + length]
            ends = range(len(last), 0, -1) if first and has_han(last) else [len(last)]
            for end in ends:
                if (*first, last[:end]) in self._by_words:
                    return length, last[end:]
        return 0, ""

    def _spotted_within(self, run: str) -> Iterator[str]:
        at = 0
        while at < len(run):
            longest = range(min(self._most_characters, len(run) - at), 0, -1)
            length = next((n for n in longest if run[at : at + n] in self._by_characters), 0)
            if length:
                yield self._by_characters[run[at : at + length]]
            at += length or 1
