"""MENU: every command on one page, and the reading of typed lines."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.ports import Argument, MenuItem, Request
from briefings.company import company_briefing
from briefings.directory import companies_briefing, themes_briefing
from briefings.document import Document
from briefings.edition import Edition
from briefings.help import help_briefing
from briefings.source import source_briefing
from briefings.theme import theme_briefing
from knowledge import Company, Knowledge, Theme, UnknownName

MOST_TYPED = 200
"""Characters that an argument may have."""
_PAGE = re.compile(r"page:(\S*)", re.IGNORECASE)


class Misused(Exception):
    """Says that a line is no command, or a command without what it needs; `macro` words the way out."""

    def __init__(self, macro: str, item: MenuItem | None = None, **values: object) -> None:
        self.macro = macro
        self.item = item
        self.values = values
        super().__init__(macro)


@dataclass(frozen=True, slots=True)
class Command:
    """Is a menu item with what composes its answer, and its argument in the example of the help."""

    item: MenuItem
    compose: Callable[[Edition, Mapping[str, str]], Document]
    example: Callable[[Knowledge], str | None] = lambda _: ""


def _company(edition: Edition, arguments: Mapping[str, str]) -> Document:
    typed = arguments["name"]
    return company_briefing(edition, edition.knowledge.company_names.find(typed), typed)


def _theme(edition: Edition, arguments: Mapping[str, str]) -> Document:
    typed = arguments["name"]
    return theme_briefing(edition, edition.knowledge.theme_names.find(typed), typed)


def _source(edition: Edition, arguments: Mapping[str, str]) -> Document:
    typed = arguments["id"]
    source = edition.knowledge.sources.get(typed.casefold())
    if source is None:
        raise UnknownName(typed)
    return source_briefing(edition, source)


def _help(edition: Edition, _: Mapping[str, str]) -> Document:
    usages = [(command.item.usage, command.item.summary) for command in MENU]
    return help_briefing(edition, usages, examples(edition.knowledge))


def _name_of_first(records: Sequence[Company] | Sequence[Theme]) -> str | None:
    return records[0].names.en if records else None


MENU = (
    Command(
        MenuItem(
            "company",
            "What is known of a company: a brief, then every claim.",
            (Argument("name", "company", "a name, product, ticker or former name, in English, Chinese or pinyin"),),
        ),
        _company,
        lambda knowledge: _name_of_first(knowledge.weightiest_companies),
    ),
    Command(
        MenuItem(
            "theme",
            "What is known of a theme, across companies, newest first.",
            (Argument("name", "theme", "a theme, in English or Chinese"),),
        ),
        _theme,
        lambda knowledge: _name_of_first(knowledge.weightiest_themes),
    ),
    Command(MenuItem("companies", "All companies, with their claims counted."), lambda e, _: companies_briefing(e)),
    Command(MenuItem("themes", "All themes, with their claims counted."), lambda e, _: themes_briefing(e)),
    Command(
        MenuItem(
            "source",
            "What a source is, and every claim that rests on it.",
            (Argument("id", "source", "the id of a source"),),
        ),
        _source,
        lambda knowledge: next(iter(knowledge.sources), None),
    ),
    Command(MenuItem("help", "Examples, and this list."), _help, lambda _: None),
)
_BY_NAME = {name: command for command in MENU for name in (command.item.name, *command.item.aliases)}


def command_named(name: str) -> Command | None:
    """Returns the command of a name or alias."""
    return _BY_NAME.get(name)


def examples(knowledge: Knowledge) -> list[str]:
    """Returns one runnable line for each command that has an example in this knowledge."""
    lines = ((command.item.name, command.example(knowledge)) for command in MENU)
    return [f"/{name} {example}".rstrip() for name, example in lines if example is not None]


def parse(line: str) -> Request:
    """Reads a typed line: a command, with or without its slash, its argument, and `page:N` at the end.

    Raises:
        Misused: no such command, or its argument is missing, surplus or too long.
    """
    first, rest = (*line.split(maxsplit=1), "", "")[:2]
    name = unicodedata.normalize("NFKC", first).casefold().removeprefix("/")
    command = command_named(name)
    if command is None:
        raise Misused("unknown_command", typed=line)
    words = rest.split()
    page = 1
    option = _PAGE.fullmatch(words[-1]) if words else None
    if option:
        page = _page_number(option[1], command.item)
        words.pop()
    return request(command.item, " ".join(words), page)


def _page_number(typed: str, item: MenuItem) -> int:
    if not (typed.isascii() and typed.isdecimal() and 0 < len(typed) < 5 and int(typed) > 0):
        raise Misused("bad_page", item, typed=f"page:{typed}")
    return int(typed)


def request(item: MenuItem, typed: str, page: int = 1) -> Request:
    """Returns the request of a command with what was typed after it.

    Raises:
        Misused: the argument is missing, surplus or too long.
    """
    if item.arguments:
        return checked(item, Request(item.name, {item.arguments[0].name: typed}, page))
    if typed:
        raise Misused("surplus", item, command=f"/{item.name}", typed=typed)
    return Request(item.name, {}, page)


def checked(item: MenuItem, request: Request) -> Request:
    """Returns a request whose arguments are those that the command takes, each present and of bearable length.

    Raises:
        Misused: one is missing or too long.
    """
    arguments = {argument.name: request.arguments.get(argument.name, "").strip() for argument in item.arguments}
    for typed in arguments.values():
        if not typed:
            raise Misused("missing", item, usage=item.usage, command=f"/{item.name}")
        if len(typed) > MOST_TYPED:
            raise Misused("too_long", item, length=len(typed), most=MOST_TYPED)
    return replace(request, command=item.name, arguments=arguments)


def line_of(request: Request) -> str:
    """Returns the line that `parse` reads as this request."""
    words = [f"/{request.command}", *request.arguments.values()]
    return " ".join(words + ([f"page:{request.page}"] if request.page > 1 else []))
