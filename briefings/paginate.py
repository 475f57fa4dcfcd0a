"""A Document and a platform's budget to pages; the one splitter."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

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

_ENDING_SECTIONS = frozenset({Heading, Choices})

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
    language, sources = document.language, {entry.number: budget.cost(entry) for entry in document.sources}
    if not any(map(any, sources.values())):
        sources = {}  # a terminal does not count them
    page, ahead = _Filling(budget, sources, language), iter(document.blocks)
    while block := page.fill(ahead):
        if type(block) is not Break:
            yield from page.part(block)
            continue
        if page.blocks:
            yield page.blocks
        page = _Filling(budget, sources, language)
    if page.blocks:
        yield page.blocks


def _rows(block: Block) -> Sequence[Block]:
    if type(block) is Facts:
        return [Facts((row,)) for row in block.rows]
    if type(block) is Table:
        return [Table(block.columns, (row,)) for row in block.rows]
    if type(block) is Choices:
        return [Choices(block.title, (choice,)) for choice in block.choices]
    return (block,)


class _Filling:
    """Is a page being filled, and what is left of its budget."""

    def __init__(self, budget: Budget, sources: Mapping[int, Size], language: str) -> None:
        self.blocks: list[Block] = []
        self._budget = budget
        self._sources = sources
        self._language = language
        parts, text, options = budget.frame
        self._whole = self._left = budget.capacity[0] - parts, budget.capacity[1] - text, budget.capacity[2] - options
        self._cited: set[int] = set()
        self._heading: Heading | None = None
        self._again: Heading | None = None

    def turn(self) -> list[Block]:
        """Begins the next page and returns what is on this one."""
        filled = self.blocks
        last = next((block for block in reversed(filled) if type(block) in _ENDING_SECTIONS), self._again)
        if last is not self._again:
            self._heading = last if isinstance(last, Heading) else None
        self.blocks, self._left, self._cited = [], self._whole, set()
        return filled

    def fill(self, ahead: Iterable[Block]) -> Block | None:
        """Adds blocks, with the sources that they are the first to cite, and returns the first that ends the page."""
        cost, sources, cited, (parts, text, options) = self._budget.cost, self._sources, self._cited, self._left
        ending: Block | None = None
        for block in ahead:
            if type(block) is Break:
                ending = block
                break
            p, t, o = cost(block)
            first: list[int] = []
            for number in block.citations if sources else ():
                if number not in cited:
                    cited.add(number)
                    first.append(number)
                    more = sources[number]
                    p, t, o = p + more[0], t + more[1], o + more[2]
            if p > parts or t > text or o > options:
                cited.difference_update(first)
                ending = block
                break
            parts, text, options = parts - p, text - t, options - o
            self.blocks.append(block)
        self._left = parts, text, options
        return ending

    def take(self, block: Block) -> bool:
        """Adds a block and returns whether it fits."""
        return self.fill((block,)) is None

    def join(self, piece: Block) -> bool:
        """Adds a piece, to the last block if both are of one: together they cost what one does."""
        joined = _joined(self.blocks[-1], piece) if self.blocks else None
        if joined is None:
            return self.take(piece)
        (parts, text, options), last = self._left, self.blocks.pop()
        p, t, o = self._budget.cost(last)
        self._left = parts + p, text + t, options + o
        if self.take(joined):
            return True
        self.blocks.append(last)
        self._left = parts, text, options
        return False

    def part(self, block: Block) -> Iterator[list[Block]]:
        """Yields full pages for a block that does not fit, and keeps the last; a heading stays with what follows it.

        Raises:
            ValueError: one piece alone is larger than a page.
        """
        for piece in _rows(block):
            if piece is not block and self.join(piece):
                continue
            alone = type(piece) is not Heading and self.blocks and type(self.blocks[-1]) is Heading
            heading = self.blocks.pop() if alone else None
            if filled := self.turn():
                yield filled
            if heading is None and self._heading and type(piece) not in _ENDING_SECTIONS:
                heading = self._again = Heading(_said(self._language, "continued", heading=self._heading.text))
            if heading:
                self.take(heading)
            if self.join(piece):
                continue
            if heading and heading is self._again:
                self.turn()
                if self.take(piece):
                    continue
            yield from self._take_apart(piece)

    def _take_apart(self, piece: Block) -> Iterator[list[Block]]:
        """Yields full pages for what fills more than a page together; keeps the last.

        Raises:
            ValueError: one piece alone is larger than a page.
        """
        for cell in _cells(piece):
            if self.blocks and not self.join(cell):
                yield self.turn()
            if not self.blocks and not self.take(cell):
                raise ValueError(
                    f"a {type(cell).__name__.lower()} is over {self._budget.capacity} even alone; shorten it"
                )


@lru_cache(maxsize=1024)
def _said(language: str, macro: str, **values: object) -> str:
    return words_in(language).text(macro, **values)


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
    return Document(title, summary, command, tuple(blocks), sources, page, document.language)


def _numbered(document: Document, number: int, of: int) -> Page:
    if document.page:
        line = _said(document.language, "part_line", line=document.page.line, number=number, of=of)
    else:
        line = _said(document.language, "page_line", number=number, of=of)
    return Page(number, of, line)


def _turns(document: Document, number: int, of: int) -> Iterator[Choices]:
    words = words_in(document.language)
    turns = tuple(
        Choice(words.text(label), f"{document.command} page:{target}")
        for label, target in (("previous_page", number - 1), ("next_page", number + 1))
        if document.command and 1 <= target <= of
    )
    if turns:
        yield Choices(words.text("turn_page"), turns)
