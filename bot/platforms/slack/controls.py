"""The controls of Slack: buttons and menus that carry the commands that they run."""

from typing import Any

from bot.platforms.slack import limits
from briefings.document import Choice
from briefings.measure import shortened

Element = dict[str, Any]
PREFIX = "1:"
"""Begins the action_id of every control of ours; the number is that of the way in which commands are carried."""


def button(choice: Choice, number: int) -> Element:
    """Returns a button that asks for a choice's command; `number` is unique in its block."""
    return {
        "type": "button",
        "action_id": f"{PREFIX}{number}",
        "text": plain(choice.label, limits.BUTTON_TEXT),
        "value": choice.command,
    }


def select(title: str, choices: list[Choice]) -> Element:
    """Returns a menu that asks for the command of the choice that is taken."""
    return {
        "type": "static_select",
        "action_id": f"{PREFIX}select",
        "placeholder": plain(title, limits.PLACEHOLDER),
        "options": [_option(choice) for choice in choices],
    }


def _option(choice: Choice) -> Element:
    option = {"text": plain(choice.label, limits.OPTION_TEXT), "value": choice.command}
    if choice.detail:
        option["description"] = plain(choice.detail, limits.OPTION_DESCRIPTION)
    return option


def plain(text: str, most: int) -> Element:
    """Returns a text in which Slack reads no markup and no emoji, shortened to what its place may hold."""
    return {"type": "plain_text", "text": shortened(text, most), "emoji": False}
