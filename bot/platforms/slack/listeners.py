"""What is done with everything that Slack sends: acknowledged from memory, then answered.

bolt's `process_before_response` holds for the whole app, so a listener awaits neither network nor store: it reads what
was asked and acknowledges. The answer is sent by a lazy listener, to an address that says whether it arrived; in the
acknowledgement it would be lost with a connection that is cut, and blocks that Slack refuses could not be replaced.
"""

import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from aiohttp import ClientError
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.platforms.slack import incoming
from bot.platforms.slack.asked import AboveView, Asked, Destination, NewView, OpenView, ResponseUrl
from bot.platforms.slack.asking import Asking
from bot.platforms.slack.controls import PREFIX
from bot.platforms.slack.forms import Forms
from bot.platforms.slack.leaving import Leaving
from bot.platforms.slack.manifest import ASK, COMPANIES_IN_MESSAGE
from bot.platforms.slack.messages import SHARE, home, modal
from bot.platforms.slack.people import People
from bot.platforms.slack.render import BUDGET, payload
from bot.platforms.slack.repeats import Repeats
from bot.platforms.slack.sending import Refused, Sender
from bot.platforms.slack.tokens import refusal
from bot.platforms.slack.typeahead import typed_ahead
from bot.platforms.slack.views import carrying, submitted
from bot.platforms.slack.work import DONE, REFUSAL, Work
from bot.ports import Core, TokenRefused
from bot.recently import Recently
from briefings.document import Choice, Document
from briefings.paginate import page_at

log = logging.getLogger("briefbot.slack")
ANYTHING = re.compile("")
ASKED = "briefbot_asked"
FORM = "briefbot_form"
"""The key of a form whose answer is still to come."""

SHARED = 30.0
"""Seconds for which a second click shares nothing again: a share that failed may be tried anew after them."""

AT_HOME = (
    ("subscribe", Choice("Subscribe", "/subscribe")),
    ("subscriptions", Choice("Your subscriptions", "/subscriptions")),
    ("subscriptions", Choice("All subscriptions", "/subscriptions all")),
)
TOLD = 5.0
"""Seconds in which somebody who asks too fast by clicks or messages, which leave a notice each, is told so once."""

Body = dict[str, Any]
Sent = TypeVar("Sent")


