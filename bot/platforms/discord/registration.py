"""The menu to Discord's application commands, and their registration: in one scope, and only what has changed."""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

_LOCALIZED = "description_localizations"
_OURS = {
    "type", "name", "description", _LOCALIZED, "options", "default_member_permissions", "integration_types",
    "contexts", "required", "choices", "value", "max_length", "autocomplete",
}  # fmt: skip
"""Keys of commands, options and choices that we give; Discord adds others, and empty ones of these."""

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
    hashed = fingerprint(application, wanted)
    if state.registered == hashed:
        return
    await client.http.bulk_upsert_global_commands(int(application), wanted)
    state.registered = hashed
    log.info("commands registered", extra={"number": len(wanted)})


def fingerprint(application: str, wanted: Sequence[Command]) -> str:
    """Returns what tells an application's commands from others."""
    return f"{application} {hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()}"


def differences(wanted: Iterable[Command], kept: Iterable[Command]) -> Iterator[str]:
    """Yields in what the commands that Discord keeps differ from ours: `no /help`, `/help otherwise`, `/old too`."""
    ours = {_named(command): _bare(command) for command in wanted}
    theirs = {_named(command): _bare(command) for command in kept}
    yield from (f"no {name}" for name in ours if name not in theirs)
    yield from (f"{name} otherwise" for name in ours if name in theirs and ours[name] != theirs[name])
    yield from (f"{name} too" for name in theirs if name not in ours)


def _named(command: Command) -> str:
    return f"/{command['name']}" if command.get("type", CHAT_INPUT) == CHAT_INPUT else f"“{command['name']}”"


def _bare(part: Any) -> Any:
    """Returns what of a command is ours to say, without what is empty and what Discord adds."""
    if isinstance(part, list):
        return sorted(part) if all(isinstance(one, int) for one in part) else [_bare(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {key: value if key == _LOCALIZED else _bare(value) for key, value in part.items() if key in _OURS and value}


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
