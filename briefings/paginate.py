"""A Document and a platform's budget to pages; the one splitter."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import sub

from briefings.document import (
    Block,
    Break,
    Choice,
    Choices,
    Document,
    Facts,
    Heading,
    Page,
    Row,
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
    is repeated where its blocks go on. Pages of several carry choices for the previous and the next one, where a
    command asks for them. A line at the foot of the document stands on each page, with its number.

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
        joined = _joined(self.blocks[-1], unit[0]) if self.blocks and isinstance(unit[0], Choices) else None
        added = (joined, *unit[1:]) if joined else unit
        new = {number for block in unit for number in citations(block)} - self._cited
        used = _sum(self._used, *map(self._budget.cost, added), *(self._sources[number] for number in new))
        if joined:  # choices that go on cost what they cost together
            used = tuple(map(sub, used, self._budget.cost(self.blocks[-1])))
        if any(size > most for size, most in zip(used, self._budget.capacity, strict=True)):
            return False
        self._used = used
        self.blocks = [*(self.blocks[:-1] if joined else self.blocks), *added]
        self._cited |= new
        return True

    def take_apart(self, unit: tuple[Block, ...]) -> Iterator[list[Block]]:
        """Yields full pages for what fills more than a page together; keeps the last.

        Raises:
            ValueError: one piece alone is larger than a page.
        """
        for part in (piece for block in unit for piece in _cells(block)):
            if self.blocks and not self.take((part,)):
                yield self.blocks
                self.blocks, self._used, self._cited = [], self._budget.frame, set()
            if not self.blocks and not self.take((part,)):
                raise ValueError(f"a {part.kind} is over {self._budget.capacity} even alone; shorten it")


def _sum(*sizes: Size) -> Size:
    return tuple(map(sum, zip(*sizes, strict=True)))


def _joined(before: Block, block: Block) -> Block | None:
    """Returns two neighbouring pieces as one block, or None if they are not of one."""
    match before, block:
        case Facts(rows), Facts(more):
            return Facts((*rows, *more))
        case Table(columns, rows), Table(others, more) if columns == others:
            return Table(columns, (*rows, *more))
        case Choices(title, some), Choices(other, more_choices) if title == other:
            return Choices(title, (*some, *more_choices))
    return None


def _cells(block: Block) -> Iterator[Block]:
    """Yields the cells of a table's rows, each as a table of its own, or the block itself."""
    if not isinstance(block, Table):
        yield block
        return
    for row in block.rows:
        for column, cell in zip(block.columns, row.cells, strict=True):
            yield Table((column,), (Row(row.label, (cell,)),))


def _page(document: Document, blocks: list[Block], number: int, of: int, entries: dict[int, SourceEntry]) -> Document:
    words = words_in(document.language)
    turns = tuple(
        Choice(words.text(label), f"{document.command} page:{target}")
        for label, target in (("previous_page", number - 1), ("next_page", number + 1))
        if document.command and 1 <= target <= of
    )
    cited = sorted({n for block in blocks for n in citations(block)})
    if document.page:
        line = words.text("part_line", line=document.page.line, number=number, of=of)
    else:
        line = words.text("page_line", number=number, of=of)
    return replace(
        document,
        blocks=_merged([*blocks, *([Choices(words.text("turn_page"), turns)] if turns else [])]),
        sources=tuple(entries[n] for n in cited),
        page=Page(number, of, line),
    )


def _merged(blocks: list[Block]) -> tuple[Block, ...]:
    """Joins the neighbouring pieces of one block again."""
    merged: list[Block] = []
    for block in blocks:
        joined = _joined(merged[-1], block) if merged else None
        merged[-1:] = [joined] if joined else [*merged[-1:], block]
    return tuple(merged)
