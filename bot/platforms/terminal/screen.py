"""Documents onto a stream: wrapped and coloured for a terminal, one sentence a line for a pipe."""

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console

from bot.platforms.terminal.render import Line, render
from briefings.document import Document

WIDEST = 100
"""Columns beyond which lines are hard to read."""


class _Console(Console):
    """Leaves it to the program what happens when a reader leaves; rich would end it with status 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class Screen:
    """Shows documents on a stream; colours only on a terminal, and never where NO_COLOR is set."""

    def __init__(self, stream: TextIO) -> None:
        self.is_terminal = stream.isatty()
        self._console = _Console(file=stream, highlight=False, markup=False, emoji=False)

    def show(self, document: Document, *, numbered: bool = False) -> None:
        """Prints a document; `numbered` gives choices the numbers that a prompt takes."""
        self._print(render(document, numbered=numbered))
        self._console.print()

    def _print(self, lines: Iterable[Line]) -> None:
        for line in lines:
            width = max(min(self._console.width, WIDEST) - line.indent, 20)
            wrapped = line.text.wrap(self._console, width) if self.is_terminal and line.text else [line.text]
            for row in wrapped:
                row.rstrip()
                row.pad_left(line.indent)
                self._console.print(row, soft_wrap=True)
