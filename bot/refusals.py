"""What is said where a line cannot be answered, with what may have been meant."""

from contextlib import suppress

from bot.commands import MENU, examples
from bot.misused import Misused
from briefings.document import MOST_COMMAND, Choice, Document
from briefings.edition import Edition
from briefings.help import refusal
from briefings.naming import record_choice
from briefings.words import echo
from knowledge import UnknownName, nearest

MOST_CHOICES = 3


def _nearest_command(edition: Edition, typed: str) -> list[Choice]:
    """Returns the command that a mistyped one may have been, as a choice with what was typed after it."""
    first, rest = (*typed.split(maxsplit=1), "", "")[:2]
    name = nearest(first.removeprefix("/").casefold(), [command.item.name for command in MENU])
    line = f"/{name} {rest}".rstrip()
    return [Choice(edition.as_typed(line), line)] if name and len(line) <= MOST_COMMAND else []


def _named(edition: Edition, typed: str) -> list[Choice]:
    """Returns the company and the theme that go by a name, each as a choice."""
    found: list[Choice] = []
    for index in (edition.knowledge.company_names, edition.knowledge.theme_names):
        with suppress(UnknownName):
            found.append(record_choice(edition, index.find(typed).record))
    return found


def meant(edition: Edition, unknown: UnknownName) -> list[Choice]:
    """Returns what may have been meant by an unknown name: the same name elsewhere first, then near ones."""
    elsewhere = _named(edition, unknown.typed) if unknown.kind != "source" else []
    return [*elsewhere, *(record_choice(edition, record) for record in unknown.suggestions)][:MOST_CHOICES]


def refused(edition: Edition, misused: Misused) -> Document:
    """Returns why a line cannot be answered as it stands, with the way out."""
    words, item, values = edition.words, misused.item, dict(misused.values)
    choices: list[Choice] = []
    if "typed" in values:
        typed = str(values["typed"])
        named = _named(edition, typed) or [record_choice(edition, c) for c in edition.knowledge.spotter.spot(typed)]
        choices = [*_nearest_command(edition, typed), *named][:MOST_CHOICES]
        values["typed"] = echo(str(values["typed"]))
    if misused.macro == "missing" and item:
        values["example"] = next(
            (line for line in examples(edition.knowledge) if line.startswith(f"/{item.name} ")), item.usage
        )
    values |= {name: edition.as_typed(str(values[name])) for name in ("command", "usage", "example") if name in values}
    title_values = {"command": values["command"]} if "command" in values else {}
    title = words.text(f"{misused.macro}_title", **title_values)
    if misused.macro == "missing":
        values.pop("command")
    return refusal(edition, misused.macro, choices=choices, further=(), title=title, **values)
