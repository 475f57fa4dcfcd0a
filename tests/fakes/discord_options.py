"""How what somebody typed becomes the options of a slash command, as Discord's client checks and sends them."""

from typing import Any

from tests.fakes.discord_commands import SLASH, SUBCOMMAND
from tests.fakes.discord_records import Channel, Payload, length
from tests.fakes.discord_server import ADMINISTRATOR, Server

STRING, INTEGER, BOOLEAN, ID_TYPES, NUMBER = 3, 4, 5, (6, 7, 8, 9), 10
_WANTED: dict[int, tuple[type, ...]] = {STRING: (str,), INTEGER: (int,), BOOLEAN: (bool,), NUMBER: (int, float)}
GUILD_INSTALL, USER_INSTALL = 0, 1


def find(server: Server, user: str, place: Channel, name: str, kind: int = SLASH) -> Payload:
    """Returns the command of this name that somebody can use in a place."""
    known = [one for one in server.commands_in(place.guild) if one["type"] == kind]
    found = next((one for one in known if name in (one["name"], _localized(server, user, one))), None)
    if found is None:
        raise LookupError(f"no command {name!r} is registered; there are {[one['name'] for one in known]}")
    ways = set(found.get("integration_types") or [GUILD_INSTALL])
    here = GUILD_INSTALL in ways and (place.kind == "dm" or (place.guild is not None and place.guild.installed))
    if not here and not (USER_INSTALL in ways and user in server.installed_by):
        raise LookupError(f"{name!r} cannot be used here: the app is not installed so that it could")
    context = {"dm": 1, "group": 2}.get(place.kind, 0)
    contexts = found.get("contexts")
    if contexts is None:
        contexts = [0, 1, 2] if found.get("dm_permission", True) else [0]
    if context not in contexts:
        raise LookupError(f"{name!r} cannot be used in the context {context}, only in {contexts}")
    needed = found.get("default_member_permissions")
    if place.guild is not None and needed is not None and (user, found["name"]) not in place.guild.allowed:
        has, wanted = server.rank(user, place), int(needed)
        if not has & ADMINISTRATOR and (has & wanted != wanted or wanted == 0):
            raise LookupError(f"{user} may not use {name!r}")
    return found


def _localized(server: Server, user: str, one: Payload) -> str:
    return str((one.get("name_localizations") or {}).get(server.locale(user), one["name"]))


def filled(command: Payload, path: list[str], given: Payload, focused: tuple[str, str] | None = None) -> list[Payload]:
    """Returns the options as they are sent; `path` names subcommands, `focused` the one being typed and its text."""
    known: list[Payload] = command.get("options") or []
    if path:
        nested = next((one for one in known if one["name"] == path[0] and one["type"] <= SUBCOMMAND + 1), None)
        if nested is None:
            raise LookupError(f"{command['name']} has no {path[0]!r}; it has {[one['name'] for one in known]}")
        inner = filled(nested, path[1:], given, focused)
        return [{"type": nested["type"], "name": nested["name"], "options": inner}]
    if any(one["type"] <= SUBCOMMAND + 1 for one in known):
        raise LookupError(f"{command['name']} is used with one of {[one['name'] for one in known]}")
    names = [one["name"] for one in known]
    unknown = (set(given) | ({focused[0]} if focused else set())) - set(names)
    if unknown:
        raise LookupError(f"{command['name']} has no option {sorted(unknown)}; it has {names}")
    missing = [one["name"] for one in known if one.get("required") and one["name"] not in given]
    if missing and focused is None:
        raise ValueError(f"{command['name']} needs {missing}")
    options = []
    for one in known:
        if focused and one["name"] == focused[0]:
            options.append({"type": one["type"], "name": one["name"], "value": focused[1], "focused": True})
        elif one["name"] in given:
            options.append({"type": one["type"], "name": one["name"], "value": _value(one, given[one["name"]])})
    return options


def _value(option: Payload, value: Any) -> Any:
    kind = option["type"]
    wanted = _WANTED.get(kind, (str,))
    if type(value) not in wanted:
        raise TypeError(f"{option['name']} is of type {kind}, and {value!r} is not")
    choices = [one["value"] for one in option.get("choices") or []]
    if choices and value not in choices:
        raise ValueError(f"{option['name']} is one of {choices}, not {value!r}")
    if kind == STRING:
        _between(option["name"], length(value), option.get("min_length", 0), option.get("max_length", 6000))
    if kind in (INTEGER, NUMBER):
        _between(option["name"], value, option.get("min_value", -(2**53)), option.get("max_value", 2**53))
    return value


def _between(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} must be between {least} and {most}")


def resolved(server: Server, place: Channel, options: list[Payload]) -> Payload:
    """Returns what the ids among the options stand for."""
    users = [one["value"] for one in options if one["type"] in (6, 9)]
    found: Payload = {"users": {user: server.user_object(user) for user in users}} if users else {}
    if place.guild is None:
        return found
    channels = [one["value"] for one in options if one["type"] == 7]
    partial = {id_: {"id": id_, "type": 0, "name": server.channels[id_].name, "permissions": "0"} for id_ in channels}
    return found | ({"channels": partial} if channels else {})
