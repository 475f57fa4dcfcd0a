"""What is done with everything that Slack sends: acknowledged from memory, then answered.

bolt's `process_before_response` holds for the whole app, so a listener awaits neither network nor store: it reads what
was asked and acknowledges. The answer is left to `Work`, and sent to an address that says whether it arrived; in the
acknowledgement it would be lost with a connection that is cut, and blocks that Slack refuses could not be replaced.
"""

import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiohttp import ClientError
from msgspec.structs import replace
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
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
from bot.platforms.slack.repeats import Once, Repeats
from bot.platforms.slack.sending import Refused, Sender
from bot.platforms.slack.tokens import refusal
from bot.platforms.slack.typeahead import typed_ahead
from bot.platforms.slack.views import carrying, submitted
from bot.platforms.slack.work import Work
from bot.ports import Core, TokenRefused
from bot.recently import Recently
from briefings.document import Choice, Document
from briefings.paginate import page_at

log = logging.getLogger("briefbot.slack")
ANYTHING = re.compile("")
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
        app.middleware(Once(self._repeats))
        app.command(ANYTHING)(self._command)
        app.event("app_mention")(self._mention)
        app.event("message")(self._message)
        app.event("app_home_opened")(self._home_opened)
        app.event("app_uninstalled")(self._uninstalled)
        app.message_shortcut(COMPANIES_IN_MESSAGE)(self._message_shortcut)
        app.global_shortcut(ASK)(self._global_shortcut)
        app.options(ANYTHING)(self._complete)
        app.action(ANYTHING)(self._click)
        app.view(ANYTHING)(self._submit)

    async def _failed(self, error: Exception, request: AsyncBoltRequest) -> BoltResponse:  # noqa: ARG002
        if isinstance(error, BoltUnhandledRequestError):
            log.info("not for us")
            return BoltResponse(status=200)
        log.error("a request of Slack could not be read", exc_info=error, extra={"fault": secrets.token_hex(4)})
        return BoltResponse(status=400)

    async def _command(self, ack: AsyncAck, body: Body) -> None:
        asked = incoming.by_command(body)
        refused = self._core.turned_away(asked.user, asked.place, self._work.in_flight)
        if refused:
            await ack(payload(_first_page(refused)) | {"response_type": "ephemeral"})
        else:
            await ack()
            self._work.start(lambda: self._answer(asked))

    async def _mention(self, ack: AsyncAck, body: Body) -> None:
        await self._take(incoming.by_mention(body), ack)

    async def _message(self, ack: AsyncAck, body: Body) -> None:
        await self._take(incoming.by_direct_message(body), ack)

    async def _message_shortcut(self, ack: AsyncAck, body: Body) -> None:
        await self._take(incoming.by_message_shortcut(body), ack)

    async def _global_shortcut(self, ack: AsyncAck, body: Body) -> None:
        asked = incoming.by_global_shortcut(body)
        search = modal(carried=carrying(asked.place))
        await self._take(asked, ack, lambda: self._sent(self._sender.show(search, NewView(asked.trigger))))

    async def _home_opened(self, ack: AsyncAck, body: Body, event: Body) -> None:
        await ack()
        if event.get("tab", "home") == "home" and not self._homes.seen(str(event.get("user"))):
            self._work.start(lambda: self._publish_home(body))

    async def _uninstalled(self, ack: AsyncAck, body: Body) -> None:
        await ack()
        self._work.start(lambda: self._leaving.leave(body))

    async def _click(self, ack: AsyncAck, body: Body) -> None:
        asked, action = incoming.by_click(body), str(body["actions"][0].get("action_id", ""))
        if action == SHARE and isinstance(asked.destination, ResponseUrl):
            shared = replace(asked.destination, replace=False, shared_by=asked.user)
            once = f"{asked.place} {body['container'].get('message_ts')} {asked.line}"
            await self._take(replace(asked, destination=shared), ack, once=once)
        else:
            await self._take(asked, ack, expired=not action.startswith(PREFIX))

    async def _take(
        self,
        asked: Asked | None,
        ack: AsyncAck,
        do: Callable[[], Awaitable[object]] | None = None,
        *,
        expired: bool = False,
        once: str = "",
    ) -> None:
        """Acknowledges, and leaves for later what is to be done, usually answering; what is to happen `once` does so.

        Whoever may not ask now is told so, and so is who asks by a control that is not, or no longer, ours.
        """
        await ack()
        if asked is None:
            return
        refused = self._core.turned_away(asked.user, asked.place, self._work.in_flight)
        notice = refused or (self._core.expired() if expired else None)
        if notice:
            if not (refused and self._told.seen(f"{asked.place} {asked.user}")):
                self._work.start(lambda: self._say(notice, asked.destination), refuses=True)
        elif not (once and self._shared.seen(once)):
            self._work.start(do or (lambda: self._answer(asked)))

    async def _complete(self, ack: AsyncAck, body: Body) -> None:
        await ack(typed_ahead(self._core, body))

    async def _submit(self, ack: AsyncAck, body: Body) -> None:
        form = submitted(body)
        refused = self._core.turned_away(form.user, form.place, self._work.in_flight)
        if not refused and not form.command:
            refused = self._core.expired()
        if refused:
            acknowledged, done = self._forms.refused(form, refused), True
        else:
            acknowledged, done = await self._forms.submitted(form)
        await ack(**acknowledged)
        if not done:
            self._work.start(lambda: self._forms.finish(form))

    async def _answer(self, asked: Asked) -> None:
        """Composes what was asked and sends it."""
        try:
            to_answer = await self._forms.open(asked)
            if to_answer:
                page, reply = await self._asking.answer(to_answer)
                page = await self._forms.offered(page, to_answer)
                answered = reply.outcome == "answered"
                taken = await self._taken(self._sender.send(page, to_answer.destination, answered=answered))
                self._core.answered(reply, taken=taken)
        except Exception as error:
            await self._say(self._core.failed(error), asked.destination)

    async def _say(self, notice: Document, destination: Destination) -> None:
        """Says something that is no answer to whoever asked, without touching what is there."""
        await self._sent(self._sender.send(_first_page(notice), _beside(destination), answered=False))

    async def _publish_home(self, body: Body) -> None:
        asked = incoming.by_home(body)
        pages = [(await self._asking.answer(replace(asked, line=line)))[0] for line in ("/changes", "/help")]
        commands = [choice for name, choice in AT_HOME if name in {item.name for item in self._core.menu}]
        view = home(*pages, carried=carrying(asked.place), commands=commands)
        await self._sent(self._sender.publish_home(asked.user, view))

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
