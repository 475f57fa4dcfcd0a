"""Finding keys within two typing errors of what was typed, without a look at every key."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain, combinations_with_replacement

from rapidfuzz import process
from rapidfuzz.distance import OSA

MOST_ERRORS = 2
_CLASSES = 7
_WEIGHTS = tuple(1 << 4 * class_ for class_ in range(_CLASSES))
_SOME = [sum(some) for number in range(MOST_ERRORS + 1) for some in combinations_with_replacement(_WEIGHTS, number)]
_APART = tuple({more - fewer for more in _SOME for fewer in _SOME})
"""By how much the counts of two keys may differ that are `MOST_ERRORS` apart."""


class NearKeys:
    """Holds keys by how many characters of each of a few classes they have, the counts added up into one number.

    A typing error takes away one character at most and adds one at most, so all that is within two errors lies under
    a few hundred numbers around that of what was typed.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._by_counts: dict[int, list[str]] = defaultdict(list)
        for key in keys:
            self._by_counts[_counts(key)].append(key)

    def of(self, key: str) -> list[tuple[str, int]]:
        """Returns the keys within two typing errors, a transposition counting as one, and how many; nearest first."""
        groups = filter(None, map(self._by_counts.get, map(_counts(key).__add__, _APART)))
        choices = list(chain.from_iterable(groups))
        hits = process.extract(key, choices, scorer=OSA.distance, score_cutoff=MOST_ERRORS, limit=None)
        return sorted(((hit, int(distance)) for hit, distance, _ in hits), key=lambda near: (near[1], near[0]))


def _counts(key: str) -> int:
    return sum([_WEIGHTS[ord(character) % _CLASSES] for character in key])
