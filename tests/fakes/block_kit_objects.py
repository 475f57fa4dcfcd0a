"""What Slack takes as texts, options and elements of blocks; every function yields what is wrong, in words."""

from collections.abc import Iterator, Set
from typing import Any

from tests.fakes.slack_texts import Payload, length

Problems = Iterator[str]

SELECTS = frozenset({"static_select", "external_select", "users_select", "conversations_select", "channels_select"})
MENUS = SELECTS | {f"multi_{name}" for name in SELECTS}
PICKERS = frozenset({"datepicker", "timepicker", "datetimepicker", "checkboxes", "radio_buttons"})
ACTIONS = MENUS | PICKERS | {"button", "overflow", "workflow_button"}
ACCESSORIES = ACTIONS | {"image"}
TYPED = frozenset({"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input"})
INPUTS = MENUS | PICKERS | TYPED | {"file_input"}

_COMMON = {"type", "action_id", "confirm", "focus_on_load"}
_SELECT = _COMMON | {"placeholder"}
_OPTIONS = {"options", "option_groups"}
_MULTI = {"max_selected_items"}
_KEYS: dict[str, set[str]] = {
    "button": {"type", "action_id", "text", "url", "value", "style", "confirm", "accessibility_label"},
    "workflow_button": {"type", "action_id", "text", "workflow", "style", "accessibility_label"},
    "static_select": _SELECT | _OPTIONS | {"initial_option"},
    "multi_static_select": _SELECT | _OPTIONS | _MULTI | {"initial_options"},
    "external_select": _SELECT | {"initial_option", "min_query_length"},
    "multi_external_select": _SELECT | _MULTI | {"initial_options", "min_query_length"},
    "users_select": _SELECT | {"initial_user"},
    "multi_users_select": _SELECT | _MULTI | {"initial_users"},
    "conversations_select": _SELECT
    | {"initial_conversation", "default_to_current_conversation", "response_url_enabled", "filter"},
    "multi_conversations_select": _SELECT
    | _MULTI
    | {"initial_conversations", "default_to_current_conversation", "filter"},
    "channels_select": _SELECT | {"initial_channel", "response_url_enabled"},
    "multi_channels_select": _SELECT | _MULTI | {"initial_channels"},
    "overflow": {"type", "action_id", "options", "confirm"},
    "checkboxes": _COMMON | {"options", "initial_options"},
    "radio_buttons": _COMMON | {"options", "initial_option"},
    "datepicker": _SELECT | {"initial_date"},
    "timepicker": _SELECT | {"initial_time", "timezone"},
    "datetimepicker": _COMMON | {"initial_date_time"},
    "image": {"type", "image_url", "slack_file", "alt_text"},
    "file_input": {"type", "action_id", "filetypes", "max_files"},
}
_LINE = {"type", "action_id", "initial_value", "dispatch_action_config", "focus_on_load", "placeholder"}
_KEYS |= {name: _LINE | {"multiline", "min_length", "max_length"} for name in TYPED}
_KEYS["number_input"] |= {"is_decimal_allowed", "min_value", "max_value"}


def keys(value: Payload, allowed: set[str], required: Set[str] = frozenset()) -> Problems:
    """Yields the keys that are missing and those that Slack does not know."""
    for key in sorted(set(required) - set(value)):
        yield f"missing {key}"
    for key in sorted(set(value) - allowed - set(required)):
        yield f"unknown property {key}"


def over(what: str, text: Any, most: int, least: int = 0) -> Problems:
    """Yields a problem for what is no text or a text of another length."""
    if not isinstance(text, str):
        yield f"{what} is no text: {text!r}"
    elif not least <= length(text) <= most:
        yield f"{what} of {length(text)} characters is not within {least} to {most}: {text[:40]!r}"


def count(what: str, items: Any, most: int, least: int = 1) -> Problems:
    """Yields a problem for what is no list or a list of another size."""
    if not isinstance(items, list):
        yield f"{what} is no list"
    elif not least <= len(items) <= most:
        yield f"{len(items)} {what}, not {least} to {most}"


def text_object(what: str, value: Any, most: int, *, plain: bool = True, least: int = 1) -> Problems:
    """Yields what is wrong with a text object; most of them must be plain."""
    if not isinstance(value, dict) or value.get("type") not in ("plain_text", "mrkdwn"):
        yield f"{what} is no text object: {value!r}"
        return
    if plain and value["type"] != "plain_text":
        yield f"{what} must be plain_text"
    yield from keys(value, {"type", "text", "emoji" if value["type"] == "plain_text" else "verbatim"})
    yield from over(what, value.get("text"), most, least)
    if isinstance(value.get("text"), str) and least and not value["text"].strip():
        yield f"{what} is blank"


