"""The form of a command: its arguments as fields of a modal, and what is wrong with them beside each."""

from collections.abc import Mapping
from typing import Any

from bot.platforms.slack import limits
from bot.platforms.slack.controls import PREFIX
from bot.platforms.slack.messages import option, plain
from bot.platforms.slack.views import FIELD
from bot.ports import Argument, MenuItem
from briefings.measure import length, shortened

Element = dict[str, Any]
ELSEWHERE = {"tags"}
"""Arguments that mean something only on another platform: Slack has no forums."""

COMPLETED = {"zone", "topics"}
"""Kinds of arguments that are completed as they are typed."""

NEEDED = {"schedule", "zone"}
"""Kinds of arguments that nothing is usual for: elsewhere Slack says "(optional)"."""


def form(item: MenuItem, filled: Mapping[str, str], carried: str, title: str) -> Element:
    """Returns the modal in which the arguments of a command are given, those that are `filled` in, as they are."""
    asked = [one for one in item.arguments if one.name in filled and one.kind != "id" and one.name not in ELSEWHERE]
    return {
        "type": "modal",
        "callback_id": f"{PREFIX}{item.name}",
        "title": plain(title, limits.VIEW_TITLE),
        "submit": plain("Continue"),
        "close": plain("Cancel"),
        "private_metadata": carried,
        "blocks": [_field(argument, filled[argument.name]) for argument in asked],
    }


def beside(problems: Mapping[str, str], fields: Mapping[str, str]) -> dict[str, str]:
    """Returns problems by the field that they are told beside: what is about no field of the form, beside the first."""
    first = next(iter(fields))
    told: dict[str, str] = {}
    for name, said in problems.items():
        at, what = (name, said) if name in fields else (first, f"{name}: {said}")
        told[at] = shortened("; ".join(filter(None, [told.get(at), what])), limits.ERROR)
    return told


def _field(argument: Argument, value: str) -> Element:
    return {
        "type": "input",
        "block_id": argument.name,
        "optional": not (argument.required or argument.kind in NEEDED),
        "label": plain(argument.name.replace("_", " ").capitalize(), limits.LABEL),
        "hint": plain(argument.summary, limits.HINT),
        "element": {"action_id": f"{FIELD}{argument.name}"} | _element(argument, value),
    }


def _element(argument: Argument, value: str) -> Element:
    """Returns how an argument is given: chosen where it can be, typed where what stands there would not fit."""
    chosen = [part.strip() for part in value.split(",")] if argument.kind == "topics" else [value]
    chosen = [part for part in chosen if part]
    if argument.values:
        options = [option(one.replace("_", " "), one) for one in argument.values]
        known = [one for one in options if one["value"] == value]
        return {"type": "static_select", "options": options, "initial_option": (known or options)[0]}
    if argument.kind in COMPLETED and all(length(part) <= limits.OPTION_VALUE for part in chosen):
        return _completed(argument.kind, [option(part, part) for part in chosen])
    most = max(min(argument.most, limits.INPUT), length(value))
    return {"type": "plain_text_input", "max_length": most} | ({"initial_value": value} if value else {})


def _completed(kind: str, chosen: list[Element]) -> Element:
    several = kind == "topics"
    initial = {"initial_options": chosen} if several else {"initial_option": chosen[0]} if chosen else {}
    return {
        "type": "multi_external_select" if several else "external_select",
        "min_query_length": 1,  # with Slack's own 3, two Chinese characters never search
        "placeholder": plain("Type to search", limits.PLACEHOLDER),
    } | (initial if chosen else {})
