"""Documents onto a stream: wrapped and coloured for a terminal, one sentence a line for a pipe."""

import sys
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console

from bot.platforms.terminal.render import Line, render, visible
from briefings.document import Document

WIDEST = 100
"""Columns beyond which lines are hard to read."""


class _Console(Console):
    """Leaves it to the program what happens when a reader leaves; rich would end it with status 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class Screen:
    """Shows documents on a stream, without one on standard output as it is at the time.

    It colours only on a terminal, and never where NO_COLOR is set.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.is_terminal = (stream or sys.stdout).isatty()
        self._console = _Console(file=stream, highlight=False, markup=False, emoji=False)

    def show(self, document: Document, *, numbered: bool = False) -> None:
        """Prints a document; `numbered` gives choices the numbers that a prompt takes."""
        with self._console:  # written at once, so that a prompt that waits below is drawn anew only then
            self._print(render(document, numbered=numbered))
            self._console.print()

    def tell(self, text: str) -> None:
        """Prints a line of text."""
        self._print([Line(((visible(text), ""),))])

    def _print(self, lines: Iterable[Line]) -> None:
        for line in lines:
            width = max(min(self._console.width, WIDEST) - line.indent, 20)
            text = line.text
            for row in text.wrap(self._console, width) if self.is_terminal and text else [text]:
                row.rstrip()
                row.pad_left(line.indent)
                self._console.print(row, soft_wrap=True)