def option(value: Any, *, plain: bool = True, url: bool = False) -> Problems:
    """Yields what is wrong with one option."""
    if not isinstance(value, dict):
        yield f"option is no object: {value!r}"
        return
    yield from keys(value, {"text", "value", "description"} | ({"url"} if url else set()), {"text", "value"})
    yield from text_object("option text", value.get("text"), 75, plain=plain)
    yield from over("option value", value.get("value"), 150, 1)
    if "description" in value:
        yield from text_object("option description", value["description"], 75, plain=plain)


def options(value: Payload, most: int = 100, *, plain: bool = True, url: bool = False) -> Problems:
    """Yields what is wrong with the options or the groups of options of an element or of an answer."""
    if ("options" in value) == ("option_groups" in value):
        yield "needs either options or option_groups"
    if "option_groups" in value:
        yield from count("option_groups", value["option_groups"], 100)
        for group in value["option_groups"]:
            yield from keys(group, {"label", "options"}, {"label", "options"})
            yield from text_object("group label", group.get("label"), 75)
            yield from options({"options": group.get("options")}, most)
    elif "options" in value:
        yield from count("options", value["options"], most)
        for one in value["options"] or []:
            yield from option(one, plain=plain, url=url)


def confirm(value: Payload) -> Problems:
    """Yields what is wrong with a dialog that asks once more."""
    needed = {"title", "text", "confirm", "deny"}
    yield from keys(value, needed | {"style"}, needed)
    for key, most in (("title", 100), ("confirm", 30), ("deny", 30)):
        yield from text_object(f"confirm {key}", value.get(key), most)
    yield from text_object("confirm text", value.get("text"), 300, plain=False)


def element(value: Any, allowed: frozenset[str]) -> Problems:
    """Yields what is wrong with an interactive element or an image."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in allowed or kind not in _KEYS:
        yield f"element {kind!r} is not allowed here"
        return
    yield from keys(value, _KEYS[kind])
    if "action_id" in value:
        yield from over("action_id", value["action_id"], 255, 1)
    if "placeholder" in value:
        yield from text_object("placeholder", value["placeholder"], 150)
    if "confirm" in value:
        yield from confirm(value["confirm"])
    yield from _own(kind, value)


def _own(kind: str, value: Payload) -> Problems:
    if kind in ("button", "workflow_button"):
        yield from button(value)
    elif kind == "image":
        yield from image(value)
    elif kind in ("static_select", "multi_static_select"):
        yield from options(value)
        yield from _initial(value)
    elif kind == "overflow":
        yield from options(value, 5, url=True)
    elif kind in ("checkboxes", "radio_buttons"):
        yield from options(value, 10, plain=False)
        yield from _initial(value)
    elif "min_query_length" in value and not (
        isinstance(value["min_query_length"], int) and value["min_query_length"] >= 0
    ):
        yield f"min_query_length is {value['min_query_length']!r}"
    elif kind == "plain_text_input":
        least, most = value.get("min_length", 0), value.get("max_length", 3000)
        if not 0 <= least <= most <= 3000:
            yield f"min_length {least} and max_length {most} are not within 0 to 3000"
        yield from over("initial_value", value.get("initial_value", ""), most)
    if kind in ("external_select", "multi_external_select"):
        for one in [
            *value.get("initial_options", []),
            *([value["initial_option"]] if "initial_option" in value else []),
        ]:
            yield from option(one)


def button(value: Payload) -> Problems:
    """Yields what is wrong with a button."""
    yield from keys(value, _KEYS[value["type"]], {"text"})
    yield from text_object("button text", value.get("text"), 75)
    for key, most in (("value", 2000), ("url", 3000), ("accessibility_label", 75)):
        if key in value:
            yield from over(f"button {key}", value[key], most, 0 if key == "value" else 1)
    if value.get("style", "primary") not in ("primary", "danger"):
        yield f"button style {value['style']!r}"


def image(value: Payload) -> Problems:
    """Yields what is wrong with what an image shows."""
    yield from over("alt_text", value.get("alt_text"), 2000, 1)
    if ("image_url" in value) == ("slack_file" in value):
        yield "an image needs either image_url or slack_file"
    yield from over("image_url", value.get("image_url", "-"), 3000, 1)


def _initial(value: Payload) -> Problems:
    groups = value.get("option_groups") or [value]
    known = [one for group in groups for one in group.get("options") or []]
    chosen = value.get("initial_options", [value["initial_option"]] if "initial_option" in value else [])
    for one in chosen:
        if one not in known:
            yield f"initial option {one!r} is none of the options"
