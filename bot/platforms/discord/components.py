"""The components of a message, as Discord documents them; what is left out is as it usually is.

See docs.discord.com/developers/components/reference.
"""

from collections.abc import Iterable
from typing import Any

Component = dict[str, Any]
COMPONENTS_V2 = 1 << 15
"""The flag of a message that consists of components."""

SECONDARY = 2


def container(items: Iterable[Component]) -> Component:
    """Returns what frames other components."""
    return {"type": 17, "components": list(items)}


def text_display(content: str) -> Component:
    """Returns a text in Markdown."""
    return {"type": 10, "content": content}


def separator() -> Component:
    """Returns a line between other components."""
    return {"type": 14}


def section(content: str, accessory: Component) -> Component:
    """Returns a text with a control beside it."""
    return {"type": 9, "components": [text_display(content)], "accessory": accessory}


def action_row(*controls: Component) -> Component:
    """Returns controls in a row: five buttons at most, or a menu."""
    return {"type": 1, "components": list(controls)}


def button(label: str, custom_id: str) -> Component:
    """Returns a button; its `custom_id` comes back with a click."""
    return {"type": 2, "style": SECONDARY, "label": label, "custom_id": custom_id}


def select(custom_id: str, placeholder: str, options: list[Component]) -> Component:
    """Returns a menu; what was chosen comes back with its `custom_id`."""
    return {"type": 3, "custom_id": custom_id, "placeholder": placeholder, "options": options}


def option(label: str, value: str, description: str) -> Component:
    """Returns a choice of a menu; a description may be empty."""
    told = {"label": label, "value": value}
    return told | {"description": description} if description else told
