"""The menu to Discord's application commands, and their registration: in one scope, and only what has changed."""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import discord

from bot.platforms.discord import limits
from bot.platforms.discord.state import State
from bot.ports import Argument, MenuItem

log = logging.getLogger("briefbot.discord")
CHAT_INPUT, MESSAGE = 1, 3
"""Types of commands, as the API numbers them: typed ones, and those in the menu of a message."""

STRING = 3
EVERYWHERE = {"integration_types": [0, 1], "contexts": [0, 1, 2]}
"""Installed in a server or by a user; in servers, with the bot alone, in direct messages and groups."""

WHERE_IT_POSTS = {"integration_types": [0], "contexts": [0, 1]}
"""Installed in a server; there, and with the bot alone."""

MANAGING = str(discord.Permissions(manage_channels=True).value)
"""What a member needs to see a command for managing, unless a server's admins decide otherwise."""

COMPANIES_IN_MESSAGE = "Companies in this message"
COMPLETED = {"company", "theme", "name", "source", "market", "kind", "topics", "zone", "schedule"}
"""Kinds of arguments that can be completed."""

LEFT_OUT = {"as_of", "save"}
"""Typed after a name by whoever wants it, so that what everybody asks has just one field; or known to buttons only."""

Command = dict[str, Any]


def commands(menu: Sequence[MenuItem]) -> list[Command]:
    """Returns the commands of a menu, as the API takes them."""
    typed = [_command(item) for item in menu]
    return [*typed, {"type": MESSAGE, "name": COMPANIES_IN_MESSAGE, **EVERYWHERE}]


async def register(client: discord.Client, menu: Sequence[MenuItem], state: State) -> None:
    """Registers a menu for everybody, unless that was done before and nothing has changed since.

    Raises:
        discord.HTTPException: Discord does not take it.
    """
    wanted = commands(menu)
    application = str(client.application_id)
    hashed = f"{application} {hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()}"
    if state.registered == hashed:
        return
    await client.http.bulk_upsert_global_commands(int(application), wanted)
    state.registered = hashed
    log.info("commands registered", extra={"number": len(wanted)})


def _command(item: MenuItem) -> Command:
    return {
        "type": CHAT_INPUT,
        "name": item.name,
        "description": item.summary[: limits.DESCRIPTION],
        "description_localizations": _localized(item.summaries),
        "options": [_option(argument, item) for argument in _required_first(item.arguments)],
        **({"default_member_permissions": MANAGING, **WHERE_IT_POSTS} if item.managing else EVERYWHERE),
    }


def _required_first(arguments: Iterable[Argument]) -> list[Argument]:
    shown = (argument for argument in arguments if argument.name not in LEFT_OUT)
    return sorted(shown, key=lambda argument: not argument.required)


def _option(argument: Argument, item: MenuItem) -> Command:
    option: Command = {
        "type": STRING,
        "name": argument.name,
        "description": argument.summary[: limits.DESCRIPTION],
        "required": argument.required and not item.form,  # without any, the form is opened
    }
    if argument.values:
        return option | {"choices": [{"name": value, "value": value} for value in argument.values]}
    option["max_length"] = min(argument.most, limits.OPTION_TEXT)
    return option | ({"autocomplete": True} if argument.kind in COMPLETED else {})


def _localized(summaries: Mapping[str, str]) -> dict[str, str]:
    return {locale: summary[: limits.DESCRIPTION] for locale, summary in summaries.items()}
