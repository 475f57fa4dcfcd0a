"""Interactions to answers: completed as people type, answered once, privately, or deferred where that may take long."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import aiohttp
import discord
from discord import app_commands

from bot.platforms.discord import incoming, limits
from bot.platforms.discord.forms import Forms
from bot.platforms.discord.incoming import Asked
from bot.platforms.discord.messages import Message, alone, changeable, private, shared
from bot.platforms.discord.modal import Form
from bot.platforms.discord.render import BUDGET
from bot.ports import Core, Reply, Request
from bot.recently import Recently
from bot.yielding import Yielding
from briefings.document import Document
from briefings.measure import length
from briefings.paginate import page_at

log = logging.getLogger("briefbot.discord")
SOON = 1.0
"""Seconds after which an answer is deferred: Discord waits for three."""

OLD = timedelta(seconds=1.5)
"""Age at which an interaction came late, such as after a gap without a session."""

TIMEOUT = 15.0
ATTEMPTS = 4
SHARED = 30.0
"""Seconds for which a second click shares nothing again."""

ALREADY_ANSWERED = 40060
UNKNOWN_INTERACTION = 10062
NOBODY = discord.AllowedMentions.none()
Interaction = discord.Interaction[Any]


class Answering:
    """Answers every interaction of a client; one listener for commands, controls and completions."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._forms = Forms(core)
        self._yielding = Yielding()
        self._answers: set[asyncio.Task[Any]] = set()
        self._shared = Recently(SHARED)

    async def answer(self, interaction: Interaction) -> None:
        """Answers one interaction; never raises for what people or Discord can do."""
        if interaction.type is discord.InteractionType.autocomplete:
            await _sent(lambda: interaction.response.autocomplete(self._completions(interaction)))
            return
        asked = incoming.asked(interaction)
        if asked is None:
            return
        form = self._forms.opened(asked)
        notice = self._core.turned_away(asked.user, asked.place, len(self._answers))
        if not notice and (asked.expired or (asked.changes and not form)):
            notice = self._core.expired()
        if notice:
            view = self._notice(asked, notice)
            await _sent(lambda: _say(interaction, view, ephemeral=True))
            return
        answering = cast("asyncio.Task[Any]", asyncio.current_task())
        self._answers.add(answering)
        try:
            await self._answer(interaction, asked, form)
        finally:
            self._answers.discard(answering)

    async def finish(self, seconds: float) -> None:
        """Waits for what is being answered, so many seconds at most."""
        if self._answers:
            await asyncio.wait(self._answers, timeout=seconds)

    async def _answer(self, interaction: Interaction, asked: Asked, form: Form | None) -> None:
        try:
            if not (form and await self._opened(interaction, asked, form)):
                await self._answer_once(interaction, asked)
        except Exception as error:
            await self._send(interaction, asked, self._notice(asked, self._core.failed(error)), shares=False)

    async def _opened(self, interaction: Interaction, asked: Asked, form: Form) -> bool:
        """Opens a form, and returns False where it is to be answered in words."""
        modal = await self._forms.modal(asked, form)
        if modal is None:
            return False
        await _sent(lambda: interaction.response.send_modal(modal))
        log.info("a form was opened", extra={"command": form.command})
        return True

    async def _answer_once(self, interaction: Interaction, asked: Asked) -> None:
        once = f"{interaction.message.id if interaction.message else 0} {asked.question}"
        if asked.shares and self._shared.seen(once):
            await _sent(interaction.response.defer)  # a second click on what everybody sees already
            return
        if _is_old(interaction) and not await _sent(lambda: _deferred(interaction, asked)):
            return  # Discord has told the reader that nothing came of it, so nothing must
        page, reply = await self._composed_in_time(interaction, asked)
        shares = asked.shares and reply.outcome == "answered"
        view = shared(page, asked.user) if shares else self._view(asked, page, reply)
        taken = await self._send(interaction, asked, view, shares=shares)
        self._core.answered(reply, taken=taken)
        if not taken or asked.shares != shares:
            self._shared.forget(once)

    def _notice(self, asked: Asked, notice: Document) -> Message:
        """Returns a message that is no answer; the form that was sent can be sent again from there."""
        return changeable(alone(page_at(notice, BUDGET, 1)), self._forms.keep(asked, {}) if asked.form else "")

    def _view(self, asked: Asked, page: Document, reply: Reply) -> Message:
        """Returns the message to whoever asked; what cannot be used of a form can be mended from there."""
        if reply.outcome == "answered":
            return (private if asked.shareable else alone)(page)
        mends = reply.problems or asked.form
        return changeable(alone(page), self._forms.keep(asked, reply.problems) if mends else "")

    async def _send(self, interaction: Interaction, asked: Asked, view: Message, *, shares: bool) -> bool:
        """Sends an answer where it belongs and returns whether Discord took it."""
        ephemeral = not (asked.alone or shares)
        if interaction.response.is_done() and asked.shares:
            say = interaction.followup.send
            return await _sent(
                lambda: say(view=view, ephemeral=ephemeral, allowed_mentions=NOBODY, suppress_embeds=True),
                attempts=1,  # nothing would tell a second one from the first
            )
        if interaction.response.is_done():
            return await _sent(lambda: interaction.edit_original_response(view=view, allowed_mentions=NOBODY))
        if asked.edits:
            edited = await _sent(lambda: interaction.response.edit_message(view=view, allowed_mentions=NOBODY))
            if edited or not asked.form:
                return edited  # else the message was dismissed while the form was open
        return await _sent(lambda: _say(interaction, view, ephemeral=ephemeral))

    async def _composed_in_time(self, interaction: Interaction, asked: Asked) -> tuple[Document, Reply]:
        """Returns a reply and its page; where that takes long, it is told meanwhile that an answer will come."""
        deferring = set[asyncio.Task[bool]]()

        def defer() -> None:
            if not interaction.response.is_done():
                deferring.add(asyncio.create_task(_sent(lambda: _deferred(interaction, asked))))

        late = asyncio.get_running_loop().call_later(SOON, defer)
        try:
            return await self._composed(asked)
        finally:
            late.cancel()
            if deferring:
                await asyncio.wait(deferring)

    async def _composed(self, asked: Asked) -> tuple[Document, Reply]:
        """Returns a reply and its page."""
        await self._yielding.turn()
        reply = await self._reply(asked)
        return page_at(reply.document, BUDGET, reply.page), reply

    async def _reply(self, asked: Asked) -> Reply:
        if isinstance(asked.question, Request):
            return await self._core.answer(asked.question)
        return await self._core.answer_line(
            asked.question, asked.user, asked.place, asked.language, manages=asked.manages, anywhere=asked.anywhere
        )

    def _completions(self, interaction: Interaction) -> list[app_commands.Choice[str]]:
        command, argument, typed = incoming.focused(interaction)
        found = self._core.suggest(command, argument, typed, limits.COMPLETIONS)
        values = [(choice.label[: limits.CHOICE_NAME], choice.command.partition(" ")[2]) for choice in found]
        return [
            app_commands.Choice(name=name, value=value)
            for name, value in values
            if length(value) <= limits.CHOICE_VALUE
        ]