class Listeners:
    """Answers what a bolt app receives."""

    def __init__(
        self, core: Core, sender: Sender, people: People, work: Work, stop: Callable[[TokenRefused], None]
    ) -> None:
        self._core = core
        self._asking = Asking(core, people)
        self._forms = Forms(core, self._asking, sender, self._sent)
        self._sender, self._work, self._stop = sender, work, stop
        self._leaving = Leaving(core, people, stop)
        self._repeats = Repeats()
        self._shared = Recently(SHARED)
        self._told = Recently(TOLD)
        self._homes = Recently(TOLD)

    def register(self, app: AsyncApp) -> None:
        """Has an app call the listeners; nothing is subscribed that stands not here."""
        app.error(self._failed)
        app.middleware(self._once)
        app.command(ANYTHING)(ack=self._command, lazy=[self._answer])
        app.event("app_mention")(ack=self._mention, lazy=[self._answer])
        app.event("message")(ack=self._message, lazy=[self._answer])
        app.event("app_home_opened")(ack=self._home_opened, lazy=[self._publish_home])
        app.event("app_uninstalled")(ack=self._leaving.noticed, lazy=[self._leaving.leave])
        app.message_shortcut(COMPANIES_IN_MESSAGE)(ack=self._message_shortcut, lazy=[self._answer])
        app.global_shortcut(ASK)(ack=self._global_shortcut, lazy=[self._open_search])
        app.options(ANYTHING)(self._complete)
        app.action(ANYTHING)(ack=self._click, lazy=[self._answer])
        app.view(ANYTHING)(ack=self._submit, lazy=[self._finish])

    async def _once(self, body: Body, next: Callable[[], Awaitable[None]]) -> BoltResponse | None:  # noqa: A002
        """Acknowledges what came before, without doing it again."""
        if self._repeats.came_before(body):
            return BoltResponse(status=200)
        await next()
        return None

    async def _failed(self, error: Exception, request: AsyncBoltRequest) -> BoltResponse:  # noqa: ARG002
        if isinstance(error, BoltUnhandledRequestError):
            log.info("not for us")
            return BoltResponse(status=200)
        log.error("a request of Slack could not be read", exc_info=error, extra={"fault": secrets.token_hex(4)})
        return BoltResponse(status=400)

    async def _command(self, ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        asked = incoming.by_command(body)
        refused = self._core.turned_away(asked.user, asked.place, self._work.in_flight)
        if refused:
            context[DONE] = True
            await ack(payload(_first_page(refused)) | {"response_type": "ephemeral"})
        else:
            context[ASKED] = asked
            await ack()

    async def _mention(self, ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        await self._take(incoming.by_mention(body), ack, context)

    async def _message(self, ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        await self._take(incoming.by_direct_message(body), ack, context)

    async def _message_shortcut(self, ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        await self._take(incoming.by_message_shortcut(body), ack, context)

    async def _global_shortcut(self, ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        await self._take(incoming.by_global_shortcut(body), ack, context)

    async def _home_opened(self, ack: AsyncAck, event: Body, context: AsyncBoltContext) -> None:
        shown = event.get("tab", "home") == "home" and not self._homes.seen(str(event.get("user")))
        context[DONE] = not shown
        await ack()

    async def _click(self, ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        asked, action = incoming.by_click(body), str(body["actions"][0].get("action_id", ""))
        if action == SHARE and isinstance(asked.destination, ResponseUrl):
            shared = replace(asked.destination, replace=False, shared_by=asked.user)
            once = f"{asked.place} {body['container'].get('message_ts')} {asked.line}"
            await self._take(replace(asked, destination=shared), ack, context, once=once)
        else:
            await self._take(asked, ack, context, expired=not action.startswith(PREFIX))

    async def _take(
        self, asked: Asked | None, ack: AsyncAck, context: AsyncBoltContext, *, expired: bool = False, once: str = ""
    ) -> None:
        """Acknowledges, and leaves for later what is to be answered; what is to happen `once` does so once."""
        refused = asked and self._core.turned_away(asked.user, asked.place, self._work.in_flight)
        context[ASKED] = asked
        context[REFUSAL] = refused or (self._core.expired() if expired else None)
        if refused and asked:
            context[DONE] = self._told.seen(f"{asked.place} {asked.user}")
        else:
            context[DONE] = asked is None or (once != "" and self._shared.seen(once))
        await ack()

    async def _complete(self, ack: AsyncAck, body: Body) -> None:
        await ack(typed_ahead(self._core, body))

    async def _submit(self, ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        form = submitted(body)
        refused = self._core.turned_away(form.user, form.place, self._work.in_flight)
        if not refused and not form.command:
            refused = self._core.expired()
        if refused:
            acknowledged, done = self._forms.refused(form, refused), True
        else:
            acknowledged, done = await self._forms.submitted(form)
        context[DONE], context[FORM] = done, form
        await ack(**acknowledged)

    async def _finish(self, context: AsyncBoltContext) -> None:
        """Shows the answer to a form that came too late for its acknowledgement."""
        await self._forms.finish(context[FORM])

    async def _answer(self, context: AsyncBoltContext) -> None:
        """Composes what was asked and sends it."""
        asked: Asked = context[ASKED]
        refused: Document | None = context.get(REFUSAL)
        if refused:
            await self._sent(self._sender.send(_first_page(refused), _beside(asked.destination), answered=False))
            return
        try:
            to_answer = await self._forms.open(asked)
            if to_answer:
                page, reply = await self._asking.answer(to_answer)
                page = await self._forms.offered(page, to_answer)
                answered = reply.outcome == "answered"
                taken = await self._taken(self._sender.send(page, to_answer.destination, answered=answered))
                self._core.answered(reply, taken=taken)
        except Exception as error:
            fault = _first_page(self._core.failed(error))
            await self._sent(self._sender.send(fault, _beside(asked.destination), answered=False))

    async def _publish_home(self, body: Body) -> None:
        asked = incoming.by_home(body)
        pages = [(await self._asking.answer(replace(asked, line=line)))[0] for line in ("/changes", "/help")]
        commands = [choice for name, choice in AT_HOME if name in {item.name for item in self._core.menu}]
        view = home(*pages, carried=carrying(asked.place), commands=commands)
        await self._sent(self._sender.publish_home(asked.user, view))

    async def _open_search(self, context: AsyncBoltContext) -> None:
        if context.get(REFUSAL):
            await self._answer(context)
        else:
            asked: Asked = context[ASKED]
            await self._sent(self._sender.show(modal(carried=carrying(asked.place)), NewView(asked.trigger)))

    async def _taken(self, sending: Awaitable[object]) -> bool:
        """Waits until something is sent, tells of failures, and returns whether Slack took it."""

        async def taken() -> bool:
            await sending
            return True

        return bool(await self._sent(taken()))

    async def _sent(self, sending: Awaitable[Sent]) -> Sent | None:
        """Waits until something is sent and tells of failures; None if it failed."""
        try:
            return await sending
        except Refused as refused:
            error = refusal("SLACK_BOT_TOKEN", str(refused))
            if error:
                self._stop(error)
            else:
                missing = {"missing_scope": refused.scope} if refused.scope else {}
                log.warning(
                    "Slack did not take an answer", extra={"error": str(refused), "method": refused.method} | missing
                )
        except (ClientError, TimeoutError) as error:
            log.warning("it is not known whether Slack took an answer", extra={"error": type(error).__name__})
        return None


def _first_page(document: Document) -> Document:
    return page_at(document, BUDGET, 1)


def _beside(destination: Destination) -> Destination:
    """Returns where to say something to whoever clicked, without touching what is there."""
    if isinstance(destination, ResponseUrl):
        return replace(destination, replace=False, shared_by="")
    return AboveView(destination.trigger, destination.place) if isinstance(destination, OpenView) else destination
