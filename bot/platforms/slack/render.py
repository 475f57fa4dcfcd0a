"""Document to a Slack message: Block Kit blocks and the fallback text.

Texts go into rich text, headers and plain text objects, where nothing is parsed: no mention, no link and no markup can
be made from data; places and people of ours are named by their ids. Only the fallback text is parsed by Slack, so it is
escaped.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, assert_never

from bot.platforms.slack import limits
from bot.platforms.slack.controls import Element, button, plain, select
from bot.platforms.slack.places import NAME, named
from briefings.document import (
    Block,
    Break,
    Choice,
    Choices,
    Document,
    Facts,
    Heading,
    NoClaim,
    Note,
    Paragraph,
    Row,
    SourceEntry,
    Span,
    Statement,
    Table,
)
from briefings.measure import length, shortened
from briefings.paginate import Budget, Size

MOST_BUTTONS = 5
_APART = frozenset({Choices, Note, Break})
"""What is no running text."""

_LINE_BREAK: Element = {"type": "text", "text": "\n"}
_ITALIC: Element = {"italic": True}
_STYLES: dict[str, Element] = {
    "plain": {},
    "strong": {"style": {"bold": True}},
    "code": {"style": {"code": True}},
    "place": {},
}


def payload(document: Document, *, conservative: bool = False) -> dict[str, Any]:
    """Returns the arguments of `chat.postMessage` for one page.

    `conservative` leaves out the blocks that Slack introduced last (tables), for a second try where it refused them.
    """
    return {
        "text": fallback(document),
        "blocks": _blocks(document, conservative=conservative),
        "unfurl_links": False,
        "unfurl_media": False,
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
    }


def fallback(document: Document) -> str:
    """Returns the text of notifications and screen readers, escaped for mrkdwn."""
    page = f" {document.page.line}." if document.page else ""
    return _escaped(shortened(document.summary, limits.FALLBACK // 6) + page)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@lru_cache(maxsize=1024)
def cost(part: Block | SourceEntry) -> Size:
    """Returns what a part of a page takes: blocks, characters and choices."""
    if type(part) is Statement:
        return (1, _statement_length(part), 0)
    if type(part) is SourceEntry:
        return (0, _source_length(part), 0)
    if type(part) is Heading:
        return (1, length(part.text) + 1, 0)
    if type(part) is Paragraph:
        return (1, sum(map(_span_length, part.spans)) + 1, 0)
    if type(part) is Facts:
        return (1, sum([length(row.label) + 2 + _statement_length(row.value) for row in part.rows]), 0)
    if type(part) is Choices:
        told = sum([length(choice.label) + length(choice.detail) + 3 for choice in part.choices])
        return (3, length(part.title) + told, len(part.choices))
    if type(part) is Table:
        rows = sum([length(row.label) + sum([_length_of(_cell(cell)) for cell in row.cells]) for row in part.rows])
        return (2, rows + sum(map(length, part.columns)) * (1 + len(part.rows)), 0)
    return (1, length(part.text) + 1, 0) if type(part) is Note else (0, 0, 0)  # a break has no block


BUDGET = Budget(capacity=(limits.BLOCKS, 4_000, limits.SELECT_OPTIONS), cost=cost, frame=(8, 400, 2))
"""A page of Slack: far below what Slack takes, so that an answer is read and not scrolled through."""


def _source_length(entry: SourceEntry) -> int:
    """Returns the characters of `_source`, counted in one go."""
    return length(f"[{entry.number}] {entry.publisher} ({entry.host}), {entry.published}: {entry.title} · {entry.id}")


def _statement_length(statement: Statement) -> int:
    """Returns the characters of `_statement` and its two line breaks, counted in one go."""
    return length(statement.text) + len(_marks(statement.citations)) + length(statement.dateline) + 2


def _span_length(span: Span) -> int:
    return _length_of(_named(span) or _run(span.text))


def _length_of(elements: Iterable[Element]) -> int:
    return sum([length(element["text"]) if "text" in element else NAME for element in elements])


def _blocks(document: Document, *, conservative: bool) -> list[Element]:
    blocks: list[Element] = [{"type": "header", "text": plain(document.title, limits.HEADER)}]
    tables = [block for block in document.blocks if type(block) is Table]
    table = tables[0] if tables and not conservative else None  # Slack takes one
    lines: list[list[Element]] = []
    for block in document.blocks:
        if block is table or type(block) in _APART:
            blocks += _rich_text(lines)
            lines = []
            blocks += _block(block)
        else:
            lines += _sections(block)
    blocks += _rich_text(lines)
    if document.sources:
        blocks += {"type": "divider"}, *_rich_text(map(_source, document.sources))
    if document.page:
        blocks.append({"type": "context", "elements": [plain(document.page.line, limits.TEXT_OBJECT)]})
    return blocks


def _block(block: Block) -> Sequence[Element]:
    """Returns the blocks of what is no running text; a break has none, it only ends a page."""
    if type(block) is Note:
        return ({"type": "context", "elements": [plain(block.text, limits.TEXT_OBJECT)]},)
    if type(block) is Table:
        return (_table(block),)
    return _choices(block.title, block.choices) if type(block) is Choices else ()


def _sections(block: Block) -> Sequence[list[Element]]:
    """Returns the lines of a block, each the elements of one rich text section."""
    if type(block) is Statement:
        return _statement(block)
    if type(block) is Heading:
        return (_run(block.text, "strong"),)
    if type(block) is Paragraph:
        return ([element for span in block.spans for element in _named(span) or _run(span.text, span.style)],)
    if type(block) is Facts:
        return [line for fact in block.rows for line in _statement(fact.value, f"{fact.label}: ")]
    if type(block) is Table:
        return [line for row in block.rows for line in _row(block.columns, row)]
    if type(block) is Note:
        return (_run(block.text),)
    if type(block) is Choices or type(block) is Break:
        return ()
    assert_never(block)


def _row(columns: tuple[str, ...], row: Row) -> Iterator[list[Element]]:
    yield _run(row.label, "strong")
    for column, cell in zip(columns, row.cells, strict=True):
        yield [*_run(f"{column}: "), *_cell(cell)]


def _statement(statement: Statement, label: str = "") -> tuple[list[Element], list[Element]]:
    said = {"type": "text", "text": f"{statement.text}{_marks(statement.citations)}"}
    dateline = {"type": "text", "text": statement.dateline, "style": _ITALIC}
    return [*_run(label, "strong"), said], [dateline]


@lru_cache(maxsize=1024)
def _marks(citations: tuple[int, ...]) -> str:
    return "".join([f" [{number}]" for number in citations])


def _cell(cell: Statement | NoClaim) -> list[Element]:
    if isinstance(cell, NoClaim):
        return [{"type": "text", "text": cell.text, "style": _ITALIC}]
    said, dateline = _statement(cell)
    return [*said, _LINE_BREAK, *dateline]


def _run(text: str, style: str = "plain") -> list[Element]:
    return [{"type": "text", "text": text, **_STYLES[style]}] if text else []


def _named(span: Span) -> list[Element]:
    return named(span.text) if span.style == "place" else []


def _rich_text(lines: Iterable[list[Element]]) -> Sequence[Element]:
    """Returns one rich text block of the given lines, or none."""
    sections = [{"type": "rich_text_section", "elements": [*line, _LINE_BREAK]} for line in lines if line]
    return ({"type": "rich_text", "elements": sections},) if sections else ()


def _source(entry: SourceEntry) -> list[Element]:
    link = {"type": "link", "url": entry.url, "text": f"{entry.publisher} ({entry.host})"}
    before = {"type": "text", "text": f"[{entry.number}] "}
    return [before, link, {"type": "text", "text": f", {entry.published}: {entry.title} · {entry.id}"}]


def _table(table: Table) -> Element:
    head = [_raw("·"), *map(_raw, table.columns)]
    rows = [[_raw(row.label), *(_rich_cell(cell) for cell in row.cells)] for row in table.rows]
    return {
        "type": "table",
        "column_settings": [{"is_wrapped": True} for _ in head],
        "rows": [head, *rows],
    }


def _raw(text: str) -> Element:
    return {"type": "raw_text", "text": text}


def _rich_cell(cell: Statement | NoClaim) -> Element:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": _cell(cell)}]}


def _choices(title: str, choices: tuple[Choice, ...]) -> Sequence[Element]:
    """Returns buttons for a few choices, a select for more; what has details or hides in a select is also told."""
    offered = list({choice.command: choice for choice in choices}.values())
    few = len(offered) <= MOST_BUTTONS
    told: Sequence[Element]
    if few and not any(choice.detail for choice in offered):
        told = ({"type": "context", "elements": [plain(title, limits.TEXT_OBJECT)]},)
    else:
        told = _rich_text([_run(title, "strong"), *map(_described, offered)])
    elements = [button(choice, number) for number, choice in enumerate(offered)] if few else [select(title, offered)]
    return (*told, {"type": "actions", "elements": elements})


def _described(choice: Choice) -> list[Element]:
    return _run(f"{choice.label} · {choice.detail}" if choice.detail else choice.label)
