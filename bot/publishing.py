"""The words spoken across the rim of what is posted unasked."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from briefings.document import Document
from briefings.paginate import Budget


class Receipt(Struct, frozen=True):
    """Tells as what a platform has posted a message; `channel` is where, if that is not the place itself."""

    message: str
    channel: str = ""


class Post(Struct, frozen=True):
    """Is one message to be posted unasked.

    `place` is `platform:workspace/channel[/thread]`, or `platform:workspace/@person` for a direct message. `key`, of at
    most 25 characters, is the same however often it is tried, and no other message has it; `first` is when it was
    intended first. `after` is the receipt of the part before it. `tags` are put on the post of a forum that has such.
    """

    place: str
    page: Document
    key: str
    first: datetime
    after: Receipt | None = None
    tags: tuple[str, ...] = ()


class DeliveryError(Exception):
    """Says that a message was not posted, or may not have been, and what that means.

    `outcome`: `permanent`, it will not be taken as it is; `not_accepted`, it surely was not taken this time;
    `ambiguous`, it may have been. `scope` is what is in trouble: this very message, the place, or the whole lane, which
    is a domain of rate limits. `retry_after` is in seconds, where the platform told it. `reason` is for people.
    """

    def __init__(
        self,
        outcome: Literal["permanent", "not_accepted", "ambiguous"],
        scope: Literal["message", "place", "lane"],
        reason: str,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.scope = scope
        self.reason = reason
        self.retry_after = retry_after


class Found(Struct, frozen=True):
    """Says that a message was posted after all."""

    receipt: Receipt


class Absent(Struct, frozen=True):
    """Says that a message was not posted; or, where that is not sure, that sending it again makes no second one."""

    sure: bool = True


class Unknown(Struct, frozen=True):
    """Says that a platform cannot be asked, and why."""

    reason: str


class Publisher(Protocol):
    """Posts what nobody asked for just now; works without `Platform.serve`, by requests alone, inside its context.

    `settle` is how many seconds after an unclear outcome it makes sense to look: longer than a request may take;
    `at_once` how many digests may be under way at once, its limits of rate being its own.
    """

    name: str
    budget: Budget
    settle: float
    at_once: int

    def opened(self) -> AbstractAsyncContextManager[None]:
        """Gives the context in which it posts."""
        ...

    async def turn(self, place: str) -> None:
        """Waits until the platform's limits let a message be sent to a place."""
        ...

    async def publish(self, post: Post) -> Receipt:
        """Sends a message once; never repeats what may have been taken.

        Raises:
            DeliveryError: it was not posted, or may not have been.
        """
        ...

    async def find(self, post: Post) -> Found | Absent | Unknown:
        """Looks whether a message was posted, where its outcome is unclear.

        Raises:
            DeliveryError: it could not be looked for now, but can later.
        """
        ...

    async def finish(self, post: Post, receipt: Receipt) -> None:
        """Does what is left to do once a message is posted; may be done again, and is for what was found, too.

        Raises:
            DeliveryError: it could not be done.
        """
        ...

    async def knock(self) -> None:
        """Asks whether the platform answers and lets us in; posts nothing.

        Raises:
            DeliveryError: it does not, or not now.
        """
        ...

    async def reachable(self, place: str) -> bool | None:
        """Returns whether messages can be posted to a place again; None where that cannot be told."""
        ...

    async def left(self, workspace: str) -> bool | None:
        """Returns whether a workspace, `platform:workspace`, has removed the bot; None where that cannot be told.

        Raises:
            DeliveryError: it cannot be told now.
        """
        ...
