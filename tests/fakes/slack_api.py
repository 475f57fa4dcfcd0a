"""The fake Web API: who may call what, and how answers look; the methods themselves are in `slack_methods`."""

import json
import traceback
from typing import Any

from aiohttp import web

from tests.fakes import slack_faults
from tests.fakes.slack_faults import Faults
from tests.fakes.slack_methods import METHODS
from tests.fakes.slack_posting import Refused, note_refusal
from tests.fakes.slack_records import Request
from tests.fakes.slack_texts import Payload
from tests.fakes.slack_workspace import Workspace

STRUCTURED = frozenset({"blocks", "attachments", "view", "metadata"})
"""Arguments that forms carry as JSON."""


class WebApi:
    """Answers calls of the Web API."""

    def __init__(self, slack: Workspace, faults: Faults) -> None:
        self._slack = slack
        self._faults = faults

    async def serve(self, request: web.Request) -> web.Response:
        """Answers one call, with the faults that are due."""
        method = request.match_info["method"]
        try:
            arguments, token = await _read(request)
        except ValueError:
            self._slack.object_(method, "invalid_arguments: a body that is neither JSON nor a form")
            return web.json_response({"ok": False, "error": "invalid_arguments"})
        peer = str(request.transport and request.transport.get_extra_info("peername"))
        call = Request(method, {} if self._slack.frugal else arguments, peer=peer)
        self._slack.requests.append(call)
        fault = self._faults.take(method, arguments)

        async def carry_out() -> web.Response:
            refusal = fault.error if fault is not None and fault.kind == "refuse" else None
            return self._answer(call, arguments, token, refusal)

        response, faulty = await slack_faults.answered(request, fault, carry_out)
        call.answer = faulty or call.answer
        return response

    def _answer(self, call: Request, arguments: Payload, token: str, refusal: str | None) -> web.Response:
        headers = {"x-oauth-scopes": ",".join(sorted(self._slack.scopes)), "x-accepted-oauth-scopes": ""}
        try:
            self._admit(call.method, arguments, token)
            if refusal is not None:
                raise Refused(refusal)
            body: Payload = {"ok": True, **METHODS[call.method].carry_out(self._slack, arguments)}
            call.answer = "ok"
        except Refused as refused:
            call.answer = refused.error
            if refusal is None:
                note_refusal(self._slack, call.method, refused)
            if refused.error == "ratelimited":
                return slack_faults.ratelimited(refused.more.get("seconds", 1))
            body = {"ok": False, "error": refused.error, **refused.more}
            if refused.messages:
                errors = [f"[ERROR] {message}" for message in refused.messages]
                body |= {"errors": list(refused.messages), "response_metadata": {"messages": errors}}
        except Exception:
            self._slack.object_(call.method, f"the fake failed: {traceback.format_exc()}")
            return web.Response(status=500, text="the fake failed")
        return web.json_response(body, headers=headers)

    def _admit(self, name: str, arguments: Payload, token: str) -> None:
        """Raises why a call is not carried out, before its arguments are looked at."""
        slack, method = self._slack, METHODS.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        if not token:
            raise Refused("not_authed")
        if token not in (slack.bot_token, slack.app_token):
            raise Refused("invalid_auth")
        if (token == slack.app_token) != method.for_app_token:
            raise Refused("not_allowed_token_type")
        if token == slack.bot_token and slack.revoked:
            raise Refused(slack.revoked)
        if method.scopes and not slack.scopes & set(method.scopes):
            needed, provided = ",".join(method.scopes), ",".join(sorted(slack.scopes))
            raise Refused("missing_scope", f"needed {needed}", needed=needed, provided=provided)
        seconds = slack.limits.spend(name, arguments) if slack.enforce_rate else None
        if seconds is not None:
            raise Refused("ratelimited", seconds=seconds)


async def _read(request: web.Request) -> tuple[Payload, str]:
    """Returns the arguments and the token of a call."""
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        body = json.loads(await request.text() or "{}")
        if not isinstance(body, dict):
            raise ValueError("no object")
        arguments |= body
    else:
        arguments |= dict(await request.post())
    for key in STRUCTURED & set(arguments):
        if isinstance(arguments[key], str) and arguments[key]:
            arguments[key] = json.loads(arguments[key])
    token = str(arguments.pop("token", ""))
    return arguments, request.headers.get("Authorization", "").removeprefix("Bearer ").strip() or token
