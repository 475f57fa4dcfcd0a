"""Names to records: exactly, completed and mistyped, and claims by their words, beside what they are built of."""

import random
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import cycle, islice
from typing import Any, TypeVar

from rapidfuzz import process
from rapidfuzz.distance import OSA

from knowledge import Company, Knowledge, NameIndex, UnknownName
from knowledge.folding import fold, has_han
from knowledge.fulltext import RANKED, query_of
from tests.benchmarks import made_knowledge
from tests.benchmarks.curves import Point
from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.measuring import Side, in_turn, where

FEW, SOME, MANY = 100, 10_000, 100_000
SIZES = (FEW, 1000, SOME, MANY)
CHOICES = 25
SAMPLE = 2000
Measured = tuple[Spread, Spread, Spread]
Typed = TypeVar("Typed")


def figures() -> Iterator[Figure]:
    """Yields what a look-up costs where there are many names."""
    product, floor = exact(MANY)
    told = in_turn(product, floor)
    yield _figure(
        "exact look-up, 10^5 names", told, "a dict", must=5e-6, reference=0.36e-6, where=where(product.run, 5000)
    )
    yield _figure("exact look-up beside a dict with the same folding", told, "a dict", stretch=3, bounds="ratio")
    growth = in_turn(product, exact(FEW)[0])
    yield _figure("exact look-up, 10^5 names beside 10^2", growth, "10^2 names", must=5, bounds="ratio")
    product, floor = completion(MANY)
    told = in_turn(product, floor)
    rooms = where(product.run, 5000)
    yield _figure("completion, 10^5 names, 25 choices", told, "bisect", must=20e-6, reference=2.6e-6, where=rooms)
    yield _figure("completion beside a sorted list", told, "bisect", stretch=2, bounds="ratio")
    for names, power, must, stretch in ((SOME, 4, 5e-3, None), (MANY, 5, 20e-3, 1e-3)):
        product, floor = suggestion(names)
        told = in_turn(product, floor)
        name = f"a name mistyped, 10^{power} names"
        yield _figure(name, told, "rapidfuzz", must=must, stretch=stretch, where=where(product.run, 100))
        missed = Spread.of([1 - recall(names)])
        yield Figure(f"{name}: share neither answered nor suggested", 0.05, None, "product", "x", missed)
    product, floor = full_text(SOME)
    yield _figure("search by words, 10^4 claims", in_turn(product, floor), "FTS5", where=where(product.run, 300))


def curves() -> Iterator[Point]:
    """Yields how look-ups grow with the names, and with as many claims."""
    for title, sides, floor_name in (
        ("exact look-up by names", exact, "a dict with the same folding"),
        ("completion by names", completion, "a sorted list and bisect"),
        ("a name mistyped by names", suggestion, "rapidfuzz over all names"),
        ("search by words by claims", full_text, "the same FTS5 query, bare"),
    ):
        for size in SIZES:
            product, floor, _ = in_turn(*sides(size), rounds=5)
            yield Point(title, size, "product", product.median, "s")
            yield Point(title, size, floor_name, floor.median, "s")


def exact(names: int) -> tuple[Side, Side]:
    """Returns the look-up of names as they are written; the floor is a dict of them by the same folding."""
    index, written = _index(names), _written(names)
    records = {fold(name): company for company, name in written}
    typed = [name for _, name in _some(written)]
    assert all(index.find(name).record is records[fold(name)] for name in typed)
    return _over(index.find, typed), _over(lambda name: records[fold(name)], typed)


def completion(names: int) -> tuple[Side, Side]:
    """Returns the completion of one to four letters; the floor takes the first keys of a sorted list that begin so.

    The product tells companies, each once and those first whose own name begins so; the floor tells keys.
    """
    index, written = _index(names), _written(names)
    keys = sorted(fold(name) for _, name in written)
    typed = [name[: 1 + number % 4] for number, (_, name) in enumerate(_some(written))]

    def begun(start: str) -> list[str]:
        start = fold(start)
        at = bisect_left(keys, start)
        return [key for key in keys[at : at + CHOICES] if key.startswith(start)]

    assert all(bool(index.complete(start, CHOICES)) and begun(start) for start in typed)
    return _over(lambda start: index.complete(start, CHOICES), typed), _over(begun, typed)