def _is_old(interaction: Interaction) -> bool:
    return datetime.now(UTC) - interaction.created_at > OLD


async def _say(interaction: Interaction, view: Message, *, ephemeral: bool) -> None:
    await interaction.response.send_message(
        view=view, ephemeral=ephemeral, allowed_mentions=NOBODY, suppress_embeds=True
    )


async def _deferred(interaction: Interaction, asked: Asked) -> None:
    """Tells that an answer will come; for a share beside what was clicked, for only then is known who may see it."""
    in_place = asked.edits or asked.shares
    await interaction.response.defer(ephemeral=not asked.alone, thinking=not in_place)


async def _sent(send: Callable[[], Awaitable[object]], attempts: int = ATTEMPTS) -> bool:
    """Sends something and returns whether Discord took it.

    Where the connection broke it is sent again, for several kept ones may be stale: what had arrived all the same is
    refused then, as answered already.
    """
    for attempt in range(attempts):
        try:
            async with asyncio.timeout(TIMEOUT):
                await send()
        except discord.HTTPException as error:
            if error.code == ALREADY_ANSWERED:
                return True
            late = error.code == UNKNOWN_INTERACTION
            said = "too late for Discord" if late else "Discord did not take an answer"
            log.warning(said, extra={"error": str(error)[:200]})
            return False
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            if attempt + 1 < attempts and not isinstance(error, TimeoutError):
                continue
            log.warning("it is not known whether Discord took an answer", extra={"error": type(error).__name__})
            return False
        return True
    return False
