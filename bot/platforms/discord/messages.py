"""Pages to the messages that people see: private ones to share, public ones that name who shared."""

from discord import ui

from bot.platforms.discord.components import Component, action_row, button, text_display
from bot.platforms.discord.render import SHARE, components
from briefings.document import Document

CHANGE = "1~"
"""Begins the custom_id of the controls that open once more what was written into a form; its key follows."""


class Message(ui.LayoutView):
    """Hands discord.py a message whose components are ready.

    discord.py keeps nothing of it: one listener answers all controls, also after a restart.
    """

    def __init__(self, rendered: list[Component]) -> None:
        super().__init__(timeout=None)
        self.rendered = rendered
        self.stop()

    def has_components_v2(self) -> bool:
        """Tells by which rules Discord is to read it."""
        return True

    def to_components(self) -> list[Component]:
        """Returns what discord.py sends."""
        return self.rendered


def private(page: Document) -> Message:
    """Returns a message for one person, with a button that shares it if the answer can be asked for again."""
    if not page.command:
        return alone(page)
    number = f" page:{page.page.number}" if page.page and page.page.number > 1 else ""
    return Message([*components(page), action_row(button("Share", f"{SHARE}{page.command}{number}"))])


def shared(page: Document, user: str) -> Message:
    """Returns a message for everybody that says who shared it, without notifying them."""
    return Message([text_display(f"-# Shared by <@{user}>"), *components(page)])


def alone(page: Document) -> Message:
    """Returns a message where there is nobody to share it with."""
    return Message(components(page))


def changeable(message: Message, key: str) -> Message:
    """Returns a message with a button to what was written, if that is kept under a key."""
    return Message([*message.rendered, action_row(button("Change", f"{CHANGE}{key}"))]) if key else message
