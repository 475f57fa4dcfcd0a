"""Faults on demand: what goes wrong with a call, and how it looks to the app."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from tests.fakes.loopback import reset
from tests.fakes.slack_texts import Payload

Kind = Literal["hang", "status", "ratelimited", "cut_after", "cut_before", "refuse"]


@dataclass(eq=False)
class Fault:
    """One thing that goes wrong so many times, for calls whose arguments fit."""

    where: str
    kind: Kind
    times: int
    seconds: float = 1.0
    status: int = 503
    retry_after: int = 1
    error: str = "invalid_blocks"
    when: Callable[[Payload], object] | None = None


class Faults:
    """The faults that are still to come; the first that fits is used up."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

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
        return None


async def answered(
    request: web.Request, fault: Fault | None, carry_out: Callable[[], Awaitable[web.Response]]
) -> tuple[web.Response, str]:
    """Returns what the app gets for a call, and what the fault is called; a hanging call is carried out at once."""
    if fault is None or fault.kind == "refuse":
        return await carry_out(), ""
    if fault.kind == "status":
        page = "<html><body>The server is having a bad day.</body></html>"
        return web.Response(status=fault.status, text=page, content_type="text/html"), f"HTTP {fault.status}"
    if fault.kind == "ratelimited":
        return ratelimited(fault.retry_after), "ratelimited"
    response = web.Response() if fault.kind == "cut_before" else await carry_out()
    if fault.kind == "hang":
        await asyncio.sleep(fault.seconds)
    else:
        reset(request.transport)
    return response, fault.kind


def ratelimited(retry_after: int) -> web.Response:
    """Returns the answer to a call too many."""
    headers = {"Retry-After": str(retry_after)}
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
