"""Finding keys within two typing errors of what was typed, without a look at every key."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain, combinations_with_replacement
from operator import itemgetter

from rapidfuzz import process
from rapidfuzz.distance import OSA

from knowledge.folding import is_han

MOST_ERRORS = 2
_CLASSES = 8
_WEIGHTS = tuple(1 << 4 * class_ for class_ in range(_CLASSES))
_SOME = [sum(some) for number in range(MOST_ERRORS + 1) for some in combinations_with_replacement(_WEIGHTS, number)]
_APART = tuple({more - fewer for more in _SOME for fewer in _SOME})
"""By how much the counts of two keys may differ that are `MOST_ERRORS` apart."""


class NearKeys:
    """Holds keys by how many characters of each of a few classes they have, the counts added up into one number.

    A typing error takes away one character at most and adds one at most, so all that is within two errors lies under
    some numbers around that of what was typed; and of three Chinese characters it holds one at least.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._by_counts: dict[int, list[str]] = defaultdict(list)
        self._by_han: dict[str, list[str]] = defaultdict(list)
        for key in keys:
            self._by_counts[_counts(key)].append(key)
            if not key.isascii():
                for character in filter(is_han, set(key)):
                    self._by_han[character].append(key)

    def of(self, key: str) -> list[tuple[str, int]]:
        """Returns the keys within two typing errors, a transposition counting as one, and how many; nearest first."""
        choices = list(self._choices(key))
        hits = process.extract(key, choices, scorer=OSA.distance, score_cutoff=MOST_ERRORS, limit=None)
        return [(hit, int(distance)) for hit, distance, _ in sorted(hits, key=itemgetter(1, 0))]

    def _choices(self, key: str) -> Iterable[str]:
        han = [] if key.isascii() else list(filter(is_han, key))
        if len(han) > MOST_ERRORS:
            return dict.fromkeys(chain.from_iterable(self._by_han.get(character, ()) for character in han))
        groups = filter(None, map(self._by_counts.get, map(_counts(key).__add__, _APART)))
        return chain.from_iterable(groups)


def _counts(key: str) -> int:
    return sum([_WEIGHTS[ord(character) % _CLASSES] for character in key])
