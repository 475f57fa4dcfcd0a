"""Document to a Discord message: a container of sections, text displays, separators and rows of controls.

Text displays are Markdown, so every character of data that could begin markup, a mention, a link or a timestamp is
escaped; the only links are the addresses of sources, the only mentions places and people of ours, by their ids.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, assert_never

from bot.platforms.discord import limits
from bot.platforms.discord.components import (
    COMPONENTS_V2,
    Component,
    action_row,
    button,
    container,
    option,
    section,
    select,
    separator,
    text_display,
)
from bot.platforms.discord.escaping import escaped, escaped_length
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
    SourceEntry,
    Span,
    Statement,
    Table,
)
from briefings.measure import length, shortened
from briefings.paginate import Budget, Size

MOST_BUTTONS = 5
MOST_SECTIONS = 3
MOST_PUBLISHED = 40
PREFIX = "1:"
"""Begins the custom_id of every control of ours; the number is that of the way in which commands are carried."""
SHARE = "1!"
"""Begins the custom_id of the controls that share."""

_STYLES = {"plain": "{}", "strong": "**{}**", "code": "**{}**", "place": "{}"}  # inside code nothing could be escaped
_PLACE = re.compile("discord:(?!@[0-9]+/[0-9])" + limits.PLACE)
"""A place that has a name: a conversation with one person has none."""


def payload(document: Document) -> dict[str, Any]:
    """Returns the body of the message for one page."""
    return {"components": components(document), "flags": COMPONENTS_V2, "allowed_mentions": {"parse": []}}


def components(document: Document) -> list[Component]:
    """Returns one page as components whose controls outlive restarts: they carry the commands that they run."""
    return [container(_Items(document).items())]


@lru_cache(maxsize=1024)
def cost(part: Block | SourceEntry) -> Size:
    """Returns what a part of a page takes: components and characters."""
    if type(part) is Statement:
        return (0, _statement_size(part), 0)
    if type(part) is SourceEntry:
        return (0, length(_source(part)) + 1, 0)
    if type(part) is Heading:
        return (2, escaped_length(part.text) + 5, 0)
    if type(part) is Facts:
        return (0, sum([escaped_length(row.label) + 6 + _statement_size(row.value) for row in part.rows]), 0)
    if type(part) is Choices:
        return _choices_cost(part.title, part.choices)
    return (0, sum([length(line) + 1 for line in _lines(part)]), 0)  # joins the text before it


def _statement_size(statement: Statement) -> int:
    """Returns the characters of `_statement` and its two line breaks, counted in one go."""
    return escaped_length(statement.text) + len(_marks(statement.citations)) + escaped_length(statement.dateline) + 5


def _choices_cost(title: str, choices: tuple[Choice, ...]) -> Size:
    """Returns what choices take, with the text display that begins after them."""
    number, detailed = len(choices), any(choice.detail for choice in choices)
    if detailed and number <= MOST_SECTIONS:
        return (2 + 3 * number, escaped_length(title) + 4 + sum(length(_described(choice)) for choice in choices), 0)
    if not detailed and number <= MOST_BUTTONS:
        return (3 + number, escaped_length(title) + 4, 0)
    told = sum(length(_told(choice)) + 1 for choice in choices)
    return (2 + 2 * -(-number // limits.SELECT_OPTIONS), escaped_length(title) + 5 + told, 0)


BUDGET = Budget(capacity=(limits.COMPONENTS, limits.TEXT - 200, 0), cost=cost, frame=(10, 400, 0))


class _Items:
    """Puts the lines of a page together into as few text displays as can be."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._lines = [f"## {escaped(shortened(document.title, 150))}"]
        self._offered: set[str] = set()

    def items(self) -> Iterator[Component]:
        for block in self._document.blocks:
            if type(block) is Choices:
                yield from self._flushed()
                yield from self._choices(block)
                continue
            if type(block) is Heading:
                yield from self._flushed()
                yield separator()
            self._lines += _lines(block)
        yield from self._flushed()
        if self._document.sources:
            yield separator()
            self._lines += map(_source, self._document.sources)
        if self._document.page:
            self._lines.append(f"-# {escaped(self._document.page.line)}")
        yield from self._flushed()

    def _flushed(self) -> Iterator[Component]:
        if self._lines:
            yield text_display("\n".join(self._lines))
        self._lines = []

    def _choices(self, block: Choices) -> Iterator[Component]:
        new = [c for c in {c.command: c for c in block.choices}.values() if c.command not in self._offered]
        self._offered.update(choice.command for choice in new)
        # As many as were counted: buttons for the few that are left may take more than a menu for all of them.
        number, detailed = len(block.choices), any(choice.detail for choice in block.choices)
        if not new:
            return
        if detailed and number <= MOST_SECTIONS:
            yield text_display(f"**{escaped(block.title)}**")
            yield from map(_section, new)
        elif not detailed and number <= MOST_BUTTONS:
            yield text_display(f"-# {escaped(block.title)}")
            yield action_row(*(_button(choice, choice.label) for choice in new))
        else:
            yield text_display("\n".join((f"**{escaped(block.title)}**", *map(_told, new))))
            for start in range(0, len(new), limits.SELECT_OPTIONS):
                some = new[start : start + limits.SELECT_OPTIONS]
                several = f": {some[0].label} – {some[-1].label}" if len(new) > limits.SELECT_OPTIONS else ""
                yield action_row(_select(f"{block.title}{several}", some))


