"""Answers through a response_url, and messages in an acknowledgement."""

import json
import time

from aiohttp import web

from tests.fakes import slack_faults
from tests.fakes.slack_faults import Faults
from tests.fakes.slack_posting import Refused, check_message, check_metadata, flag, note_refusal, parent_of, post_by_app
from tests.fakes.slack_records import Request, ResponseUrl
from tests.fakes.slack_texts import Payload
from tests.fakes.slack_workspace import Workspace

USES = 5


class ResponseUrls:
    """Takes what the app posts to the addresses that interactions carry."""

    def __init__(self, slack: Workspace, faults: Faults) -> None:
        self._slack = slack
        self._faults = faults

    async def serve(self, request: web.Request) -> web.Response:
        """Answers one post, with the faults that are due."""
        raw = await request.text()
        try:
            given = json.loads(raw)
        except ValueError:
            given = None
        call = Request("response_url", given if isinstance(given, dict) else {"body": raw})
        self._slack.requests.append(call)
        fault = self._faults.take("response_url", call.arguments)

        async def carry_out() -> web.Response:
            if fault is not None and fault.kind == "refuse":
                call.answer = fault.error
                return web.Response(status=self._slack.response_url_status, text=fault.error)
            return self._answer(request.match_info["secret"], given, call)

        response, faulty = await slack_faults.answered(request, fault, carry_out)
        call.answer = faulty or call.answer
        return response

    def _answer(self, secret: str, given: object, call: Request) -> web.Response:
        status = self._slack.response_url_status
        try:
            url = self._slack.response_urls.get(secret)
            status = 404
            if url is None:
                raise Refused("no_service")
            if time.monotonic() - url.made > self._slack.response_url_seconds:
                raise Refused("expired_url")
            url.uses += 1
            if url.uses > USES:
                raise Refused("used_url")
            status = self._slack.response_url_status
            if not isinstance(given, dict):
                raise Refused("invalid_payload")
            respond(self._slack, url, given, "response_url")
        except Refused as refused:
            call.answer = refused.error
            note_refusal(self._slack, "response_url", refused)
            return web.Response(status=status, text=refused.error)
        call.answer = "ok"
        return web.Response(text="ok")


def respond(slack: Workspace, url: ResponseUrl, given: Payload, where: str, *, unfurl: bool = True) -> None:
    """Makes, changes or deletes a message as the app answers an interaction."""
    original = url.original if url.original and url.original.by_app and not url.original.deleted else None
    if flag(given.get("delete_original")):
        if original is not None:
            slack.delete(original)
            url.asked.touch(original)
        return
    text, blocks = check_message(slack, where, given, unfurl=unfurl)
    metadata = check_metadata(given)
    if flag(given.get("replace_original")) and original is not None:
        slack.edit(original, text, blocks, metadata)
        url.asked.touch(original)
        return
    kind = given.get("response_type", "ephemeral")
    if kind not in ("ephemeral", "in_channel"):
        raise Refused("invalid_arguments", f"response_type is {kind!r}")
    to = None if kind == "in_channel" else url.user
    if slack.channels[url.channel].archived:
        raise Refused("is_archived")
    thread = parent_of(slack, where, url.channel, given.get("thread_ts"))
    message = post_by_app(slack, url.channel, text, blocks, thread_ts=thread, ephemeral_to=to, metadata=metadata)
    url.asked.touch(message)
