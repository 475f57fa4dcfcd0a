"""The desk as the core knows it."""

from collections.abc import Mapping
from typing import Protocol

from bot.ports import Reply, Request
from briefings.edition import Edition


class Desk(Protocol):
    """Is where commands are answered that the knowledge alone does not answer."""

    async def answer(self, edition: Edition, request: Request) -> Reply:
        """Returns the answer to a request; its arguments are those that were given.

        Raises:
            StoreUnavailable: the store cannot be used now.
        """
        ...

    async def filled(self, edition: Edition, request: Request) -> Mapping[str, str]:
        """Returns the values with which the form of a command opens.

        Raises:
            StoreUnavailable: the store cannot be used now.
        """
        ...

    async def left(self, workspace: str) -> None:
        """Erases all that is kept of a workspace, trying until the store lets it."""
        ...
