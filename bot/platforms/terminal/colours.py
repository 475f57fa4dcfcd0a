"""Lines onto a terminal, wrapped and coloured; the only home of rich."""

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.text import Text

from bot.platforms.terminal.render import Line, visible

WIDEST = 100
"""Columns beyond which lines are hard to read."""


class Colours(Console):
    """Prints on a stream, without one on standard output as it is at the time.

    What happens when a reader leaves is left to the program; rich would end it with status 1.
    """

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__(file=stream, highlight=False, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Says so to the program."""
        raise BrokenPipeError

    def show(self, lines: Iterable[Line]) -> None:
        """Prints lines, all of them at once, so that a prompt that waits below is drawn anew only then."""
        with self:
            for line in lines:
                self._show(line)

    def _show(self, line: Line) -> None:
        width = max(min(self.width, WIDEST) - line.indent, 20)
        (first, style), *others = line.runs
        text = Text(visible(first), style, no_wrap=line.unbroken, overflow="ignore" if line.unbroken else None)
        for more, style in others:
            text.append(visible(more), style)
        for row in text.wrap(self, width) if text else [text]:
            row.rstrip()
            row.pad_left(line.indent)
            self.print(row, soft_wrap=True)
