"""Finding a record by any of its names."""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

from knowledge.folding import fold, folded_words, has_han, is_han, without_legal_form
from knowledge.keys import Key, Strength, own_keys
from knowledge.model import Company, Source, Theme

if TYPE_CHECKING:
    from knowledge.near import NearKeys

Named = TypeVar("Named", Company, Theme)

MOST_TYPED = 200
"""Characters of a name that are looked at; longer input is no name."""
MOST_SUGGESTIONS = 3
_BETWEEN = " · "
_FEWEST_NEAR = 3  # letters; two errors in fewer make any other key
_AFTER_ALL = "\U0010ffff"  # no letter, so it sorts behind every key that begins as what stands before it
_LEGAL_NAMES = ("name", "legal", "former")
_NEVER_MENDED = ("ticker", "initials")  # one letter off is another company's


class Found(Struct, Generic[Named], frozen=True):
    """Is the record that was meant by what was typed; `typo` says that a typing error was mended to reach it."""

    record: Named
    key: Key
    typed: str = ""
    typo: bool = False


class UnknownName(Exception):
    """Says that nothing of a kind goes by the typed name; carries up to three records that may have been meant."""

    def __init__(self, kind: str, typed: str, suggestions: tuple[Company | Theme | Source, ...] = ()) -> None:
        self.kind = kind
        self.typed = typed
        self.suggestions = suggestions
        super().__init__(f"unknown {kind}: {typed[:80]!r}")


