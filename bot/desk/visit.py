"""A visit: one request at the desk, with all that its answer is made from."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from bot.places import channel_of
from bot.ports import Request
from bot.store.opening import Store
from bot.store.values import Subscription
from bot.subscribing.keeping import known
from bot.subscribing.rights import Rights
from briefings.edition import Edition
from briefings.words import echo


class Refused(Exception):
    """Says that somebody may not do what they ask, or that it cannot be done; `macro` words the way out."""

    def __init__(self, macro: str, **values: object) -> None:
        self.macro = macro
        self.values = values
        super().__init__(macro)


class NotThere(Refused):
    """Says that nothing of an id is there for whoever asks."""


class Visit(Struct, frozen=True):
    """Is one request, at an instant; `soon` has the engine look at once at what is due, `draw` draws random bits."""

    store: Store
    rights: Rights
    edition: Edition
    request: Request
    now: datetime
    soon: Callable[[], None]
    draw: Callable[[int], int]

    def argument(self, name: str) -> str:
        """Returns what was given for an argument, or nothing."""
        return self.request.arguments.get(name, "")

    async def subscription(self, typed: str) -> Subscription:
        """Returns the subscription of an id as people type it.

        Raises:
            NotThere: there is none that they may see.
        """
        found = await known(self.store, self.request, typed, self.rights)
        if found is None:
            raise NotThere("unknown_subscription", id=echo(typed))
        return found

    def check_manages(self) -> None:
        """Checks that somebody may manage the place in which they ask.

        Raises:
            Refused: they may not.
        """
        if not self.rights.manages(self.request):
            raise Refused("may_not_manage", listed=bool(self.rights.subscribers))

    def elsewhere(self, place: str) -> bool:
        """Returns whether a place is in another channel than the one in which is asked."""
        return channel_of(place) != channel_of(self.request.place)
