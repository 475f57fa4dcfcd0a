"""Answers on their way to Slack: what it refuses is tried once in plainer blocks, what is unclear is never repeated."""

import json
import logging
from typing import Any, assert_never

from aiohttp import ClientConnectorError, ClientSession
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack.asked import AboveView, Channel, Destination, Direct, InView, NewView, OpenView, ResponseUrl
from bot.platforms.slack.messages import above, modal, shareable, shared
from bot.platforms.slack.render import payload
from bot.platforms.slack.responding import respond, short_wait
from bot.platforms.slack.views import carrying
from briefings.document import Document

log = logging.getLogger("briefbot.slack")
TIMEOUT = 10
"""Seconds for one request to Slack."""

BLOCKS_REFUSED = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "invalid_payload"}


class _ShortWait(AsyncRateLimitErrorRetryHandler):
    """Waits as long as Slack asks, where that is no longer than a reader waits."""

    async def _can_retry_async(self, *, response: HttpResponse | None = None, **_: Any) -> bool:
        return response is not None and short_wait(response.status_code, response.headers) is not None


def retry_handlers() -> list[Any]:
    """Returns when the SDK may repeat a request: where Slack certainly did not take it."""
    return [
        _ShortWait(max_retry_count=2),
        AsyncConnectionErrorRetryHandler(max_retry_count=2, error_types=[ClientConnectorError]),
    ]


class Refused(Exception):
    """Says with Slack's word for it that it did not take an answer, by which method and for want of which scope."""

    def __init__(self, word: str, method: str = "response_url", scope: str = "") -> None:
        super().__init__(word)
        self.method = method
        self.scope = scope


class Sender:
    """Sends pages where they belong."""

    def __init__(self, client: AsyncWebClient, session: ClientSession) -> None:
        self._client = client
        self._session = session

    async def send(self, page: Document, destination: Destination, *, answered: bool) -> None:
        """Sends a page; blocks that Slack refuses are replaced once by conservative ones.

        What was `answered` may be shared, other than a refusal.

        Raises:
            Refused: Slack does not take it; its word for the reason.
            aiohttp.ClientError, TimeoutError: it is not known whether Slack took it.
        """
        try:
            await self._send(page, destination, answered=answered, conservative=False)
        except Refused as refused:
            if str(refused) not in BLOCKS_REFUSED or isinstance(destination, InView):
                raise  # views have the plainest blocks already
            tell_of_refused_blocks(payload(page), str(refused))
            await self._send(page, destination, answered=answered, conservative=True)
        if isinstance(destination, ResponseUrl) and destination.shared_by:
            await self._respond(destination.url, {"delete_original": True})

    async def publish_home(self, user: str, home: dict[str, Any]) -> None:
        """Shows somebody's App Home.

        Raises:
            Refused, aiohttp.ClientError, TimeoutError: as `send`.
        """
        await self._call("views.publish", user_id=user, view=home)

    async def show(self, view: dict[str, Any], where: InView) -> str:
        """Shows a modal and returns its id.

        Raises:
            Refused, aiohttp.ClientError, TimeoutError: as `send`.
        """
        match where:
            case AboveView(trigger):
                shown = await self._call("views.push", trigger_id=trigger, view=view)
            case OpenView(id_):
                shown = await self._call("views.update", view_id=id_, view=view)
            case NewView(trigger):
                shown = await self._call("views.open", trigger_id=trigger, view=view)
            case _:
                assert_never(where)
        return str((shown.get("view") or {}).get("id", ""))

    async def replace(self, external_id: str, view: dict[str, Any]) -> str:
        """Shows a modal in place of one that was opened under an id of ours, and returns its id.

        Raises:
            Refused, aiohttp.ClientError, TimeoutError: as `send`.
        """
        shown = await self._call("views.update", external_id=external_id, view=view)
        return str((shown.get("view") or {}).get("id", ""))

    async def _send(self, page: Document, to: Destination, *, answered: bool, conservative: bool) -> None:
        private = shareable if answered else payload
        match to:
            case ResponseUrl(url, thread, shared_by=user) if user:
                message = shared(page, user, conservative=conservative) | _in_thread(thread)
                await self._respond(url, message | {"response_type": "in_channel", "replace_original": False})
            case ResponseUrl(url, thread, replace, may_share):
                message = (private if may_share else payload)(page, conservative=conservative) | _in_thread(thread)
                how = (
                    {"replace_original": True} if replace else {"response_type": "ephemeral", "replace_original": False}
                )
                await self._respond(url, message | how)
            case Channel(channel, user, thread):
                message = private(page, conservative=conservative)
                await self._call("chat.postEphemeral", channel=channel, user=user, **message, **_in_thread(thread))
            case Direct(channel, thread):
                message = payload(page, conservative=conservative)
                await self._call("chat.postMessage", channel=channel, **message, **_in_thread(thread))
            case AboveView(place=place):
                await self.show(above(page, carrying(place)), to)
            case OpenView(place=place, search=search):
                await self.show(modal(page, carried=carrying(place), search=search), to)
            case NewView(place=place):
                await self.show(modal(page, carried=carrying(place)), to)
            case _:
                assert_never(to)

    async def _respond(self, url: str, message: dict[str, Any]) -> None:
        status, body = await respond(self._session, url, message, self._client.proxy)
        said = _word(body)
        if status != 200 or said != "ok":
            raise Refused(said or f"HTTP {status}")

    async def _call(self, method: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer = await self._client.api_call(method, json=arguments)
            return answer.data if isinstance(answer.data, dict) else {}
        except SlackApiError as error:
            raise Refused(reason(error), method, needed(error)) from None


def _in_thread(thread: str) -> dict[str, str]:
    return {"thread_ts": thread} if thread else {}


def reason(error: SlackApiError) -> str:
    """Returns Slack's word for why it refuses a call, or the HTTP status where it says none."""
    data = getattr(error.response, "data", error.response)
    word = data.get("error") if isinstance(data, dict) else None
    return str(word or f"HTTP {getattr(error.response, 'status_code', 'error')}")


def needed(error: SlackApiError) -> str:
    """Returns the scope for want of which Slack refuses a call, if that is why."""
    data = getattr(error.response, "data", error.response)
    return str(data.get("needed", "")) if isinstance(data, dict) else ""


def tell_of_refused_blocks(message: dict[str, Any], word: str) -> None:
    """Logs which kinds of blocks a message has that Slack refused, and its word for why."""
    kinds = sorted({block["type"] for block in message["blocks"]})
    log.warning("Slack refused blocks; trying plainer ones", extra={"error": word, "blocks": kinds})


def _word(body: str) -> str:
    """Returns the word in which a response_url says how it went: as text or as JSON."""
    if body == "ok":  # as nearly always; to find out that it is no JSON takes longer
        return body
    try:
        said = json.loads(body)
    except ValueError:
        return body.strip()[:80]
    if isinstance(said, dict):
        return "ok" if said.get("ok") else str(said.get("error", ""))
    return str(said)
