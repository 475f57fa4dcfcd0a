"""The Document: what a briefing returns, in blocks that mean something and know no platform.

Texts are plain: whatever escaping a platform needs is done by its renderer. A sentence about the world can stand
only in a `Statement`, and a `Statement` without a citation cannot be built.
"""

from collections.abc import Iterator
from typing import ClassVar, Literal, final

from msgspec import Struct

from briefings.measure import length

MOST_COMMAND = 90
"""Characters of a command in a choice: with its prefix it fits into 100, Discord's bound of a custom_id."""


class Span(Struct, frozen=True):
    """Is a run of text in one style; in the style `place` it is a place or a person, written as places are."""

    text: str
    style: Literal["plain", "strong", "code", "place"] = "plain"


class _Uncited(Struct, frozen=True):
    """Is a block that says nothing about the world."""

    citations: ClassVar[tuple[int, ...]] = ()


@final
class Heading(_Uncited, frozen=True, tag_field="kind", tag="heading"):
    """Names the blocks that follow."""

    text: str


@final
class Paragraph(Struct, frozen=True, tag_field="kind", tag="paragraph"):
    """Says something about the file or the answer: counts, dates, invitations; built only by `Words`."""

    spans: tuple[Span, ...]
    citations: tuple[int, ...] = ()


@final
class Note(_Uncited, frozen=True, tag_field="kind", tag="note"):
    """Is small print about the answer; built only by `Words`."""

    text: str


@final
class Statement(Struct, frozen=True, tag_field="kind", tag="statement"):
    """Says what a claim says, with the numbers of its sources and the words of its date, age and speaker.

    Raises:
        ValueError: without citation.
    """

    text: str
    citations: tuple[int, ...]
    dateline: str
    claim: str
    revision: int

    def __post_init__(self) -> None:
        if not self.citations:
            raise ValueError(f"statement of claim {self.claim!r} has no citation; name its sources")


class Fact(Struct, frozen=True):
    """Is one row of `Facts`."""

    label: str
    value: Statement


@final
class Facts(Struct, frozen=True, tag_field="kind", tag="facts"):
    """Lists labelled values."""

    rows: tuple[Fact, ...]

    @property
    def citations(self) -> tuple[int, ...]:
        """The numbers of the sources that its values cite."""
        return tuple([number for row in self.rows for number in row.value.citations])


class NoClaim(Struct, frozen=True, tag_field="kind", tag="no_claim"):
    """Stands where a statement is looked for and no claim says anything."""

    text: str


class Row(Struct, frozen=True):
    """Is one row of a `Table`."""

    label: str
    cells: tuple[Statement | NoClaim, ...]


@final
class Table(Struct, frozen=True, tag_field="kind", tag="table"):
    """Sets statements side by side, one column for each thing that is compared.

    Raises:
        ValueError: a row has more or fewer cells than there are columns.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        if any(len(row.cells) != len(self.columns) for row in self.rows):
            raise ValueError(f"a row has not {len(self.columns)} cells; fill the empty ones with NoClaim")

    @property
    def citations(self) -> tuple[int, ...]:
        """The numbers of the sources that its cells cite."""
        return tuple([number for statement in statements(self) for number in statement.citations])


class Choice(Struct, frozen=True):
    """Offers a command that need not be typed.

    Raises:
        ValueError: the command is longer than a button may carry.
    """

    label: str
    command: str
    detail: str = ""

    def __post_init__(self) -> None:
        if length(self.command) > MOST_COMMAND:
            raise ValueError(f"command {self.command!r} is over {MOST_COMMAND} characters; shorten it")


@final
class Choices(_Uncited, frozen=True, tag_field="kind", tag="choices"):
    """Offers several commands under one title."""

    title: str
    choices: tuple[Choice, ...]


@final
class Break(_Uncited, frozen=True, tag_field="kind", tag="break"):
    """Ends a page: what follows begins on a new one."""


Block = Heading | Paragraph | Note | Statement | Facts | Table | Choices | Break
"""What an answer is made of; `citations` of each are the numbers of the sources that it cites.

Where all of an answer are looked at, kinds are told by `type(block) is ...`: `isinstance` and `match` take ten times as
long to say no of a struct.
"""


@final
class SourceEntry(Struct, frozen=True):
    """Describes the source behind a citation mark; its address is the only link of a Document."""

    number: int
    id: str
    title: str
    publisher: str
    host: str
    published: str
    url: str


class Page(Struct, frozen=True):
    """Tells which page of an answer a Document is, and the words for it."""

    number: int
    of: int
    line: str


class Document(Struct, frozen=True):
    """Is an answer: a title, a one-line summary for notifications and screen readers, blocks and their sources.

    `command` is the line that asks for it again, empty where that makes no sense. Pages of one answer carry only the
    sources that they cite.

    Raises:
        ValueError: a citation has no source.
    """

    title: str
    summary: str
    command: str
    blocks: tuple[Block, ...]
    sources: tuple[SourceEntry, ...] = ()
    page: Page | None = None
    language: str = "en"

    def __post_init__(self) -> None:
        cited = set[int]().union(*[block.citations for block in self.blocks])
        missing = cited.difference([entry.number for entry in self.sources])
        if missing:
            raise ValueError(f"citations {sorted(missing)} have no source; add their entries")


def statements(*blocks: Block) -> Iterator[Statement]:
    """Yields every statement of some blocks, those in rows too."""
    for block in blocks:
        match block:
            case Statement():
                yield block
            case Facts(rows):
                yield from (row.value for row in rows)
            case Table(rows=rows):
                yield from (cell for row in rows for cell in row.cells if isinstance(cell, Statement))


def choices(document: Document) -> tuple[Choice, ...]:
    """Returns every choice of a document in reading order."""
    return tuple(choice for block in document.blocks if isinstance(block, Choices) for choice in block.choices)
