"""The words spoken across the rim, between the core and the platforms."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct, field

from bot.unusable import Unusable
from briefings.document import Choice, Document
from briefings.paginate import Budget

if TYPE_CHECKING:
    import asyncio

MOST_USED = 7
"""Arguments of a command that its usage shows."""

Kind = Literal[
    "company", "theme", "name", "source", "market", "kind", "date", "days", "words", "text",
    "topics", "schedule", "zone", "value", "id",
]  # fmt: skip
Outcome = Literal["answered", "unknown", "misused", "failed"]


class Argument(Struct, frozen=True):
    """Describes what a command is asked about.

    `kind` tells what completes it (`name` is a company or a theme, `topics` several of anything, separated by commas);
    an `id` is written as it was told and stands in no form. An `option` is typed as `name:value`; `most` is the number
    of characters that it may have; `values` are all that it takes, the usual one first.
    """

    name: str
    kind: Kind
    summary: str
    required: bool = True
    option: bool = False
    most: int = 200
    values: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        """How it is written in a command's usage: in capitals, in brackets where it may be left out."""
        value = self.values[0] if len(self.values) == 1 else self.kind.upper()
        written = f"{self.name}:{value}" if self.option else self.name.upper()
        return written if self.required else f"[{written}]"


class MenuItem(Struct, frozen=True):
    """Describes a command as platforms register and list it; `summaries` has its summary in other locales.

    Where it is asked without arguments, a `form` is opened on platforms that have such; `managing` is for people who
    may manage the place.
    """

    name: str
    summary: str
    arguments: tuple[Argument, ...] = ()
    aliases: tuple[str, ...] = ()
    summaries: Mapping[str, str] = field(default_factory=dict)
    form: bool = False
    managing: bool = False

    @property
    def usage(self) -> str:
        """The line that a reader types, with its arguments in capitals, of many the first."""
        more = ("[...]",) if len(self.arguments) > MOST_USED else ()
        return " ".join((f"/{self.name}", *(argument.usage for argument in self.arguments[:MOST_USED]), *more))

    def name_outside(self, reserved: Collection[str]) -> str | None:
        """Returns the first of its names that a platform does not keep for itself, if there is one."""
        return next((name for name in (self.name, *self.aliases) if name not in reserved), None)


class Request(Struct, frozen=True):
    """Is one command with its arguments by name, from someone somewhere.

    `user` is the platform's id of a person; `place` is `platform:workspace/channel[/thread]`; `page` counts from 1.
    `manages` is whether the platform lets that person manage what is posted there, `anywhere` whether also what is
    posted elsewhere in the workspace.
    """

    command: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    page: int = 1
    user: str = ""
    place: str = ""
    language: str = "en"
    manages: bool = False
    anywhere: bool = False


class Reply(Struct, frozen=True):
    """Is an answer with the page that was asked for and how asking went.

    `problems` tells, by argument, what cannot be used, so that a form can say it beside the field; `command` is the
    name in the menu of what was asked, empty for what is none.
    """

    document: Document
    outcome: Outcome = "answered"
    page: int = 1
    problems: Mapping[str, str] = field(default_factory=dict)
    command: str = ""


class Core(Protocol):
    """Is what a platform may ask."""

    @property
    def menu(self) -> tuple[MenuItem, ...]:
        """All commands, in the order of the help."""
        ...

    async def answer(self, request: Request) -> Reply:
        """Returns the answer to a request; never raises for anything that a person can type."""
        ...

    async def answer_line(
        self,
        line: str,
        user: str = "",
        place: str = "",
        language: str = "en",
        *,
        manages: bool = False,
        anywhere: bool = False,
    ) -> Reply:
        """Returns the answer to a typed line such as `/company Tencent page:2`."""
        ...

    async def filled(self, request: Request) -> Mapping[str, str]:
        """Returns the values with which the form of a command opens, by argument.

        None are returned where there is nothing to fill in, of which `answer` then says why.
        """
        ...

    def suggest(self, command: str, argument: str, typed: str, most: int = 25) -> list[Choice]:
        """Returns completions of an argument, best first; for nothing typed, what is most asked for."""
        ...

    def turned_away(self, user: str, place: str, in_flight: int) -> Document | None:
        """Takes a request into account and returns what to say if it may not be answered now.

        `in_flight` is how many requests the platform is answering; asked once for each request, before `answer`.
        """
        ...

    def answered(self, reply: Reply, *, taken: bool = True) -> None:
        """Tells that a reply is out, once for each request; `taken` is whether the platform took it."""
        ...

    async def left(self, workspace: str) -> None:
        """Forgets a workspace, `platform:workspace`, that has surely removed the bot."""
        ...

    def expired(self) -> Document:
        """Returns what to say of a control that is not, or no longer, ours to answer."""
        ...

    def failed(self, error: Exception) -> Document:
        """Logs a fault of a platform's under a short id and returns what to say of it."""
        ...


class TokenRefused(Unusable):
    """Says in one line that a platform refuses a token, which setting holds it, and where to get another."""


class HttpRequest(Struct, frozen=True):
    """Is a request as it came over HTTP: headers in lower case, and the body as its bytes."""

    headers: Mapping[str, str]
    body: bytes


class HttpResponse(Struct, frozen=True):
    """Is what is answered to an `HttpRequest`; the `last` on its connection lets the next come by another."""

    status: int
    body: str = ""
    content_type: str = "text/plain"
    last: bool = False


Receive = Callable[[HttpRequest], Awaitable[HttpResponse]]
"""Answers the requests of one path."""


def _not_yet() -> "asyncio.Event":
    import asyncio  # not for a program that only answers

    return asyncio.Event()


class Turn(Struct):
    """Is the right to do what one process at a time may, until it is `over`.

    Each one's `number` is the next; 0 where there are no other processes. Whoever leaves it may say how many seconds of
    `rest` are due before the next one.
    """

    number: int = 0
    over: "asyncio.Event" = field(default_factory=_not_yet)
    rest: float = 0.0


Turns = Callable[[], AbstractAsyncContextManager[Turn]]
"""Waits for its turn, and gives the context in which it has it."""


class Condition(Struct, frozen=True):
    """Is how a platform is at this moment: whether what people ask there reaches us, and by which ways, in words."""

    receiving: bool
    told: str


class Platform(Protocol):
    """Is where people ask."""

    name: str
    budget: Budget

    async def serve(self, core: Core) -> None:
        """Listens and answers until cancelled or until its input ends.

        Raises:
            TokenRefused: the platform does not let us in, or no longer.
        """
        ...

    def condition(self) -> Condition:
        """Returns how it is now; asked every second, so that a silence can be told from a pause."""
        ...