def _span(span: Span) -> str:
    """Returns a run of text; a person or a channel by its name, which Discord knows."""
    place = _PLACE.fullmatch(span.text) if span.style == "place" else None
    if place is None:
        return _STYLES[span.style].format(escaped(span.text))
    channel = place["thread"] or place["channel"]
    return f"<@{channel[1:]}>" if channel.startswith("@") else f"<#{channel}>"


def _lines(block: Block) -> Iterator[str]:
    """Yields the lines of a block in Markdown."""
    if type(block) is Statement:
        yield from _statement(block)
    elif type(block) is Heading:
        yield f"### {escaped(block.text)}"
    elif type(block) is Paragraph:
        yield "".join(map(_span, block.spans)) + _marks(block.citations)
    elif type(block) is Note:
        yield f"-# {escaped(block.text)}"
    elif type(block) is Facts:
        for fact in block.rows:
            yield from _statement(fact.value, f"**{escaped(fact.label)}:** ")
    elif type(block) is Table:
        for row in block.rows:
            yield f"**{escaped(row.label)}**"
            for column, cell in zip(block.columns, row.cells, strict=True):
                yield from _cell(column, cell)
    elif type(block) is Choices or type(block) is Break:
        return
    else:
        assert_never(block)


def _statement(statement: Statement, label: str = "") -> tuple[str, str]:
    said = f"{label}{escaped(statement.text)}{_marks(statement.citations)}"
    return said, f"-# {escaped(statement.dateline)}"


def _cell(column: str, cell: Statement | NoClaim) -> tuple[str, ...]:
    if isinstance(cell, NoClaim):
        return (f"{escaped(column)}: *{escaped(cell.text)}*",)
    return _statement(cell, f"{escaped(column)}: ")


@lru_cache(maxsize=1024)
def _marks(numbers: tuple[int, ...]) -> str:
    return "".join([rf" \[{number}\]" for number in numbers])


@lru_cache(maxsize=1024)
def _source(entry: SourceEntry) -> str:
    """Returns a source by its id, without its title, which `/source` tells: addresses take most of a page already."""
    address = entry.url.replace("(", "%28").replace(")", "%29")
    link = f"[{escaped(f'{shortened(entry.publisher, 60)} ({entry.host})')}](<{address}>)"
    return rf"-# \[{entry.number}\] {link}, {escaped(shortened(entry.published, MOST_PUBLISHED))} · {escaped(entry.id)}"


def _button(choice: Choice, label: str) -> Component:
    return button(shortened(label, limits.BUTTON_LABEL), f"{PREFIX}{choice.command}")


def _section(choice: Choice) -> Component:
    return section(_described(choice), _button(choice, choice.command))


def _described(choice: Choice) -> str:
    return f"{escaped(choice.label)}\n-# {escaped(choice.detail)}" if choice.detail else escaped(choice.label)


def _told(choice: Choice) -> str:
    """Returns the line that tells what a menu hides until it is opened."""
    return escaped(f"{choice.label} · {choice.detail}" if choice.detail else choice.label)


def _select(title: str, choices: list[Choice]) -> Component:
    options = [
        option(
            shortened(choice.label, limits.OPTION_LABEL),
            choice.command,
            shortened(choice.detail, limits.OPTION_DESCRIPTION),
        )
        for choice in choices
    ]
    return select(f"{PREFIX}{choices[0].command}", shortened(title, limits.PLACEHOLDER), options)
