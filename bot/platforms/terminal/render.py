"""Document to styled lines of text, for a terminal or a pipe."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import assert_never

from bot.platforms.terminal.text import Text, cell_len
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


@dataclass(frozen=True, slots=True)
class Line:
    """Is one line before wrapping, with its indent in columns."""

    text: Text = field(default_factory=Text)
    indent: int = 0


def rows(part: Block | SourceEntry) -> Size:
    """Returns about how many rows of 80 columns a part of a page takes; sources below the text count for nothing."""
    match part:
        case SourceEntry():
            return (0,)
        case Choices(choices=choices):
            return (len(choices),)
        case Statement():
            return (_rows_of(part),)
        case Facts(facts):
            return (sum(_rows_of(row.value) for row in facts),)
    lines = _Rendering(numbered=True).block(part)
    return (sum(1 + (line.indent + line.text.cell_len) // 80 for line in lines),)


def _rows_of(statement: Statement) -> int:
    return 2 + cell_len(statement.text) // 76 + cell_len(statement.dateline) // 78


BUDGET = Budget(capacity=(64,), cost=rows, frame=(6,))
"""A page of the terminal: two screens of rows, with room for title, page line and the choices to turn the page."""


def render(document: Document, *, numbered: bool) -> list[Line]:
    """Returns a document as lines; choices are numbered for a prompt, else they show their command."""
    return list(_Rendering(numbered=numbered).lines(document))


def payload(document: Document) -> str:
    """Returns a document as a pipe gets it: text without styles, one sentence a line."""
    return "\n".join(" " * line.indent + line.text.plain for line in render(document, numbered=False))


def visible(text: str) -> str:
    """Returns text in which nothing can move the cursor, colour the terminal or turn the reading direction."""
    return text if text.isprintable() else "".join(c if c.isprintable() else _shown(c) for c in text)


def _shown(character: str) -> str:
    return " " if unicodedata.category(character) == "Zs" else "\ufffd"


def _text(text: str, style: str = "") -> Text:
    return Text(((visible(text), style),))


class _Rendering:
    """Renders one document, counting its choices through."""

    def __init__(self, *, numbered: bool) -> None:
        self._numbered = numbered
        self._count = 0

    def lines(self, document: Document) -> Iterator[Line]:
        yield Line(_text(document.title, "bold"))
        for block in document.blocks:
            yield from self.block(block)
        if document.sources:
            yield Line()
            for entry in document.sources:
                yield from _source(entry)
        if document.page:
            yield Line()
            yield Line(_text(document.page.line, "dim"))

    def block(self, block: Block) -> Iterator[Line]:
        match block:
            case Heading(text):
                yield Line()
                yield Line(_text(text, "bold underline"))
            case Paragraph(spans, citations):
                said = tuple((visible(span.text), _STYLES[span.style]) for span in spans)
                yield Line(Text((("", ""), *said)) + _marks(citations))
            case Note(text):
                yield Line(_text(text, "dim"))
            case Statement():
                yield from _statement(block)
            case Facts(rows):
                for row in rows:
                    yield from _statement(row.value, f"{row.label}: ", "bold")
            case Table(columns, table_rows):
                for table_row in table_rows:
                    yield from _row(columns, table_row)
            case Choices(title, choices):
                yield Line()
                yield from self._choices(title, choices)
            case Break():
                yield Line()
            case _:
                assert_never(block)

    def _choices(self, title: str, choices: tuple[Choice, ...]) -> Iterator[Line]:
        """Yields choices in one run, or one a line where they have details."""
        head = _text(title, "bold")
        if any(choice.detail for choice in choices):
            yield Line(head)
            yield from (Line(self._choice(choice), 2) for choice in choices)
        else:
            yield from _packed([head, *map(self._choice, choices)])

    def _choice(self, choice: Choice) -> Text:
        self._count += 1
        if self._numbered:
            shown = _text(f"{self._count} ", "cyan") + _text(choice.label)
        else:
            shown = _text(choice.command, "cyan")
            if choice.detail:
                shown += _text(f"  {choice.label}")
        return shown + _text(choice.detail and f"  {choice.detail}", "dim")


def _packed(texts: list[Text]) -> Iterator[Line]:
    """Yields texts side by side, as many as fit a line, so that no number is parted from its choice."""
    line, indent = texts[0], 0
    for text in texts[1:]:
        if indent + line.cell_len + 2 + text.cell_len > PACKED:
            yield Line(line, indent)
            line, indent = text, 2
        else:
            line = line + _text("  ") + text
    yield Line(line, indent)


def _statement(statement: Statement, label: str = "", style: str = "", indent: int = 0) -> Iterator[Line]:
    yield Line(_text(label) + _text(statement.text, style) + _marks(statement.citations), indent)
    yield Line(_text(statement.dateline, "dim"), indent + 2)


def _row(columns: tuple[str, ...], row: Row) -> Iterator[Line]:
    yield Line()
    yield Line(_text(row.label, "bold"))
    for column, cell in zip(columns, row.cells, strict=True):
        if isinstance(cell, Statement):
            yield from _statement(cell, f"{column}: ", indent=2)
        else:
            yield Line(_text(f"{column}: ") + _text(cell.text, "dim"), 2)


def _marks(citations: tuple[int, ...]) -> Text:
    return _text("".join(f" [{number}]" for number in citations), "cyan")


def _source(entry: SourceEntry) -> Iterator[Line]:
    yield Line(_text(f"[{entry.number}]", "cyan") + _text(f" {entry.title}"))
    yield Line(_text(f"{entry.publisher} ({entry.host}), {entry.published} · {entry.id}", "dim"), 4)
    yield Line(Text(((visible(entry.url), "dim"),), no_wrap=True), 4)
