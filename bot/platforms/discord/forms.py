"""Forms: what opens one, with what it is filled, and what was written into it, kept so that nobody writes it again."""

import asyncio
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from discord import ui
from msgspec.structs import replace

from bot.platforms.discord.incoming import Asked
from bot.platforms.discord.modal import EDIT, MORE, Form, modal, opened_by
from bot.ports import Core, MenuItem, Request

log = logging.getLogger("briefbot.discord")
FILLING = 1.5
"""Seconds that the values of a form may take: it has to be the first answer, for which Discord waits three."""

KEPT = 15 * 60.0
"""Seconds for which what was written is kept."""

MOST_KEPT = 500


class Forms:
    """Opens the forms of the core's commands; `now` is a monotonic clock in seconds, `draw` returns a new key."""

    def __init__(
        self,
        core: Core,
        now: Callable[[], float] = time.monotonic,
        draw: Callable[[], str] = lambda: secrets.token_urlsafe(9),
    ) -> None:
        self._core = core
        self._now = now
        self._draw = draw
        self._kept: OrderedDict[str, tuple[float, str, Form]] = OrderedDict()

    def keep(self, asked: Asked, problems: Mapping[str, str]) -> str:
        """Keeps what somebody wrote and returns the key to it; empty if that was nothing."""
        form = asked.form or self._typed(asked.question)
        if form is None:
            return ""
        key, now = self._draw(), self._now()
        while self._kept and (len(self._kept) >= MOST_KEPT or next(iter(self._kept.values()))[0] <= now - KEPT):
            self._kept.popitem(last=False)
        self._kept[key] = now, asked.user, replace(form, problems=problems)
        return key

    def opened(self, asked: Asked) -> Form | None:
        """Returns the form that somebody asks for, if so; a form that was sent opens none."""
        if asked.changes:
            since, user, form = self._kept.get(str(asked.question), (-KEPT, "", None))
            return form if user == asked.user and self._now() - since < KEPT else None
        if asked.form or asked.shares:
            return None
        found = opened_by(_line(asked.question))
        return found if found and self._item(found.command) else None

    async def modal(self, asked: Asked, form: Form) -> ui.Modal | None:
        """Returns a form as it is to be opened; None if there is nothing to fill it with, which words can tell why."""
        item = self._item(form.command)
        if item is None or MORE in form.written:
            return modal(form, item, {}) if item else None
        filling = asyncio.ensure_future(self._core.filled(asked.request(form.command, form.asks)))
        await asyncio.wait({filling}, timeout=FILLING)
        if not filling.done():
            filling.cancel()  # not awaited: what hangs may not even let itself be cancelled
            log.warning("a form is opened without its values", extra={"command": form.command})
            return modal(replace(form, filled=False), item, {})
        usual = filling.result()
        return modal(form, item, usual) if usual or form.written else None

    def _typed(self, question: Request | str) -> Form | None:
        """Returns the form in which somebody might have written what they typed as options."""
        if isinstance(question, str) or not self._item(question.command):
            return None
        options = {name: text for name, text in question.arguments.items() if name != EDIT}
        return Form(question.command, question.arguments.get(EDIT, ""), written=options) if options else None

    def _item(self, command: str) -> MenuItem | None:
        return next((item for item in self._core.menu if item.form and item.name == command), None)


def _line(question: Request | str) -> str:
    """Returns the line that somebody asked, if it can be one that opens a form."""
    if isinstance(question, str):
        return question
    arguments = {name: text for name, text in question.arguments.items() if text}
    line = " ".join((f"/{question.command}", *(f"{EDIT}:{text}" for name, text in arguments.items() if name == EDIT)))
    return line if set(arguments) <= {EDIT} else ""
