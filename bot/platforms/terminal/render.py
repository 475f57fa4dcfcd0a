"""Document to styled lines of text, for a terminal or a pipe."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import assert_never

from msgspec import Struct

from bot.platforms.terminal.cells import cell_len
from briefings.document import (
    Block,
    Break,
    Choice,
    Choices,
    Document,
    Facts,
    Heading,
    Note,
    Paragraph,
    Row,
    SourceEntry,
    Statement,
    Table,
)
from briefings.paginate import Budget, Size

PACKED = 76
"""Columns of a line of choices."""
_STYLES = {"plain": "", "strong": "bold", "code": "cyan", "place": ""}


Run = tuple[str, str]
"""A text and its style."""


class Line(Struct, frozen=True):
    """Is one line before wrapping, with its indent in columns.

    The style of its first run is that of the whole line. One that is `unbroken` is not wrapped.
    """

    runs: tuple[Run, ...] = (("", ""),)
    indent: int = 0
    unbroken: bool = False

    @property
    def plain(self) -> str:
        """Its text without styles, and without what a terminal would not show."""
        return _plain(self.runs)


def _plain(runs: Sequence[Run]) -> str:
    text = runs[0][0] if len(runs) == 1 else "".join([text for text, _ in runs])
    return text if text.isprintable() else visible(text)


_EMPTY = Line()


@lru_cache(maxsize=1024)
def cost(part: Block | SourceEntry) -> Size:
    """Returns about how many rows of 80 columns a part of a page takes; sources below the text count for nothing."""
    if type(part) is Statement:
        return (_rows_of(part), 0, 0)
    if type(part) is SourceEntry:
        return (0, 0, 0)
    if type(part) is Heading:
        return (2 + cell_len(part.text) // 80, 0, 0)
    if type(part) is Choices:
        return (len(part.choices), 0, 0)
    if type(part) is Facts:
        return (sum([_rows_of(row.value) for row in part.rows]), 0, 0)
    lines = _Rendering(numbered=True).block(part)
    return (sum([1 + (line.indent + cell_len(line.plain)) // 80 for line in lines]), 0, 0)


def _rows_of(statement: Statement) -> int:
    return 2 + cell_len(statement.text) // 76 + cell_len(statement.dateline) // 78


BUDGET = Budget(capacity=(64, 0, 0), cost=cost, frame=(6, 0, 0))
"""A page of the terminal: two screens of rows, with room for title, page line and the choices to turn the page."""


def render(document: Document, *, numbered: bool) -> list[Line]:
    """Returns a document as lines; choices are numbered for a prompt, else they show their command."""
    return _Rendering(numbered=numbered).lines(document)


def payload(document: Document) -> str:
    """Returns a document as a pipe gets it: text without styles, one sentence a line."""
    return "\n".join([" " * line.indent + _plain(line.runs) for line in render(document, numbered=False)])


def visible(text: str) -> str:
    """Returns text in which nothing can move the cursor, colour the terminal or turn the reading direction."""
    return "".join(c if c.isprintable() else _shown(c) for c in text)


def _shown(character: str) -> str:
    return " " if unicodedata.category(character) == "Zs" else "\ufffd"


def _line(text: str, style: str = "", indent: int = 0) -> Line:
    return Line(((text, style),), indent)


class _Rendering:
    """Renders one document, counting its choices through."""

    def __init__(self, *, numbered: bool) -> None:
        self._numbered = numbered
        self._count = 0

    def lines(self, document: Document) -> list[Line]:
        lines = [_line(document.title, "bold")]
        for block in document.blocks:
            lines += self.block(block)
        if document.sources:
            lines.append(_EMPTY)
            for entry in document.sources:
                lines += _source(entry)
        if document.page:
            lines += _EMPTY, _line(document.page.line, "dim")
        return lines

    def block(self, block: Block) -> Sequence[Line]:
        if type(block) is Statement:
            return _statement(block)
        if type(block) is Heading:
            return _EMPTY, _line(block.text, "bold underline")
        if type(block) is Choices:
            return _EMPTY, *self._choices(block.title, block.choices)
        if type(block) is Facts:
            return [line for row in block.rows for line in _statement(row.value, f"{row.label}: ", "bold")]
        if type(block) is Paragraph:
            said = [(span.text, _STYLES[span.style]) for span in block.spans]
            return (Line((*_EMPTY.runs, *said, _marks(block.citations))),)
        if type(block) is Note:
            return (_line(block.text, "dim"),)
        if type(block) is Table:
            return [line for row in block.rows for line in _row(block.columns, row)]
        if type(block) is Break:
            return (_EMPTY,)
        assert_never(block)

    def _choices(self, title: str, choices: tuple[Choice, ...]) -> Iterator[Line]:
        """Yields choices in one run, or one a line where they have details."""
        if any(choice.detail for choice in choices):
            yield _line(title, "bold")
            yield from (
                Line((self._choice(choice), (choice.detail and f"  {choice.detail}", "dim")), 2) for choice in choices
            )
        else:
            yield from _packed([(title, "bold"), *map(self._choice, choices)])

    def _choice(self, choice: Choice) -> Run:
        self._count += 1
        if self._numbered:
            return f"{self._count} {choice.label}", "cyan"
        return f"{choice.command}  {choice.label}" if choice.detail else choice.command, "cyan"


def _packed(runs: list[Run]) -> Iterator[Line]:
    """Yields texts side by side, as many as fit a line, so that no number is parted from its choice."""
    line, indent, width = [runs[0]], 0, cell_len(runs[0][0])
    for text, style in runs[1:]:
        taken = cell_len(text)
        if indent + width + 2 + taken > PACKED:
            yield Line(tuple(line), indent)
            line, indent, width = [(text, style)], 2, taken
        else:
            line.append((f"  {text}", style))
            width += 2 + taken
    yield Line(tuple(line), indent)


def _statement(statement: Statement, label: str = "", style: str = "", indent: int = 0) -> Sequence[Line]:
    said = (statement.text, style), _marks(statement.citations)
    return Line(((label, ""), *said) if label else said, indent), _line(statement.dateline, "dim", indent + 2)


def _row(columns: tuple[str, ...], row: Row) -> Iterator[Line]:
    yield Line()
    yield _line(row.label, "bold")
    for column, cell in zip(columns, row.cells, strict=True):
        if isinstance(cell, Statement):
            yield from _statement(cell, f"{column}: ", indent=2)
        else:
            yield Line(((f"{column}: ", ""), (cell.text, "dim")), 2)


@lru_cache(maxsize=1024)
def _marks(citations: tuple[int, ...]) -> Run:
    return "".join([f" [{number}]" for number in citations]), "cyan"


def _source(entry: SourceEntry) -> Sequence[Line]:
    return (
        _line(f"[{entry.number}] {entry.title}", "cyan"),
        _line(f"{entry.publisher} ({entry.host}), {entry.published} · {entry.id}", "dim", 4),
        Line(((entry.url, "dim"),), 4, unbroken=True),
    )
