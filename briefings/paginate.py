"""A Document and a platform's budget to pages; the one splitter."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

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
)
from briefings.words import words_in

_ENDING_SECTIONS = frozenset({Heading, Choices, Break})
_PARTED = frozenset({Facts, Table, Choices})

Size = tuple[int, int, int]
"""Components or rows, characters, and options of a menu; what a platform does not count is 0."""


class Budget(Struct, frozen=True):
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
    pages = list(_filled(document, budget)) or [[]]
    return tuple(_page(document, pages, number) for number in range(1, len(pages) + 1))


def page_at(document: Document, budget: Budget, number: int) -> Document:
    """Returns the page of a number, or the nearest one: an old button may ask for a page that is gone.

    Raises:
        ValueError: one piece alone is larger than a page.
    """
    pages = list(_filled(document, budget)) or [[]]
    return _page(document, pages, min(max(number, 1), len(pages)))


def _filled(document: Document, budget: Budget) -> Iterator[list[Block]]:
    words = words_in(document.language)
    page = _Filling(budget, document.sources)
    heading: Heading | None = None
    for unit in _units(document.blocks):
        first = unit[0]
        if type(first) in _ENDING_SECTIONS:
            heading = first if isinstance(first, Heading) else None
        if type(first) is Break:
            if page.blocks:
                yield page.turn()
            continue
        if page.take(unit):
            continue
        for piece in _pieces(unit):
            if page.take(piece):
                continue
            if page.blocks:
                yield page.turn()
            again = heading and piece[0] is not heading and Heading(words.text("continued", heading=heading.text))
            if not (again and page.take((again, *piece))) and not page.take(piece):
                yield from page.take_apart(piece)
    if page.blocks:
        yield page.blocks


def _units(blocks: tuple[Block, ...]) -> Iterator[tuple[Block, ...]]:
    """Yields each block, with the heading right before it."""
    heading: tuple[Block, ...] = ()
    for block in blocks:
        kind = type(block)
        if heading and (kind is Heading or kind is Break):
            yield heading
            heading = ()
        if kind is Heading:
            heading = (block,)
        else:
            yield (*heading, block)
            heading = ()
    if heading:
        yield heading


def _pieces(unit: tuple[Block, ...]) -> Iterator[tuple[Block, ...]]:
    """Yields what of a unit may not be parted: its rows or choices, the first with the heading before them."""
    *before, block = unit
    for piece in _rows(block):
        yield (*before, piece)
        before = []


def _rows(block: Block) -> Sequence[Block]:
    match block:
        case Facts(rows):
            return [Facts((row,)) for row in rows]
        case Table(columns, rows):
            return [Table(columns, (row,)) for row in rows]
        case Choices(title, choices):
            return [Choices(title, (choice,)) for choice in choices]
    return (block,)


class _Filling:
    """Is a page being filled, and what is left of its budget."""

    def __init__(self, budget: Budget, sources: tuple[SourceEntry, ...]) -> None:
        self.blocks: list[Block] = []
        self._budget = budget
        self._sources = {entry.number: budget.cost(entry) for entry in sources}
        parts, text, options = budget.frame
        self._whole = self._left = budget.capacity[0] - parts, budget.capacity[1] - text, budget.capacity[2] - options
        self._last: Size = (0, 0, 0)
        self._cited: set[int] = set()

    def turn(self) -> list[Block]:
        """Begins the next page and returns what is on this one."""
        filled = self.blocks
        self.blocks, self._left, self._cited = [], self._whole, set()
        return filled

    def take(self, unit: tuple[Block, ...]) -> bool:
        """Adds what may not be parted, with the sources that it is the first to cite, and returns whether it fits."""
        (parts, text, options), cost, cited = self._left, self._last, self._cited
        joined = _joined(self.blocks[-1], unit[0]) if type(unit[0]) is Choices and self.blocks else None
        if joined:  # choices that go on cost what they cost together
            parts, text, options = parts + cost[0], text + cost[1], options + cost[2]
            unit = (joined, *unit[1:])
        first: list[int] = []
        for block in unit:
            cost = self._budget.cost(block)
            p, t, o = cost
            parts, text, options = parts - p, text - t, options - o
            for number in block.citations:
                if number not in cited:
                    cited.add(number)
                    first.append(number)
                    p, t, o = self._sources[number]
                    parts, text, options = parts - p, text - t, options - o
        if parts < 0 or text < 0 or options < 0:
            cited.difference_update(first)
            return False
        self._left, self._last = (parts, text, options), cost
        if joined:
            self.blocks.pop()
        self.blocks += unit
        return True

    def take_apart(self, unit: tuple[Block, ...]) -> Iterator[list[Block]]:
        """Yields full pages for what fills more than a page together; keeps the last.

        Raises:
            ValueError: one piece alone is larger than a page.
        """
        for part in (piece for block in unit for piece in _cells(block)):
            if self.blocks and not self.take((part,)):
                yield self.turn()
            if not self.blocks and not self.take((part,)):
                raise ValueError(
                    f"a {type(part).__name__.lower()} is over {self._budget.capacity} even alone; shorten it"
                )


def _joined(before: Block, block: Block) -> Block | None:
    """Returns two neighbouring pieces as one block, or None if they are not of one."""
    if type(before) is not type(block):
        return None
    match before, block:
        case Choices(title, some), Choices(other, more_choices) if title == other:
            return Choices(title, (*some, *more_choices))
        case Facts(rows), Facts(more):
            return Facts((*rows, *more))
        case Table(columns, rows), Table(others, more) if columns == others:
            return Table(columns, (*rows, *more))
    return None


def _cells(block: Block) -> Iterator[Block]:
    """Yields the cells of a table's rows, each as a table of its own, or the block itself."""
    if not isinstance(block, Table):
        yield block
        return
    for row in block.rows:
        for column, cell in zip(block.columns, row.cells, strict=True):
            yield Table((column,), (Row(row.label, (cell,)),))


def _page(document: Document, pages: Sequence[list[Block]], number: int) -> Document:
    blocks, sources, page = pages[number - 1], document.sources, document.page
    if len(pages) > 1:
        cited = {number for block in blocks for number in block.citations}
        sources = tuple([entry for entry in sources if entry.number in cited])
        page = _numbered(document, number, len(pages))
        blocks = [*blocks, *_turns(document, number, len(pages))]
    title, summary, command = document.title, document.summary, document.command
    return Document(title, summary, command, _merged(blocks), sources, page, document.language)


def _numbered(document: Document, number: int, of: int) -> Page:
    words = words_in(document.language)
    if document.page:
        return Page(number, of, words.text("part_line", line=document.page.line, number=number, of=of))
    return Page(number, of, words.text("page_line", number=number, of=of))


def _turns(document: Document, number: int, of: int) -> Iterator[Choices]:
    words = words_in(document.language)
    turns = tuple(
        Choice(words.text(label), f"{document.command} page:{target}")
        for label, target in (("previous_page", number - 1), ("next_page", number + 1))
        if document.command and 1 <= target <= of
    )
    if turns:
        yield Choices(words.text("turn_page"), turns)


def _merged(blocks: list[Block]) -> tuple[Block, ...]:
    """Joins the neighbouring pieces of one block again."""
    merged = blocks[:1]
    for block in blocks[1:]:
        joined = _joined(merged[-1], block) if type(block) in _PARTED else None
        if joined:
            merged[-1] = joined
        else:
            merged.append(block)
    return tuple(merged)
