"""Documents onto a stream: wrapped and coloured for a terminal, one sentence a line for a pipe."""

import sys
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from bot.platforms.terminal.render import Line, render
from briefings.document import Document

if TYPE_CHECKING:
    from bot.platforms.terminal.colours import Colours


class Screen:
    """Shows documents on a stream, without one on standard output as it is at the time.

    It colours only on a terminal, and never where NO_COLOR is set.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self.is_terminal = (stream or sys.stdout).isatty()

    def show(self, document: Document, *, numbered: bool = False) -> None:
        """Prints a document; `numbered` gives choices the numbers that a prompt takes."""
        self._print([*render(document, numbered=numbered), Line()])

    def tell(self, text: str) -> None:
        """Prints a line of text."""
        self._print([Line(((text, ""),))])

    def _print(self, lines: Iterable[Line]) -> None:
        if self.is_terminal:
            self._colours.show(lines)
        else:
            stream = self._stream or sys.stdout
            stream.write("".join(f"{' ' * line.indent}{line.plain.rstrip()}\n" for line in lines))
            stream.flush()

    @cached_property
    def _colours(self) -> "Colours":
        from bot.platforms.terminal.colours import Colours  # not for a pipe

        return Colours(self._stream)
