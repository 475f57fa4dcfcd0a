"""Digests on the screen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TextIO

from bot.platforms.terminal.render import BUDGET
from bot.platforms.terminal.screen import Screen
from bot.publishing import Absent, Found, Post, Receipt, Unknown


class TerminalPublisher:
    """Prints what is posted, above a prompt where one waits; implements `Publisher`."""

    name = "terminal"
    budget = BUDGET
    settle = 0.0
    at_once = 1

    def __init__(self, stdout: TextIO | None = None) -> None:
        self._screen = Screen(stdout)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Gives the context in which it posts."""
        yield

    async def turn(self, place: str) -> None:
        """Returns at once: a screen has no limits of rate."""

    async def publish(self, post: Post) -> Receipt:
        """Prints a page."""
        self._screen.show(post.page)
        return Receipt(post.key)

    async def find(self, post: Post) -> Found | Absent | Unknown:  # noqa: ARG002
        """Says that nothing is there: the screen of a process that is gone is gone with it."""
        return Absent()

    async def finish(self, post: Post, receipt: Receipt) -> None:
        """Has nothing left to do."""

    async def knock(self) -> None:
        """Finds that a screen can always be written to."""

    async def left(self, workspace: str) -> bool | None:  # noqa: ARG002
        """Says that nobody removes it from a terminal."""
        return False

    async def reachable(self, place: str) -> bool | None:  # noqa: ARG002
        """Returns that a screen can always be written to."""
        return True
