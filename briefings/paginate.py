"""A Document and a platform's budget to pages; the one splitter."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from briefings.document import (
    Block,
    Break,
    Choice,
    Choices,
    Document,
    Facts,
    Heading,
    Page,
    SourceEntry,
    Table,
    citations,
)
from briefings.words import words_in

Size = tuple[int, ...]
"""Amounts of what a platform counts, always in the same order: characters, components ..."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Tells what one message may hold, what each piece of a page costs there, and what every page costs anyway."""

    capacity: Size
    cost: Callable[[Block | SourceEntry], Size]
    frame: Size


def paginate(document: Document, budget: Budget) -> tuple[Document, ...]:
    """Splits a document into pages that each fit the budget, with the sources that they cite.

    A page ends between blocks, rows or choices, never inside a sentence; a heading stays with what follows it and
    is repeated where its blocks go on. Pages of several carry choices for the next and the previous one.

    Raises:
        ValueError: one piece alone is larger than a page.
    """
    entries = {entry.number: entry for entry in document.sources}
    pages = list(_filled(document, budget, entries))
    if len(pages) == 1:
        return (replace(document, blocks=_merged(pages[0])),)
    return tuple(_page(document, blocks, number, len(pages), entries) for number, blocks in enumerate(pages, 1))


def page_at(pages: Sequence[Document], number: int) -> Document:
    """Returns the page of a number, or the nearest one: an old button may ask for a page that is gone."""
    return pages[min(max(number, 1), len(pages)) - 1]


def _filled(document: Document, budget: Budget, entries: dict[int, SourceEntry]) -> Iterator[list[Block]]:
    words = words_in(document.language)
    sources = {number: budget.cost(entry) for number, entry in entries.items()}
    page = _Filling(budget, sources)
    heading: Heading | None = None
    for unit in _units(document.blocks):
        if isinstance(unit[0], Heading | Choices | Break):
            heading = unit[0] if isinstance(unit[0], Heading) else None
        if not isinstance(unit[0], Break) and page.take(unit):
            continue
        if page.blocks:
            yield page.blocks
            page = _Filling(budget, sources)
        if isinstance(unit[0], Break):
            continue
        again = heading and unit[0] is not heading and Heading(words.text("continued", heading=heading.text))
        if not (again and page.take((again, *unit))) and not page.take(unit):
            yield from page.take_apart(unit)
    if page.blocks or not document.blocks:
        yield page.blocks


def _units(blocks: tuple[Block, ...]) -> Iterator[tuple[Block, ...]]:
    """Yields what may not be parted: pieces of blocks, each with the heading right before it."""
    heading: tuple[Heading, ...] = ()
    for block in blocks:
        if isinstance(block, Heading | Break) and heading:
            yield heading
            heading = ()
        if isinstance(block, Heading):
            heading = (block,)
            continue
        for piece in _pieces(block):
            yield (*heading, piece)
            heading = ()
    if heading:
        yield heading


def _pieces(block: Block) -> Iterator[Block]:
    match block:
        case Facts(rows):
            yield from (Facts((row,)) for row in rows)
        case Table(columns, rows):
            yield from (Table(columns, (row,)) for row in rows)
        case Choices(title, choices):
            yield from (Choices(title, (choice,)) for choice in choices)
        case _:
            yield block


class _Filling:
    """Is a page being filled, and what is left of its budget."""

    def __init__(self, budget: Budget, sources: dict[int, Size]) -> None:
        self.blocks: list[Block] = []
        self._budget = budget
        self._sources = sources
        self._used = budget.frame
        self._cited: set[int] = set()

    def take(self, unit: tuple[Block, ...]) -> bool:
        """Adds what may not be parted, with the sources that it is the first to cite, and returns whether it fits."""
        new = {number for block in unit for number in citations(block)} - self._cited
        parts = [*map(self._budget.cost, unit), *(self._sources[number] for number in new)]
        used = tuple(map(sum, zip(self._used, *parts, strict=True)))
        if any(size > most for size, most in zip(used, self._budget.capacity, strict=True)):
            return False
        self._used, self.blocks = used, [*self.blocks, *unit]
        self._cited |= new
        return True

    def take_apart(self, unit: tuple[Block, ...]) -> Iterator[list[Block]]:
        """Yields full pages for a heading and its piece that fill more than a page together; keeps the last.

        Raises:
            ValueError: one of them alone is larger than a page.
        """
        for part in unit:
            if self.blocks:
                yield self.blocks
                self.blocks, self._used, self._cited = [], self._budget.frame, set()
            if not self.take((part,)):
                raise ValueError(f"a {part.kind} is over {self._budget.capacity} even alone; shorten it")


def _page(document: Document, blocks: list[Block], number: int, of: int, entries: dict[int, SourceEntry]) -> Document:
    words = words_in(document.language)
    turns = tuple(
        Choice(words.text(label), f"{document.command} page:{target}")
        for label, target in (("next_page", number + 1), ("previous_page", number - 1))
        if document.command and 1 <= target <= of
    )
    cited = sorted({n for block in blocks for n in citations(block)})
    return replace(
        document,
        blocks=_merged([*blocks, *([Choices(words.text("turn_page"), turns)] if turns else [])]),
        sources=tuple(entries[n] for n in cited),
        page=Page(number, of, words.text("page_line", number=number, of=of)),
    )


def _merged(blocks: list[Block]) -> tuple[Block, ...]:
    """Joins the neighbouring pieces of one block again."""
    merged: list[Block] = []
    for block in blocks:
        match merged[-1] if merged else None, block:
            case Facts(before), Facts(rows):
                merged[-1] = Facts((*before, *rows))
            case Table(columns, before_rows), Table(others, more_rows) if columns == others:
                merged[-1] = Table(columns, (*before_rows, *more_rows))
            case Choices(title, some), Choices(other, more) if title == other:
                merged[-1] = Choices(title, (*some, *more))
            case _:
                merged.append(block)
    return tuple(merged)
