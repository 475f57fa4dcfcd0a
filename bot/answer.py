"""The core: requests to replies; the one place that turns expected errors into documents."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime

from msgspec.structs import replace

from bot.admission import Admission
from bot.asking import as_typed, read_line
from bot.command import Command
from bot.commands import MENU, checked, command_named
from bot.desk.port import Desk
from bot.happening import current
from bot.lines import line_of
from bot.misused import Misused
from bot.ports import MenuItem, Reply, Request
from bot.recently import Recently
from bot.refusals import meant, refused
from bot.store.unavailable import StoreUnavailable
from bot.tally import Tally
from briefings.document import Choice, Document
from briefings.edition import Edition
from briefings.help import refusal, unknown_briefing
from briefings.words import words_in
from knowledge import Knowledge, UnknownName

log = logging.getLogger("briefbot.answer")
_ITEMS = tuple(command.item for command in MENU)
TOLD = 60.0
"""Seconds in which it is logged once that people are turned away."""


def utc_today() -> date:
    """Returns the current day in UTC."""
    return datetime.now(UTC).date()


class Answers:
    """Answers from the knowledge of the moment; implements `Core`.

    `knowledge` and `today` are asked anew for each answer, so that an answer is of one version throughout. `names`
    holds what commands are called on the platform, if not by their own names. Without a `desk` there are no digests.
    What is answered on `platform` is counted in `tally`.
    """

    def __init__(
        self,
        knowledge: Callable[[], Knowledge],
        today: Callable[[], date] = utc_today,
        names: Mapping[str, str] | None = None,
        admission: Admission | None = None,
        desk: Desk | None = None,
        platform: str = "",
        tally: Tally | None = None,
    ) -> None:
        self._knowledge = knowledge
        self._today = today
        self._names = names or {}
        self._admission = admission or Admission()
        self._desk = desk
        self._platform = platform
        self._tally = tally or Tally()
        self._told = Recently(TOLD)

    @property
    def menu(self) -> tuple[MenuItem, ...]:
        """All commands, in the order of the help."""
        return _ITEMS

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
        """Returns the answer to a typed line."""
        edition = self._edition(language)

        async def composed() -> Reply:
            read = replace(read_line(edition, line), user=user, place=place, language=language)
            request = replace(read, manages=manages, anywhere=anywhere)
            return await self._composed(edition, request)

        return await self._guarded(edition, composed())

    async def answer(self, request: Request) -> Reply:
        """Returns the answer to a request."""
        edition = self._edition(request.language)

        async def composed() -> Reply:
            return await self._composed(edition, as_typed(request))

        return await self._guarded(edition, composed())

    async def filled(self, request: Request) -> Mapping[str, str]:
        """Returns the values with which the form of a command opens; none where `answer` says why not."""
        if self._desk is None:
            return {}
        try:
            return await self._desk.filled(self._edition(request.language), request)
        except StoreUnavailable:
            return {}

    def suggest(self, command: str, argument: str, typed: str, most: int = 25) -> list[Choice]:
        """Returns completions of an argument, best first; for nothing typed, the weightiest."""
        from bot.suggestions import suggestions  # not for an answer to what was typed in full

        return suggestions(self._knowledge(), command, argument, typed, most)

    def turned_away(self, user: str, place: str, in_flight: int) -> Document | None:
        """Takes a request into account and returns what to say if it may not be answered now."""
        reason = self._admission.refused(user, place, in_flight)
        if reason and not self._told.seen(reason):
            log.warning("people are turned away", extra={"reason": reason, "in_flight": in_flight})
        if reason:
            self._tally.count("commands", self._platform, "", reason)
        return self._notice(reason) if reason else None

    def answered(self, reply: Reply, *, taken: bool = True) -> None:
        """Tells that a reply is out, and how long that took since the request was received."""
        outcome = reply.outcome if taken else "not taken"
        self._tally.count("commands", self._platform, reply.command, outcome)
        told: dict[str, object] = {"platform": self._platform, "command": reply.command, "outcome": outcome}
        happening = current()
        if happening:
            seconds = happening.seconds
            self._tally.measure("answers", seconds)
            told["ms"] = round(seconds * 1000, 1)
        log.info("answered", extra=told)

    async def left(self, workspace: str) -> None:
        """Forgets a workspace that has surely removed the bot."""
        if self._desk:
            await self._desk.left(workspace)

    def expired(self) -> Document:
        """Returns what to say of a control that is not, or no longer, ours to answer."""
        return self._notice("expired")

    def failed(self, error: Exception) -> Document:
        """Logs a fault under a short id and returns what to say of it."""
        fault = secrets.token_hex(4)
        self._tally.count("faults", self._platform)
        log.error("answer failed", exc_info=error, extra={"fault": fault})
        edition = self._edition("en")
        return refusal(edition, "fault", title=edition.words.text("fault_title"), id=fault)

    def _notice(self, macro: str) -> Document:
        edition = self._edition("en")
        title = edition.words.text(f"{macro}_title")
        return Document(title, title, "", (edition.words.paragraph(macro),))

    def _edition(self, language: str) -> Edition:
        return Edition(self._knowledge(), self._today(), words_in(language), self._names)

    async def _composed(self, edition: Edition, request: Request) -> Reply:
        command = command_named(request.command)
        if command is None:
            raise Misused("unknown_command", typed=line_of(request))
        reply = await self._guarded(edition, self._composed_by(command, edition, request))
        return replace(reply, command=command.item.name)

    async def _composed_by(self, command: Command, edition: Edition, request: Request) -> Reply:
        if command.compose is None:
            return await self._at_desk(edition, command.item, request)
        request = checked(command.item, request)
        try:
            return Reply(command.compose(edition, request.arguments), page=request.page)
        except UnknownName as unknown:
            document = unknown_briefing(edition, unknown.kind, unknown.typed, meant(edition, unknown))
            return Reply(document, "unknown")

    async def _at_desk(self, edition: Edition, item: MenuItem, request: Request) -> Reply:
        if self._desk is None:
            raise Misused("no_desk", item, command=f"/{item.name}")
        given = {name: text.strip() for name, text in request.arguments.items()}
        return await self._desk.answer(edition, replace(request, command=item.name, arguments=given))

    async def _guarded(self, edition: Edition, composed: Awaitable[Reply]) -> Reply:
        try:
            return await composed
        except Misused as misused:
            return Reply(refused(edition, misused), "misused")
        except StoreUnavailable as error:
            log.error("the store cannot be asked", extra={"reason": str(error)})
            return Reply(refusal(edition, "store_away", title=edition.words.text("store_away_title")), "failed")
        except Exception as error:
            return Reply(self.failed(error), "failed")
