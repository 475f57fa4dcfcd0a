"""Discord's limits, and whether a payload keeps them.

Sources: docs.discord.com/developers/components/reference and /resources/message; that all text displays of a message
share 4,000 characters is discord.py's and discord.js's own check.
"""

import re
from collections.abc import Iterator
from typing import Any

from briefings.measure import length

COMPONENTS = 40
TEXT = 4000
BUTTON_LABEL = 80
CUSTOM_ID = 100
ROW_BUTTONS = 5
SELECT_OPTIONS = 25
OPTION_LABEL = 100
OPTION_VALUE = 100
OPTION_DESCRIPTION = 100
PLACEHOLDER = 150
SECTION_TEXTS = 3
DESCRIPTION = 100
OPTION_TEXT = 6000
COMPLETIONS = 25
CHOICE_NAME = 100
CHOICE_VALUE = 100
MODAL_TITLE = 45
MODAL_FIELDS = 5
LABEL = 45
LABEL_DESCRIPTION = 100
INPUT = 4000

ACTION_ROW, BUTTON, STRING_SELECT, SECTION, TEXT_DISPLAY, SEPARATOR, CONTAINER = 1, 2, 3, 9, 10, 14, 17
"""Types of components, as the API numbers them."""

RESERVED: frozenset[str] = frozenset()
"""Commands that Discord keeps for itself: none, an application's stand beside its own."""

PLACE = r"(?P<workspace>@?[0-9]+)/(?P<channel>@?[0-9]+)(?:/(?P<thread>[0-9]+))?"
PLACE_EXAMPLE = "discord:123456789012345678/234567890123456789"
LANE_OF_WORKSPACE = False
"""Whether a server has rate limits of its own; they are the bot's."""

PLACES_ARE_NAMED = False
"""Whether people may name a place other than where they are: an id leads into any server that the bot is in."""

Component = dict[str, Any]


def violations(payload: dict[str, Any]) -> list[str]:
    """Returns every limit that a message breaks, in words; none for a message that Discord takes."""
    return list(_violations(payload))


def _violations(payload: dict[str, Any]) -> Iterator[str]:
    every = list(_every(payload))
    texts = [component["content"] for component in every if component["type"] == TEXT_DISPLAY]
    if payload.get("allowed_mentions") != {"parse": []}:
        yield "mentions are allowed"
    if not any(text.strip() for text in texts):
        yield "no text"
    if len(every) > COMPONENTS:
        yield f"{len(every)} components"
    if sum(map(length, texts)) > TEXT:
        yield f"{sum(map(length, texts))} characters of text"
    ids = [component["custom_id"] for component in every if "custom_id" in component]
    if len(ids) != len(set(ids)):
        yield "a custom_id twice"
    if any(not 0 < length(id_) <= CUSTOM_ID for id_ in ids):
        yield "custom_id too long"
    for component in every:
        yield from _CHECKS.get(component["type"], _unknown)(component)


def shown(payload: dict[str, Any]) -> str:
    """Returns what a reader of the message sees, without styles."""
    return "\n".join(_plain(text) for text in _labels(payload))


def entities(payload: dict[str, Any]) -> list[str]:
    """Returns everything of a message that Discord would not show as it stands: markup, links, mentions, timestamps.

    Two documents that differ only in their texts must have the same.
    """
    texts = (component["content"] for component in _every(payload) if component["type"] == TEXT_DISPLAY)
    return [mark for text in texts for mark in _MARKUP.findall(text) if mark]


# An escaped character is consumed before it can be taken for markup.
_MARKUP = re.compile(
    r"\\.|(^(?:-#|#{1,3}|>{1,3}|[-*+]|\d+\.) |\*+|_+|~+|\|\||`+|<[^>]*>?|\[|\]\(?|@everyone|@here|\b[a-z]+://\S*)",
    re.MULTILINE | re.IGNORECASE,
)


def commands(payload: dict[str, Any]) -> set[str]:
    """Returns the commands that the controls of a message carry."""
    controls = [component for component in _every(payload) if "custom_id" in component]
    values = {option["value"] for control in controls for option in control.get("options", [])}
    return values | {c["custom_id"].partition(":")[2] for c in controls if "options" not in c}


def _plain(text: str) -> str:
    text = re.sub(r"\]\(<[^>]*>\)", "]", text).replace("\u200b", "")
    text = re.sub(r"^(?:-# |#{2,3} )", "", text, flags=re.MULTILINE)
    return re.sub(r"\\(.)|[*`]", r"\1", text)


def _labels(payload: dict[str, Any]) -> Iterator[str]:
    for component in _every(payload):
        yield from (component[key] for key in ("content", "label", "placeholder") if component.get(key))
        yield from (option["label"] for option in component.get("options", []))


def _every(payload: dict[str, Any]) -> Iterator[Component]:
    for top in payload["components"]:
        yield from _all(top)


def _all(component: Component) -> Iterator[Component]:
    yield component
    children = [*component.get("components", []), *([component["accessory"]] if "accessory" in component else [])]
    for child in children:
        yield from _all(child)


def _unknown(component: Component) -> Iterator[str]:
    yield f"component of type {component['type']}"


def _row(component: Component) -> Iterator[str]:
    kinds = [child["type"] for child in component["components"]]
    if not (kinds == [STRING_SELECT] or (0 < len(kinds) <= ROW_BUTTONS and set(kinds) == {BUTTON})):
        yield f"an action row of {kinds}"


def _button(component: Component) -> Iterator[str]:
    if not 0 < length(component["label"]) <= BUTTON_LABEL:
        yield "button label"


def _select(component: Component) -> Iterator[str]:
    options = component["options"]
    if not 0 < len(options) <= SELECT_OPTIONS or len({option["value"] for option in options}) < len(options):
        yield f"{len(options)} options"
    if length(component.get("placeholder") or "") > PLACEHOLDER:
        yield "placeholder"
    for option in options:
        if not 0 < length(option["label"]) <= OPTION_LABEL or length(option["value"]) > OPTION_VALUE:
            yield "option"
        if length(option.get("description") or "") > OPTION_DESCRIPTION:
            yield "option description"


def _text(component: Component) -> Iterator[str]:
    if not component["content"].strip():
        yield "an empty text display"


def _section(component: Component) -> Iterator[str]:
    if not 0 < len(component["components"]) <= SECTION_TEXTS:
        yield "texts of a section"


def _fine(_: Component) -> Iterator[str]:
    yield from ()


_CHECKS = {
    ACTION_ROW: _row,
    BUTTON: _button,
    STRING_SELECT: _select,
    SECTION: _section,
    TEXT_DISPLAY: _text,
    SEPARATOR: _fine,
    CONTAINER: _fine,
}
