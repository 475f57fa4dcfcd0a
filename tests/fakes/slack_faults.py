"""Faults on demand: what goes wrong with a call, and how it looks to the app."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from tests.fakes.loopback import reset
from tests.fakes.slack_texts import Payload

Kind = Literal["hang", "status", "html", "text", "broken", "bare", "ratelimited", "cut_after", "cut_before", "refuse"]
PAGES: dict[str, tuple[str, str]] = {
    "status": ("text/html", "<html><body>The server is having a bad day.</body></html>"),
    "html": ("text/html", "<html><body>Sign in to the network of this hotel.</body></html>"),
    "text": ("text/plain", "Sign in to the network of this hotel."),
    "broken": ("application/json", '{"ok": tru'),
    "bare": ("application/json", '{"ok": true}'),
}


@dataclass(eq=False)
class Fault:
    """One thing that goes wrong so many times, for calls whose arguments fit.

    `accepted` says whether the call is carried out before it goes wrong; a hanging one is unless told otherwise, others
    are not; it hangs for so many `seconds`, or while it is `held`. `html`, `text`, `broken` JSON and a `bare` ok come with
    status 200.
    """

    where: str
    kind: Kind
    times: int
    seconds: float = 1.0
    status: int = 503
    retry_after: object = 1
    error: str = "invalid_blocks"
    when: Callable[[Payload], object] | None = None
    accepted: bool | None = None
    held: asyncio.Event | None = None

    @property
    def carried_out(self) -> bool:
        """Whether the call has its effect."""
        usual = self.kind in ("hang", "cut_after", "refuse")
        return usual if self.accepted is None else self.accepted


@dataclass
class Chances:
    """How often calls of the Web API go wrong by chance, between 0 and 1, and the numbers drawn for it."""

    drawn: random.Random
    lost: float
    reset: float
    error: float
    limited: float

    def take(self, where: str) -> Fault | None:
        """Returns the fault that a call meets, or none."""
        chance, after = self.drawn.random(), self.drawn.random() < 0.5
        kinds = (
            (self.lost, Fault(where, "cut_after", 1)),
            (self.reset, Fault(where, "cut_after" if after else "cut_before", 1)),
            (self.error, Fault(where, "status", 1, status=self.drawn.choice((500, 502, 503)), accepted=after)),
            (self.limited, Fault(where, "ratelimited", 1)),
        )
        for share, fault in kinds:
            if chance < share:
                return fault
            chance -= share
        return None


class Faults:
    """The faults that are still to come; the first that fits is used up."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self._chances: Chances | None = None

    def randomly(
        self, seed: int, *, lost: float = 0.0, reset: float = 0.0, error: float = 0.0, limited: float = 0.0
    ) -> None:
        """Lets calls of the Web API go wrong by chance from now on; without chances, none.

        `lost`: carried out, but the answer never comes; `reset`: cut before or after that; `error`: 5xx before or
        after; `limited`: 429.
        """
        self._chances = Chances(random.Random(seed), lost, reset, error, limited)

    def add(self, where: str, kind: Kind, times: int, **options: Any) -> None:
        """Adds a fault."""
        self.waiting.append(Fault(where, kind, times, **options))

    def take(self, where: str, arguments: Payload) -> Fault | None:
        """Returns the fault that this call meets, or none."""
        for fault in self.waiting:
            if fault.where == where and (fault.when is None or fault.when(arguments)):
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return self._chances.take(where) if self._chances and where != "response_url" else None


async def answered(
    request: web.Request, fault: Fault | None, carry_out: Callable[[], Awaitable[web.Response]]
) -> tuple[web.Response, str]:
    """Returns what the app gets for a call, and what the fault is called."""
    if fault is None or fault.kind == "refuse":
        return await carry_out(), ""
    response = await carry_out() if fault.carried_out else web.Response()
    if fault.kind == "ratelimited":
        return ratelimited(fault.retry_after), "ratelimited"
    if fault.kind in PAGES:
        kind, page = PAGES[fault.kind]
        status = fault.status if fault.kind == "status" else 200
        name = f"HTTP {status}" if fault.kind == "status" else fault.kind
        return web.Response(status=status, text=page, content_type=kind), name
    if fault.kind == "hang":
        await (fault.held.wait() if fault.held else asyncio.sleep(fault.seconds))
    if fault.kind != "hang" or not fault.carried_out:
        reset(request.transport)
    return response, fault.kind


def ratelimited(retry_after: object) -> web.Response:
    """Returns the answer to a call too many, with a header that says for how long, unless that is none."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