class NameIndex(Generic[Named]):
    """Finds records of one type by their names: exactly, by completion, and as suggestions.

    A derived key (initials, a name without its legal form, a ticker without its exchange) that meets a key of
    another record is weak for both, so that it suggests and never answers. A slug, as commands write it, always does.
    """

    def __init__(self, kind: str, records: Iterable[Named]) -> None:
        self._kind = kind
        self._records: dict[str, Named] = {record.slug: record for record in records}
        self._numbered: list[Named] = list(self._records.values())
        self._keys: dict[str, list[Key]] = defaultdict(list)
        for record in self._records.values():
            for folded, own in own_keys(record):
                self._keys[folded].append(own)
        self.shared = {
            key: tuple(holders)
            for key, holders in self._keys.items()
            if len(holders) > 1 and any(holder.strength is Strength.DERIVED for holder in holders)
        }
        """Derived keys that several records hold, and by whom."""
        for key, holders in self.shared.items():
            self._keys[key] = [Key(h.slug, h.written, h.kind, Strength.WEAK) for h in holders]
        answers = ((key, _answering(holders)) for key, holders in self._keys.items())
        self._answers = {key: holder for key, holder in answers if holder}

    @cached_property
    def _sorted_keys(self) -> list[str]:
        return sorted(self._keys)

    @cached_property
    def _beginnings(self) -> tuple[tuple[list[str], "array[int]"], ...]:
        """Sorted keys, and the number of the record that each is of: first the records' own names, then other keys."""
        return self._keys_and_numbers(own=True), self._keys_and_numbers(own=False)

    def _keys_and_numbers(self, *, own: bool) -> tuple[list[str], "array[int]"]:
        numbers = {slug: number for number, slug in enumerate(self._records)}
        held = ((key, holder) for key in self._sorted_keys for holder in self._keys[key])
        pairs = [(key, numbers[holder.slug]) for key, holder in held if (holder.kind == "name") == own]
        return [key for key, _ in pairs], array("L", [number for _, number in pairs])

    @cached_property
    def _near(self) -> "NearKeys":
        from knowledge.near import NearKeys  # not for whoever types without errors

        return NearKeys(self._keys)

    def index(self) -> None:
        """Builds what is otherwise built when it is first needed."""
        _ = self._sorted_keys, self._beginnings, self._near

    def find(self, typed: str) -> Found[Named]:
        """Returns the one record that goes by the typed name.

        A single typing error in a name of at least five letters (four, if Chinese) is mended where nobody else is
        within two errors.

        Raises:
            UnknownName: nobody goes by it, or only weakly.
        """
        if typed in self._records:
            record = self._records[typed]
            return Found(record, Key(typed, record.names.en, "name", Strength.DECLARED), typed)
        key = fold(typed[: MOST_TYPED + 1])
        if not key or len(typed) > MOST_TYPED:
            raise UnknownName(self._kind, typed)
        holder = self._answers.get(key) or self._holder(typed, key)
        if holder:
            return Found(self._records[holder.slug], holder, typed)
        close = self._near.of(key) if len(key) >= _FEWEST_NEAR else []
        bare = self._bare(typed)
        if bare and not close:
            close = self._near.of(bare)
        first, between, second = typed.partition(_BETWEEN)
        one, other = (self._holder(name, fold(name)) for name in (first, second)) if between else (None, None)
        if one and other and one.slug == other.slug:  # both names, as titles have them
            return Found(self._records[one.slug], one, typed)
        mended = self._mended(key, close)
        if mended:
            return Found(self._records[mended.slug], mended, typed, typo=True)
        raise UnknownName(self._kind, typed, self._suggestions(typed, key, close))

    def _holder(self, typed: str, key: str) -> Key | None:
        """Returns the one holder that may answer to a key, else to a company's name without its legal form."""
        if key in self._keys:
            return self._answers.get(key)
        bare = self._keys.get(self._bare(typed) or "", ())
        return _answering(holder for holder in bare if holder.kind in _LEGAL_NAMES)

    def _bare(self, typed: str) -> str | None:
        """Returns the key of a company's name without its legal form, where it has one."""
        return without_legal_form(typed) if self._kind == "company" else None

    def complete(self, typed: str, most: int) -> list[Named]:
        """Returns up to `most` records of which a name begins as typed, those by a name of their own first."""
        start = fold(typed[:MOST_TYPED])
        if not start:
            return []
        behind = start + _AFTER_ALL
        found: dict[int, None] = {}
        for keys, numbers in self._beginnings:
            at = bisect_left(keys, start)
            while len(found) < most:
                last = min(at + most, len(keys))
                end = bisect_left(keys, behind, at, last)
                found |= dict.fromkeys(numbers[at:end])
                if end < last or end == at:
                    break
                at = end
        return [self._numbered[number] for number in islice(found, most)]

    def _with_prefix(self, start: str) -> Iterator[str]:
        keys = self._sorted_keys
        for position in range(bisect_left(keys, start), len(keys)):
            if not keys[position].startswith(start):
                return
            yield keys[position]

    def _mended(self, key: str, close: list[tuple[str, int]]) -> Key | None:
        if key in self._keys or not key.isalpha():
            return None
        hits = (hit for hit, distance in close if distance == 1 and len(hit) >= (4 if is_han(hit) else 5))
        winners = (holder for hit in hits for holder in self._keys[hit])
        winner = next((w for w in winners if w.strength > Strength.WEAK and w.kind not in _NEVER_MENDED), None)
        if winner and all(holder.slug == winner.slug for hit, _ in close for holder in self._keys[hit]):
            return winner
        return None

    def _mendable(self, key: str) -> bool:
        return any(holder.kind not in _NEVER_MENDED for holder in self._keys[key])

    def _suggestions(self, typed: str, key: str, close: list[tuple[str, int]]) -> tuple[Named, ...]:
        slugs: dict[str, None] = {}
        for hit in self._ranked(typed, key, close):
            if len(slugs) >= MOST_SUGGESTIONS:
                break
            holders = sorted(self._keys[hit], key=lambda holder: -holder.strength)
            slugs |= dict.fromkeys(holder.slug for holder in holders)
        return tuple(self._records[slug] for slug in islice(slugs, MOST_SUGGESTIONS))

    def _ranked(self, typed: str, key: str, close: list[tuple[str, int]]) -> Iterator[str]:
        if key in self._keys:
            yield key
        yield from (hit for hit, distance in close if distance <= _errors_allowed(key, hit) and self._mendable(hit))
        if len(key) > 1 or has_han(key):
            yield from islice(self._with_prefix(key), 4 * MOST_SUGGESTIONS)
        yield from self._named_within(typed, key)

    def _named_within(self, typed: str, key: str) -> Iterator[str]:
        """Yields keys that stand in the typed text: whole words, or runs of Chinese characters."""
        words = folded_words(typed)
        spans = ("".join(words[i:j]) for i in range(len(words)) for j in range(len(words), i, -1))
        yield from (span for span in spans if len(span) > 2 and span in self._keys)
        if has_han(key):
            runs = (key[i:j] for i in range(len(key)) for j in range(min(len(key), i + 12), i + 1, -1))
            yield from (run for run in runs if is_han(run) and run in self._keys)


def _answering(holders: Iterable[Key]) -> Key | None:
    """Returns the holder that is not weak, where there is one and no more."""
    strong = [holder for holder in holders if holder.strength is not Strength.WEAK]
    return strong[0] if len(strong) == 1 else None


def _errors_allowed(typed: str, key: str) -> int:
    """Returns how many typing errors may lie between two keys before they are simply different names."""
    shorter = min(len(typed), len(key))
    if typed.isdecimal() or shorter < 3:
        return 0
    return 1 if shorter < 5 else 2
