"""Forms as modals: a few arguments of a command in fields of their own, all others as lines of the last one."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import discord
from discord import ui
from msgspec import Struct, field
from msgspec.structs import replace

from bot.platforms.discord import limits
from bot.platforms.discord.render import PREFIX
from bot.ports import Argument, MenuItem
from briefings.measure import length, shortened

EDIT = "edit"
"""The argument that names what is edited."""

MORE = "more"
"""The field for all arguments that have none of their own."""

TOLD_OF_MORE = "One a line, written like most: 10; what is left out stays as it is."
UNFILLED = "1?"
"""Begins the custom_id of a form that had to be opened without its values, as `PREFIX` that of one that has them."""

_LINE = re.compile(r"/(\S+)(?: edit:(\S{1,60}))?")
_COLON = re.compile("[:：]")
_OWN = {"topics", "zone"}
"""Kinds of options that have a field of their own, as what is no option has."""


class Form(Struct, frozen=True):
    """Is the form of a command, for something new or for what is to be edited.

    `written` is what stands in its fields, and `problems` what cannot be used of it, by argument. Where it was opened
    without the values of now, not `filled`, a field left empty says nothing.
    """

    command: str
    edit: str = ""
    filled: bool = True
    written: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def asks(self) -> dict[str, str]:
        """The arguments with which it is opened."""
        return {EDIT: self.edit} if self.edit else {}

    @property
    def arguments(self) -> dict[str, str]:
        """The arguments that were written, those that are lines of the last field among them."""
        lines = dict(_lines_of(self.written.get(MORE, "")))
        own = {name: text for name, text in self.written.items() if name != MORE}
        said = {name: text for name, text in own.items() if text.strip() or (self.filled and name not in lines)}
        return lines | said | self.asks


def opened_by(line: str) -> Form | None:
    """Returns the form that a line opens, if its command has one: it names nothing but what is to be edited."""
    match = _LINE.fullmatch(line)
    return Form(match[1], match[2] or "") if match else None


def sent(data: Mapping[str, Any]) -> Form | None:
    """Reads a modal that was sent; None if it is none of ours."""
    custom_id = str(data.get("custom_id", ""))
    form = opened_by(custom_id[len(PREFIX) :]) if custom_id.startswith((PREFIX, UNFILLED)) else None
    inputs = (one.get("component") or {} for one in data.get("components", []))
    written = {str(one["custom_id"]): str(one.get("value") or "") for one in inputs if "custom_id" in one}
    return replace(form, filled=custom_id.startswith(PREFIX), written=written) if form else None


def modal(form: Form, item: MenuItem, usual: Mapping[str, str]) -> ui.Modal:
    """Returns the modal of a form, filled with what was written, else with what is usual.

    discord.py does not keep it: it says itself what it is for, so that it can be sent after a restart, too.
    """
    line = " ".join((f"/{item.name}", *(f"{name}:{value}" for name, value in form.asks.items())))
    title = shortened(" ".join((item.name.capitalize(), form.edit)).strip(), limits.MODAL_TITLE)
    built = ui.Modal(title=title, custom_id=f"{PREFIX if form.filled else UNFILLED}{line}")
    values, own = {**usual, **form.written}, _own(item)
    for argument in own:
        told = form.problems.get(argument.name, argument.summary)
        built.add_item(_field(argument, values.get(argument.name, ""), told))
    apart = {argument.name for argument in own} | {EDIT, MORE}
    wrong = [f"{name}: {said}" for name, said in form.problems.items() if name not in apart]
    fields = {argument.name for argument in item.arguments if argument.kind != "id"} | set(form.written)
    others = {name: text for name, text in values.items() if name in fields - apart}
    lines = form.written[MORE] if MORE in form.written else _lines(others)
    more = Argument(MORE, "topics", "", required=False, most=limits.INPUT)
    built.add_item(_field(more, lines, " · ".join(wrong) or TOLD_OF_MORE))
    built.stop()
    return built


def _own(item: MenuItem) -> Sequence[Argument]:
    apart = [argument for argument in item.arguments if not argument.option or argument.kind in _OWN]
    return apart[: limits.MODAL_FIELDS - 1]


def _field(argument: Argument, text: str, told: str) -> ui.Label[ui.Modal]:
    most = min(argument.most, limits.INPUT)
    long = argument.kind == "topics"
    shown: ui.TextInput[ui.Modal] = ui.TextInput(
        custom_id=argument.name,
        style=discord.TextStyle.paragraph if long else discord.TextStyle.short,
        default=shortened(text, most) or None,
        required=argument.required,
        max_length=most,
    )
    label = shortened(argument.name.capitalize().replace("_", " "), limits.LABEL)
    return ui.Label(text=label, description=shortened(told, limits.LABEL_DESCRIPTION), component=shown)


def _lines(values: Mapping[str, str]) -> str:
    """Returns arguments as lines, as many as the field holds: what is left out stays as it is."""
    lines = ""
    for name, text in values.items():
        line = f"{name}: {' '.join(text.split())}".rstrip()
        if length(lines) + length(line) < limits.INPUT:
            lines += f"{line}\n"
    return lines.rstrip("\n")


def _lines_of(text: str) -> Iterator[tuple[str, str]]:
    """Yields the arguments that lines name; a line without a colon is a name that nothing has."""
    for line in filter(None, map(str.strip, text.splitlines())):
        name, *value = _COLON.split(line, maxsplit=1)
        yield "_".join(name.casefold().split()), "".join(value).strip()
