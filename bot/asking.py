"""What people type to what they ask."""

from contextlib import suppress

from msgspec.structs import replace

from bot.commands import command_named
from bot.lines import parse
from bot.misused import Misused
from bot.ports import Request
from briefings.edition import Edition
from knowledge import UnknownName


def as_typed(request: Request) -> Request:
    """Returns a request with what else was typed into its first field: more names, options, a page.

    What stands in fields of its own is taken as it stands there, and an empty one stays empty.
    """
    command = command_named(request.command)
    if command is None:
        return request
    fields = {name: value for name, value in request.arguments.items() if value}
    empty = {name: "" for name, value in request.arguments.items() if not value}
    positional = command.positional
    options = {name: _bare(name, value) for name, value in fields.items() if name not in positional}
    if not positional or [name for name in positional if name in fields] != list(positional[:1]):
        own = {name: fields[name] for name in fields if name in positional}
        return replace(request, arguments=empty | own | options)
    read = parse(f"/{request.command} {fields[positional[0]]}")
    return replace(request, arguments={**empty, **read.arguments, **options}, page=max(request.page, read.page))


def _bare(option: str, typed: str) -> str:
    """Returns an option's value without the option's own name or the quotes of a line, which belong into a line."""
    return typed.strip().removeprefix(f"{option}:").strip('"')


def read_line(edition: Edition, line: str) -> Request:
    """Returns the request that a line makes: its command, or what is known of the name that it is."""
    try:
        return parse(line)
    except Misused as misused:
        named = _by_name(edition, str(misused.values["typed"])) if misused.macro == "unknown_command" else None
        if named is None:
            raise
        return named


def _by_name(edition: Edition, typed: str) -> Request | None:
    """Returns the request for a company or theme that is called just so, options after it apart."""
    indexes = (("company", edition.knowledge.company_names), ("theme", edition.knowledge.theme_names))
    for command, index in indexes:
        with suppress(Misused, UnknownName):
            request = parse(f"/{command} {typed}")
            if typed and not typed.startswith("/") and not index.find(request.arguments.get("name", "")).typo:
                return request
    return None
