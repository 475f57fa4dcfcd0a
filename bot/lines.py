"""Typed lines to requests and back; the only parser."""

import re
import unicodedata

from bot.command import Command
from bot.commands import UMBRELLA, command_named
from bot.misused import Misused
from bot.ports import MenuItem, Request

_AS_TYPED = str.maketrans("：“”„", ':"""')
_OPTION = re.compile(r'(?<!\S)([A-Za-z_]+):("[^"]*"|\S*)')


def parse(line: str) -> Request:
    """Reads a typed line: a command, with or without its slash, what it is asked about, and options as `key:value`.

    `page:2` is an option of every command. Only options that the command knows are read as such; a value of several
    words stands in double quotes, straight or as keyboards bend them. The umbrella command gives way to what follows
    it; alone it is `/help`.

    Raises:
        Misused: no such command, something surplus, or a page that is no number.
    """
    line = line.lstrip("\ufeff").translate(_AS_TYPED)
    name, rest = _name_and_rest(line)
    if name == UMBRELLA:
        line = rest or "/help"
        name, rest = _name_and_rest(line)
    command = command_named(name)
    if command is None:
        raise Misused("unknown_command", typed=line)
    item = command.item
    options, words = ({}, rest) if command.runs_on or ":" not in rest else _without_options(command, rest)
    words = " ".join(words.split())
    page = _page_number(options.pop("page"), item) if "page" in options else 1
    if words and not command.positional:
        raise Misused("surplus", item, command=f"/{item.name}", typed=words)
    values = command.split(words) if words else []
    return Request(item.name, dict(zip(command.positional, values, strict=False)) | options, page)


def _name_and_rest(line: str) -> tuple[str, str]:
    first, rest = (*line.split(maxsplit=1), "", "")[:2]
    return unicodedata.normalize("NFKC", first).casefold().removeprefix("/"), rest


def _without_options(command: Command, text: str) -> tuple[dict[str, str], str]:
    item, known = command.item, command.options | {"page"}
    options: dict[str, str] = {}

    def take(match: re.Match[str]) -> str:
        key = match[1].casefold()
        if key not in known:
            return match[0]
        if key in options:
            raise Misused("double_option", item, name=key)
        options[key] = match[2].strip('"')
        if not options[key]:
            raise Misused("empty_option", item, name=key)
        return ""

    return options, _OPTION.sub(take, text)


def _page_number(typed: str, item: MenuItem) -> int:
    if not (typed.isascii() and typed.isdecimal() and 0 < len(typed) < 5 and int(typed) > 0):
        raise Misused("bad_page", item, typed=f"page:{typed}")
    return int(typed)


def line_of(request: Request) -> str:
    """Returns the line that `parse` reads as this request."""
    command = command_named(request.command)
    options = command.options if command else ()
    given = {name: value for name, value in request.arguments.items() if value}
    words = (command.joint if command else " ").join(value for name, value in given.items() if name not in options)
    written = (f'{n}:"{v}"' if " " in v else f"{n}:{v}" for n, v in given.items() if n in options)
    turned = [f"page:{request.page}"] if request.page > 1 and not (command and command.runs_on) else []
    return " ".join(filter(None, (f"/{request.command}", words, *written, *turned)))