def suggestion(names: int) -> tuple[Side, Side]:
    """Returns what becomes of a name with one typing error; the floor scans all keys for those within two errors."""
    index, written = _index(names), _written(names)
    keys = [fold(name) for _, name in written]
    typed = [mistyped for _, mistyped in _mistyped(written)]

    def scanned(name: str) -> object:
        return process.extract(fold(name), keys, scorer=OSA.distance, score_cutoff=2, limit=None)

    return _over(lambda name: _told(index, name), typed), _over(scanned, typed)


def recall(names: int) -> float:
    """Returns the share of names with one typing error whose company is the answer or among the suggestions."""
    index = _index(names)
    told = [company in _told(index, name) for company, name in _mistyped(_written(names))]
    return sum(told) / len(told)


def full_text(claims: int) -> tuple[Side, Side]:
    """Returns the search for a company's name with a word of a claim; the floor is SQLite with the query made.

    They are so few that every round asks all of them: what one costs depends much on its words.
    """
    index = _knowledge(claims).full_text
    words = [" ".join(claim.text.split()[:2]) for claim in _some(list(_knowledge(claims).claims.values()))[:16]]
    queries = [query_of(text) for text in words]
    bare = index._index
    assert all(map(index.search, words))
    return _over(index.search, words), _over(lambda query: bare.execute(RANKED, (query,)).fetchall(), queries)


@cache
def _index(names: int) -> NameIndex[Company]:
    index = NameIndex("company", _companies(names))
    index.index()
    return index


@cache
def _companies(names: int) -> list[Company]:
    return made_knowledge.companies(names)


@cache
def _knowledge(claims: int) -> Knowledge:
    return made_knowledge.known(claims)


def _written(names: int) -> list[tuple[Company, str]]:
    return [(company, name) for company in _companies(names) for name in made_knowledge.names_of(company)]


def _some(all_of_them: Sequence[Typed]) -> list[Typed]:
    return random.Random(1).choices(all_of_them, k=SAMPLE)


def _mistyped(written: Sequence[tuple[Company, str]]) -> list[tuple[Company, str]]:
    """Returns names with one letter left out, doubled, replaced or exchanged with the next, at any place.

    They have five letters at least, three if they are Chinese: of a shorter one nobody could tell.
    """
    dice = random.Random(2)
    some = _some([(company, name) for company, name in written if len(name) >= (3 if has_han(name) else 5)])
    letters = "".join(name for _, name in some)
    return [(company, _with_an_error(name, letters, dice)) for company, name in some]


def _with_an_error(name: str, letters: str, dice: random.Random) -> str:
    at = dice.randrange(len(name) - 1)
    before, here, then, after = name[:at], name[at], name[at + 1], name[at + 2 :]
    wrong = dice.choice([letter for letter in dice.choices(letters, k=20) if has_han(letter) == has_han(name)] or "x")
    return before + dice.choice((then, here + here + then, wrong + then, then + here)) + after


def _told(index: NameIndex[Company], name: str) -> Sequence[object]:
    try:
        return (index.find(name).record,)
    except UnknownName as unknown:
        return unknown.suggestions


def _over(call: Callable[[Typed], object], inputs: Sequence[Typed]) -> Side:
    endless = cycle(inputs)

    def run(calls: int) -> None:
        for one in islice(endless, calls):
            call(one)

    return Side(run)


def _figure(
    name: str,
    measured: Measured,
    floor_name: str,
    *,
    must: float | None = None,
    stretch: float | None = None,
    bounds: str = "product",
    reference: float | None = None,
    where: Any = (),
) -> Figure:
    product, floor, ratio = measured
    return Figure(name, must, stretch, bounds, "s", product, floor_name, floor, ratio, where, "", reference)
