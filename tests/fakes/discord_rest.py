"""The REST API: what every call goes through before and after it is carried out."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from aiohttp import web

from tests.fakes.discord_errors import Refused, no
from tests.fakes.discord_faults import Fault, Faults
from tests.fakes.discord_limits import INTERACTIVE, Limits, cloudflare, too_many
from tests.fakes.discord_records import Payload, Request
from tests.fakes.discord_server import Server
from tests.fakes.loopback import reset

VIA = {"Via": "1.1 google"}
EXPECTED = frozenset(
    {10003, 10004, 10008, 10013, 10062, 10063, 50001, 50007, 50013, 40033, 50027, 10015, 40060, 160005, 40067, 50008}
)
"""Refusals that an app can meet without having made a mistake."""
_NAME = re.compile(r"\{(\w+)\}")


@dataclass(eq=False)
class Call:
    """One call, as its handler gets it."""

    route: str
    ids: dict[str, str]
    query: dict[str, str]
    body: Any = None
    files: list[Payload] = field(default_factory=list)
    fault: Fault | None = None

    @property
    def where(self) -> str:
        """What was called, with its ids."""
        return _NAME.sub(lambda name: self.ids[name[1]] if name[1] != "token" else "…", self.route)

    @property
    def payload(self) -> Payload:
        """The body, which must be an object."""
        if not isinstance(self.body, dict):
            raise no(50109)
        return self.body


Handler = Callable[[Call], Awaitable[Any]]


class Routes:
    """The routes that there are."""

    def __init__(self) -> None:
        self._known: list[tuple[str, re.Pattern[str], str, Handler]] = []

    def add(self, route: str, handler: Handler) -> None:
        """Adds a route, such as "GET /channels/{id}"; what is not in braces comes before what is."""
        method, _, template = route.partition(" ")
        pattern = re.compile(_NAME.sub(r"(?P<\1>[^/]+)", template))
        self._known.append((method, pattern, template, handler))

    def find(self, method: str, path: str) -> tuple[str, dict[str, str], Handler] | None:
        """Returns the template of a path, the ids in it, and who carries it out."""
        for known, pattern, template, handler in self._known:
            if known == method and (found := pattern.fullmatch(path)):
                return f"{method} {template}", found.groupdict(), handler
        return None


class Rest:
    """Takes calls: token, faults, limits, handler, log."""

    def __init__(self, server: Server, faults: Faults, limits: Limits) -> None:
        self._server, self._faults, self._limits = server, faults, limits
        self.routes = Routes()

    async def serve(self, request: web.Request) -> web.Response:
        """Answers one call."""
        path = "/" + request.match_info["path"]
        log = Request(request.method, path, path, dict(request.query), headers=dict(request.headers))
        self._server.requests.append(log)
        if self._limits.banned():
            log.status, log.fault = 429, "banned"
            return cloudflare(3600)
        found = self.routes.find(request.method, path)
        if found is None:
            self._server.object_(f"{request.method} {path}", "no such route")
            return self._answer(log, 404, {"message": "404: Not Found", "code": 0})
        call = Call(found[0], found[1], dict(request.query))
        log.path = found[0].partition(" ")[2]
        try:
            call.body, call.files = await _read(request)
        except ValueError as error:
            self._server.object_(call.where, f"unreadable body: {error}")
            refused = no(50109)
            return self._answer(log, refused.status, refused.body)
        log.arguments |= call.body if isinstance(call.body, dict) else {"": call.body} if call.body is not None else {}
        call.fault = self._faults.take(found[0], log.arguments)
        return await self._faulty(request, call, log, found[2])

    async def _faulty(self, request: web.Request, call: Call, log: Request, handler: Handler) -> web.Response:
        fault = call.fault
        if fault is None:
            return await self._carry_out(request, call, log, handler)
        log.fault = fault.kind
        self._disturb(call)
        if fault.kind in ("status", "status_after"):
            if fault.kind == "status_after":
                await self._carry_out(request, call, log, handler)
            log.status = fault.status
            page = "<html><body>The server is having a bad day.</body></html>"
            return web.Response(status=fault.status, text=page, content_type="text/html", headers=VIA)
        if fault.kind == "ratelimited":
            return self._limited(log, fault)
        if fault.kind == "refuse":
            refused = Refused(fault.status, fault.code, fault.message)
            return self._answer(log, refused.status, refused.body)
        response = web.Response()
        if fault.kind != "cut_before":
            response = await self._carry_out(request, call, log, handler)
        if fault.kind == "hang":
            await asyncio.sleep(fault.seconds)
        else:
            reset(request.transport)
        return response

    def _disturb(self, call: Call) -> None:
        asked = self._server.tokens.get(call.ids.get("token", ""))
        if asked is not None:
            asked.disturbed = True

    def _limited(self, log: Request, fault: Fault) -> web.Response:
        if not fault.via:
            log.status = 429
            self._invalid()
            return cloudflare(fault.retry_after)
        body, headers = too_many(fault.retry_after, "global" if fault.is_global else fault.scope)
        return self._answer(log, 429, body, headers)

    async def _carry_out(self, request: web.Request, call: Call, log: Request, handler: Handler) -> web.Response:
        if not call.route.partition(" ")[2].startswith(INTERACTIVE) and not self._knows(request):
            self._server.object_(call.where, "401 Unauthorized")
            return self._answer(log, 401, {"message": "401: Unauthorized", "code": 0})
        wait = self._limits.over_all(call.route.partition(" ")[2])
        if wait:
            self._server.object_(call.where, "over the limit of all calls together")
            return self._answer(log, 429, *too_many(wait, "global"))
        major = (
            "/".join(call.ids.get(key, "") for key in ("id", "token"))
            if "token" in call.ids
            else call.ids.get("id", "")
        )
        headers, wait = self._limits.spend(call.route, major)
        if wait:
            self._server.object_(call.where, "over the limit of this route")
            return self._answer(log, 429, *too_many(wait, "user", headers))
        try:
            body = await handler(call)
        except Refused as refused:
            if refused.code not in EXPECTED:
                self._server.object_(call.where, str(refused))
            return self._answer(log, refused.status, refused.body, headers)
        return self._answer(log, 204 if body is None else 200, body, headers)

    def _knows(self, request: web.Request) -> bool:
        return self._server.token_valid and request.headers.get("Authorization") == f"Bot {self._server.token}"

    def _invalid(self) -> None:
        self._server.invalid_requests += 1
        self._limits.note_invalid()

    def _answer(self, log: Request, status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
        log.status = status
        headers = VIA | {"Date": formatdate(self._server.clock(), usegmt=True)} | (headers or {})
        if isinstance(body, dict) and status >= 400:
            log.code = body.get("code")
        if status in (401, 403) or (status == 429 and headers.get("X-RateLimit-Scope") != "shared"):
            self._invalid()
        if body is None:
            return web.Response(status=status, headers=headers)
        # With a charset behind it, the libraries would not take the body for JSON.
        return web.Response(
            status=status, body=json.dumps(body).encode(), content_type="application/json", headers=headers
        )


async def _read(request: web.Request) -> tuple[Any, list[Payload]]:
    """Returns the JSON of a call, and the files that come with it."""
    if request.content_type == "multipart/form-data":
        form = await request.post()
        files = []
        for key, part in form.items():
            if isinstance(part, web.FileField):
                files.append({"id": re.sub(r"\D", "", key), "filename": part.filename, "size": len(part.file.read())})
        return json.loads(str(form.get("payload_json", "null"))), files
    raw = await request.text()
    if not raw:
        return None, []
    if request.content_type != "application/json":
        raise ValueError(f"Content-Type is {request.content_type}")
    return json.loads(raw), []
