"""The desk itself: each command to what answers it."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from msgspec import Struct, field

from bot.desk.ordering import filled, order
from bot.desk.reasons import explain
from bot.desk.tending import tend
from bot.desk.visit import NotThere, Refused, Visit
from bot.ports import Reply, Request
from bot.store.erasing import erase
from bot.store.opening import Store
from bot.store.unavailable import StoreUnavailable
from bot.subscribing.rights import Rights
from briefings.document import Choice, Document
from briefings.edition import Edition
from briefings.help import refusal

log = logging.getLogger("briefbot.desk")
AGAIN = 30.0
"""Seconds after which it is tried again to erase what is kept of a workspace."""

_ANSWERS: Mapping[str, Callable[[Visit], Awaitable[Reply]]] = {
    "subscribe": order,
    "subscriptions": tend,
    "why": explain,
}


class StoreDesk(Struct, frozen=True):
    """Answers what is asked of subscriptions and digests; implements `Desk`.

    `soon` has the engine look at once at what is due.
    """

    store: Store
    now: Callable[[], datetime]
    soon: Callable[[], None] = lambda: None
    rights: Rights = field(default_factory=Rights)
    draw: Callable[[int], int] = secrets.randbits

    async def answer(self, edition: Edition, request: Request) -> Reply:
        """Returns the answer to a request.

        Raises:
            StoreUnavailable: the store cannot be used now.
        """
        try:
            return await _ANSWERS[request.command](self._visit(edition, request))
        except Refused as refused:
            return Reply(_refusal(edition, refused), "unknown" if isinstance(refused, NotThere) else "misused")

    async def filled(self, edition: Edition, request: Request) -> Mapping[str, str]:
        """Returns the values with which the form of a command opens.

        Raises:
            StoreUnavailable: the store cannot be used now.
        """
        return await filled(self._visit(edition, request)) if request.command == "subscribe" else request.arguments

    async def left(self, workspace: str) -> None:
        """Erases all that is kept of a workspace, trying until the store lets it."""
        while True:
            try:
                await erase(self.store, workspace)
            except StoreUnavailable as error:
                log.error("a workspace that has removed the bot is not erased yet", extra={"reason": str(error)})
                await asyncio.sleep(AGAIN)
            else:
                log.warning("a workspace has removed the bot; all that was kept of it is erased")
                return

    def _visit(self, edition: Edition, request: Request) -> Visit:
        return Visit(self.store, self.rights, edition, request, self.now(), self.soon, self.draw)


def _refusal(edition: Edition, why: Refused) -> Document:
    title = edition.words.text(f"{why.macro}_title")
    here = Choice(edition.words.text("all_here"), "/subscriptions")
    return refusal(edition, why.macro, choices=(), further=(here,), title=title, **why.values)
