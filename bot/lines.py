"""Typed lines to requests and back; the only parser."""

import re
import unicodedata

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
    running = any(argument.kind == "text" for argument in item.arguments)  # a pasted text is no line of ours
    options, words = ({}, " ".join(rest.split())) if running else _without_options(item, rest)
    page = _page_number(options.pop("page", "1"), item)
    positional = [argument.name for argument in item.arguments if not argument.option]
    if words and not positional:
        raise Misused("surplus", item, command=f"/{item.name}", typed=words)
    values = command.split(words) if words else []
    return Request(item.name, dict(zip(positional, values, strict=False)) | options, page)


def _name_and_rest(line: str) -> tuple[str, str]:
    first, rest = (*line.split(maxsplit=1), "", "")[:2]
    return unicodedata.normalize("NFKC", first).casefold().removeprefix("/"), rest


def _without_options(item: MenuItem, text: str) -> tuple[dict[str, str], str]:
    known = {argument.name for argument in item.arguments if argument.option} | {"page"}
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

    return options, " ".join(_OPTION.sub(take, text).split())


def _page_number(typed: str, item: MenuItem) -> int:
    if not (typed.isascii() and typed.isdecimal() and 0 < len(typed) < 5 and int(typed) > 0):
        raise Misused("bad_page", item, typed=f"page:{typed}")
    return int(typed)


def line_of(request: Request) -> str:
    """Returns the line that `parse` reads as this request."""
    command = command_named(request.command)
    options = {a.name for a in command.item.arguments if a.option} if command else set()
    given = {name: value for name, value in request.arguments.items() if value}
    words = (command.joint if command else " ").join(value for name, value in given.items() if name not in options)
    written = (f'{n}:"{v}"' if " " in v else f"{n}:{v}" for n, v in given.items() if n in options)
    running = command and any(argument.kind == "text" for argument in command.item.arguments)
    turned = [f"page:{request.page}"] if request.page > 1 and not running else []
    return " ".join(filter(None, (f"/{request.command}", words, *written, *turned)))
