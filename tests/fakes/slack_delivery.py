"""How things reach the app: over which way, how often, and what an answer does."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

from tests.fakes import slack_payloads
from tests.fakes.slack_http import SignedHttp, signed_headers
from tests.fakes.slack_posting import Refused
from tests.fakes.slack_records import Answer, Asked, Message, ResponseUrl
from tests.fakes.slack_respond import respond
from tests.fakes.slack_socket import Sockets
from tests.fakes.slack_texts import Payload
from tests.fakes.slack_workspace import Workspace

SCOPE_OF = {"app_mention": "app_mentions:read", "message.im": "im:history"}
TAKE_AN_ANSWER = frozenset({"view_submission", "block_suggestion"})


class Delivery(Workspace):
    """A workspace that tells the app what happens."""

    def __init__(self, scopes: frozenset[str]) -> None:
        super().__init__(scopes)
        self.events_url: str | None = None
        self.commands: frozenset[str] | None = None
        self.event_types: frozenset[str] | None = None
        self.sockets = Sockets(self)
        self.http = SignedHttp(self)
        self._tasks: set[asyncio.Task[Any]] = set()

    def signed(
        self, body: bytes, content_type: str, timestamp: int | None = None, secret: str | None = None
    ) -> dict[str, str]:
        """Returns the headers with which Slack would send a body; with another secret or time, those of an impostor."""
        return signed_headers(secret or self.signing_secret, body, content_type, timestamp)

    async def url_verification(self, challenge: str = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P") -> Answer:
        """Asks whether the app is at its address, and returns its answer."""
        assert self.events_url is not None
        body = {"token": self.verification_token, "challenge": challenge, "type": "url_verification"}
        return await self.http.send(self.events_url, json.dumps(body).encode(), "application/json", {})

    async def ask(self, asked: Asked) -> Asked:
        """Delivers a command or an interaction, once, and waits for the acknowledgement."""
        self.asked.append(asked)
        answer = await self._transmit(asked, 0, "")
        name = asked.payload.get("command") or asked.payload["type"]
        if answer.after is not None:
            asked.acknowledged_after, asked.ack = answer.after, answer.body
            return asked
        if answer.reason in ("timeout", "http_timeout"):
            asked.error = "operation_timeout"
        else:
            asked.error = "dispatch_failed"
        if answer.delivered and not self.tolerates_timeouts:
            status = f" (HTTP {answer.status}: {str(answer.body)[:200]})" if answer.status else ""
            self.object_(name, f"not acknowledged: {asked.error}{status}")
        return asked

    async def tell(self, name: str, event: Payload, message: Message | None = None) -> Asked:
        """Delivers an event, if the app is subscribed to it; it is repeated in the background if need be."""
        asked = Asked("events_api", slack_payloads.event_callback(self, event), message=message)
        asked.event_id = asked.payload["event_id"]
        self.asked.append(asked)
        if not self._subscribed(name):
            asked.error = "not_subscribed"
            return asked
        if not await self._attempt(asked, name, 0, ""):
            self.spawn(self._repeat(asked, name))
        return asked

    def _subscribed(self, name: str) -> bool:
        scope = SCOPE_OF.get(name)
        return (scope is None or scope in self.scopes) and (self.event_types is None or name in self.event_types)

    async def _attempt(self, asked: Asked, name: str, number: int, reason: str) -> bool:
        answer = await self._transmit(asked, number, reason)
        if answer.after is not None:
            asked.acknowledged_after, asked.ack, asked.error = answer.after, answer.body, None
            return True
        asked.error = answer.reason
        if answer.delivered and not self.tolerates_timeouts:
            self.object_(name, f"event not acknowledged: {answer.reason}, HTTP {answer.status}")
        return False

    async def _repeat(self, asked: Asked, name: str) -> None:
        for number, delay in enumerate(self.retry_delays, 1):
            await asyncio.sleep(delay)
            known = ("timeout", "http_timeout", "http_error", "connection_failed")
            reason = asked.error if asked.error in known else "connection_failed"
            if await self._attempt(asked, name, number, reason):
                return

    async def _transmit(self, asked: Asked, number: int, reason: str) -> Answer:
        asked.attempts += 1
        if self.events_url is not None:
            answer = await self.http.deliver(self.events_url, asked.kind, asked.payload, attempt=number, reason=reason)
        else:
            accepts = asked.kind == "slash_commands" or asked.payload["type"] in TAKE_AN_ANSWER
            answer, asked.envelope_id = await self.sockets.deliver(
                asked.kind, asked.payload, accepts=accepts, attempt=number, reason=reason
            )
        asked.delivered = asked.delivered or answer.delivered
        asked.status = answer.status
        return answer

    def take_answer_of_command(self, asked: Asked, url: ResponseUrl) -> None:
        """Shows the message that an acknowledgement of a command carries, if it carries one."""
        given = {"text": asked.ack} if isinstance(asked.ack, str) else asked.ack or {}
        if given.get("text") or given.get("blocks"):
            try:
                where = f"acknowledgement of {asked.payload['command']}"
                respond(self, url, given, where, unfurl=bool(given.get("blocks")))
            except Refused as refused:
                asked.error = "invalid_command_response"
                self.object_(asked.payload["command"], f"{refused.error}: {'; '.join(refused.messages)}")

    def noticed(self, what: str, message: Message, before: Message | None) -> None:
        """Tells the app of its own messages in direct conversations, as Slack does."""
        if self.channels[message.channel].kind != "im" or not message.by_app:
            return
        if what == "posted":
            event = slack_payloads.message_event(self, "message", message)
        else:
            event = slack_payloads.change_event(self, what, message, before or message)
        self.spawn(self.tell("message.im", event))

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Runs something in the background until the end."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Ends everything in the background."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
