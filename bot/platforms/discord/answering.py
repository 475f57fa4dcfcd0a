"""Interactions to answers: completed as people type, answered once, privately, or deferred where that may take long."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

import aiohttp
import discord
from discord import app_commands, ui

from bot.platforms.discord import incoming, limits
from bot.platforms.discord.incoming import Asked
from bot.platforms.discord.messages import alone, private, shared
from bot.platforms.discord.render import BUDGET
from bot.ports import Core, Outcome, Reply, Request
from bot.recently import Recently
from briefings.document import Document
from briefings.paginate import page_at, paginate

log = logging.getLogger("briefbot.discord")
SOON = 1.0
"""Seconds after which an answer is deferred: Discord waits for three."""

TIMEOUT = 15.0
SHARED = 3600.0
"""Seconds for which an answer that was shared is not shared again by another click on the same button."""

ALREADY_ANSWERED = 40060
UNKNOWN_INTERACTION = 10062
NOBODY = discord.AllowedMentions.none()
Interaction = discord.Interaction[Any]


class Answering:
    """Answers every interaction of a client; one listener for commands, controls and completions."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._composing = asyncio.Lock()
        self._answers: set[asyncio.Task[Any]] = set()
        self._shared = Recently(SHARED)

    async def answer(self, interaction: Interaction) -> None:
        """Answers one interaction; never raises for what people or Discord can do."""
        if interaction.type is discord.InteractionType.autocomplete:
            await _sent(interaction.response.autocomplete(self._completions(interaction)))
            return
        asked = incoming.asked(interaction)
        if asked is None:
            return
        notice = self._core.turned_away(asked.user, asked.place, len(self._answers))
        if not notice and asked.expired:
            notice = self._core.expired()
        if notice:
            await _sent(_say(interaction, alone(paginate(notice, BUDGET)[0]), ephemeral=True))
            return
        answering = asyncio.create_task(self._answer(interaction, asked))
        self._answers.add(answering)
        answering.add_done_callback(self._answers.discard)
        await answering

    async def finish(self, seconds: float) -> None:
        """Waits for what is being answered, so many seconds at most."""
        if self._answers:
            await asyncio.wait(self._answers, timeout=seconds)

    async def _answer(self, interaction: Interaction, asked: Asked) -> None:
        try:
            await self._answer_once(interaction, asked)
        except Exception as error:
            page = paginate(self._core.failed(error), BUDGET)[0]
            if interaction.response.is_done():
                await _sent(interaction.edit_original_response(view=alone(page), allowed_mentions=NOBODY))
            else:
                await _sent(_say(interaction, alone(page), ephemeral=True))

    async def _answer_once(self, interaction: Interaction, asked: Asked) -> None:
        message = interaction.message.id if interaction.message else 0
        if asked.shares and self._shared.seen(f"{message} {asked.question}"):
            await _sent(interaction.response.defer())  # a second click on what everybody sees already
            return
        composing = asyncio.create_task(self._composed(asked))
        await asyncio.wait({composing}, timeout=SOON)
        deferred = not composing.done()
        if deferred:
            thinking = interaction.response.defer(ephemeral=not (asked.alone or asked.shares), thinking=not asked.edits)
            await _sent(thinking)
        page, outcome = await composing
        log.info("answered", extra={"command": page.command.partition(" ")[0], "outcome": outcome})
        shares = asked.shares and outcome == "answered"
        view = (
            shared(page, asked.user) if shares else (alone if asked.alone or outcome != "answered" else private)(page)
        )
        if deferred:
            await _sent(interaction.edit_original_response(view=view, allowed_mentions=NOBODY))
        elif asked.edits:
            await _sent(interaction.response.edit_message(view=view, allowed_mentions=NOBODY))
        else:
            await _sent(_say(interaction, view, ephemeral=not (asked.alone or shares)))

    async def _composed(self, asked: Asked) -> tuple[Document, Outcome]:
        """Returns the page that was asked for; one a turn of the loop, so that no deferring waits for several."""
        async with self._composing:
            await asyncio.sleep(0)
            reply = await self._reply(asked)
            return page_at(paginate(reply.document, BUDGET), reply.page), reply.outcome

    async def _reply(self, asked: Asked) -> Reply:
        if isinstance(asked.question, Request):
            return await self._core.answer(asked.question)
        return await self._core.answer_line(asked.question, asked.user, asked.place, asked.language)

    def _completions(self, interaction: Interaction) -> list[app_commands.Choice[str]]:
        command, argument, typed = incoming.focused(interaction)
        found = self._core.suggest(command, argument, typed, limits.COMPLETIONS)
        return [
            app_commands.Choice(name=choice.label[: limits.CHOICE_NAME], value=choice.command.partition(" ")[2])
            for choice in found
        ]


async def _say(interaction: Interaction, view: ui.LayoutView, *, ephemeral: bool) -> None:
    await interaction.response.send_message(
        view=view, ephemeral=ephemeral, allowed_mentions=NOBODY, suppress_embeds=True
    )


async def _sent(sending: Awaitable[object]) -> None:
    try:
        async with asyncio.timeout(TIMEOUT):
            await sending
    except discord.HTTPException as error:
        if error.code == ALREADY_ANSWERED:  # a repeat of discord.py's, after an answer that had arrived
            return
        late = error.code == UNKNOWN_INTERACTION
        log.warning(
            "too late for Discord" if late else "Discord did not take an answer", extra={"error": str(error)[:200]}
        )
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        log.warning("it is not known whether Discord took an answer", extra={"error": type(error).__name__})
