"""Whether Discord would register application commands.

Source: discord.com/developers/docs/interactions/application-commands.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.fakes.discord_components import Malformed, parts
from tests.fakes.discord_errors import Path, Problem, Problems, choice, number, text
from tests.fakes.discord_records import Payload, length

LOCALES = frozenset([
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl", "pt-BR",
    "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko",
])  # fmt: skip
SLASH, USER, MESSAGE, SUBCOMMAND, GROUP, STRING, INTEGER, NUMBER = 1, 2, 3, 1, 2, 3, 4, 10
MOST = {SLASH: 100, USER: 15, MESSAGE: 15}
MOST_CHARACTERS, MOST_OPTIONS, MOST_CHOICES = 8000, 25, 25
_CHOOSABLE = (STRING, INTEGER, NUMBER)


def command_problems(command: Payload, path: Path = ()) -> list[Problem]:
    """Returns why Discord would refuse a command; nothing if it would take it."""
    try:
        return list(_command(command, path))
    except Malformed as error:
        return [Problem(error.args[0], "LIST_TYPE_CONVERT", "Only lists of objects may be here.")]


def all_problems(commands: list[Payload]) -> Problems:
    """Yields why Discord would refuse to register these commands together."""
    for index, command in enumerate(commands):
        yield from command_problems(command, (index,))
    counts = Counter((one.get("type") or SLASH, one.get("name")) for one in commands)
    for index, one in enumerate(commands):
        if counts[one.get("type") or SLASH, one.get("name")] > 1:
            words = "Application command names must be unique"
            yield Problem((index, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", words)
    kinds = Counter(one.get("type") or SLASH for one in commands)
    for kind, most in MOST.items():
        if kinds[kind] > most:
            words = f"{kinds[kind]} commands of type {kind}, and at most {most} are allowed"
            yield Problem(("_errors",), "APPLICATION_COMMAND_TOO_MANY", words)


def _command(command: Payload, path: Path) -> Problems:
    kind = command.get("type") or SLASH
    yield from choice({"type": kind}, "type", path, (SLASH, USER, MESSAGE))
    yield from _names(command, path, slash=kind == SLASH)
    if kind == SLASH:
        yield from _described(command, path)
        yield from _options(command, path, level=0)
    elif command.get("description") or command.get("options"):
        yield Problem(path, "APPLICATION_COMMAND_INVALID", "Commands of a menu have no description and no options.")
    for key, allowed in (("contexts", {0, 1, 2}), ("integration_types", {0, 1})):
        value = command.get(key)
        if value is not None and (not isinstance(value, list) or not set(value) <= allowed or (not value)):
            yield Problem((*path, key), "BASE_TYPE_CHOICES", f"Value must be some of {allowed}.")
    needed = command.get("default_member_permissions")
    if needed is not None and not (isinstance(needed, str) and needed.isdecimal()):
        yield Problem((*path, "default_member_permissions"), "NUMBER_TYPE_COERCE", "Only digits in a string.")
    if (characters := _characters(command)) > MOST_CHARACTERS:
        words = f"The command has {characters} characters, and may have {MOST_CHARACTERS}."
        yield Problem(path, "APPLICATION_COMMAND_TOO_LARGE", words)


def _names(one: Payload, path: Path, *, slash: bool) -> Problems:
    for at, name in _localized(one, "name", path):
        if isinstance(name, str) and (slash and not valid_name(name)):
            words = f"{name!r} is no name: lower-case letters, digits, - _ ' only, at most 32"
            yield Problem(at, "APPLICATION_COMMAND_INVALID_NAME", words)
        yield from text({"name": name}, "name", at[:-1], 32)
    yield from _locales(one, "name_localizations", path)


def _described(one: Payload, path: Path) -> Problems:
    for at, value in _localized(one, "description", path):
        yield from text({"description": value}, "description", at[:-1], 100)
    yield from _locales(one, "description_localizations", path)


def _localized(one: Payload, key: str, path: Path) -> Iterator[tuple[Path, Any]]:
    yield (*path, key), one.get(key)
    for locale, value in (one.get(f"{key}_localizations") or {}).items():
        yield (*path, f"{key}_localizations", locale), value


def _locales(one: Payload, key: str, path: Path) -> Problems:
    for locale in one.get(key) or {}:
        if locale not in LOCALES:
            yield Problem((*path, key, locale), "LOCALE_INVALID", f"{locale!r} is no locale of Discord.")


def valid_name(name: str) -> bool:
    """Whether a slash command or an option may be called so."""

    def allowed(letter: str) -> bool:
        script = "\u0900" <= letter <= "\u097f" or "\u0e00" <= letter <= "\u0e7f"
        return letter in "-_'" or script or unicodedata.category(letter)[0] in "LN"

    return 1 <= len(name) <= 32 and name == name.lower() and all(map(allowed, name))


def _options(one: Payload, path: Path, level: int) -> Problems:
    if not one.get("options"):
        return
    listed = parts(one, "options", path)
    if len(listed) > MOST_OPTIONS:
        yield Problem((*path, "options"), "BASE_TYPE_MAX_LENGTH", f"Must be {MOST_OPTIONS} or fewer in length.")
    names = Counter(option.get("name") for _, option in listed)
    nested = [option.get("type") in (SUBCOMMAND, GROUP) for _, option in listed]
    if any(nested) and not all(nested):
        yield Problem((*path, "options"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Subcommands and values mixed.")
    optional = False
    for at, option in listed:
        if names[option.get("name")] > 1:
            yield Problem((*at, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Names must be unique.")
        if optional and option.get("required"):
            words = "Required options must be placed before non-required options"
            yield Problem((*at, "required"), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", words)
        optional = optional or not option.get("required")
        yield from _option(option, at, level)


def _option(option: Payload, path: Path, level: int) -> Problems:
    yield from choice(option, "type", path, range(1, 12))
    yield from _names(option, path, slash=True)
    yield from _described(option, path)
    kind = option.get("type")
    if kind in (SUBCOMMAND, GROUP):
        if level + (kind == GROUP) > 1:
            yield Problem(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Too deeply nested.")
        else:
            yield from _options(option, path, 1 if kind == GROUP else 2)
        return
    if option.get("autocomplete") and (option.get("choices") or kind not in _CHOOSABLE):
        words = "Autocomplete is for texts and numbers without choices"
        yield Problem((*path, "autocomplete"), "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", words)
    yield from number(option, "min_length", path, 0, 6000)
    yield from number(option, "max_length", path, 1, 6000)
    if option.get("choices"):
        yield from _choices(option, path)


def _choices(option: Payload, path: Path) -> Problems:
    listed = parts(option, "choices", path)
    if len(listed) > MOST_CHOICES or option.get("type") not in _CHOOSABLE:
        yield Problem((*path, "choices"), "BASE_TYPE_MAX_LENGTH", f"Must be {MOST_CHOICES} or fewer in length.")
    for at, one in listed:
        for where, name in _localized(one, "name", at):
            yield from text({"name": name}, "name", where[:-1], 100)
        yield from _locales(one, "name_localizations", at)
        if option.get("type") == STRING:
            yield from text(one, "value", at, 100)


def _characters(one: Payload) -> int:
    """Returns how many characters count: of each text its longest translation."""
    own = 0
    for key in ("name", "description", "value"):
        values = [value for _, value in _localized(one, key, ()) if isinstance(value, str)]
        own += max(map(length, values), default=0)
    inner = [part for key in ("options", "choices") for _, part in parts({key: one.get(key) or []}, key, ())]
    return own + sum(map(_characters, inner))
