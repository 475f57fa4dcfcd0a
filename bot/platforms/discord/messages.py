"""Pages to the messages that people see: private ones to share, public ones that name who shared."""

import discord
from discord import ui

from bot.platforms.discord.render import SHARE, view
from briefings.document import Document

CHANGE = "1~"
"""Begins the custom_id of the controls that open once more what was written into a form; its key follows."""


def private(page: Document) -> ui.LayoutView:
    """Returns a message for one person, with a button that shares it if the answer can be asked for again."""
    message = view(page)
    if page.command:
        number = f" page:{page.page.number}" if page.page and page.page.number > 1 else ""
        button: ui.Button[ui.LayoutView] = ui.Button(
            label="Share", style=discord.ButtonStyle.secondary, custom_id=f"{SHARE}{page.command}{number}"
        )
        message.add_item(ui.ActionRow(button))
    return sealed(message)


def shared(page: Document, user: str) -> ui.LayoutView:
    """Returns a message for everybody that says who shared it, without notifying them."""
    message: ui.LayoutView = ui.LayoutView(timeout=None)
    message.add_item(ui.TextDisplay(f"-# Shared by <@{user}>"))
    for item in view(page).children:
        message.add_item(item)
    return sealed(message)


def alone(page: Document) -> ui.LayoutView:
    """Returns a message where there is nobody to share it with."""
    return sealed(view(page))


def changeable(message: ui.LayoutView, key: str) -> ui.LayoutView:
    """Returns a message with a button to what was written, if that is kept under a key."""
    if key:
        button: ui.Button[ui.LayoutView] = ui.Button(label="Change", custom_id=f"{CHANGE}{key}")
        message.add_item(ui.ActionRow(button))
    return message


def sealed(message: ui.LayoutView) -> ui.LayoutView:
    """Returns a view that discord.py does not keep: one listener answers all controls, also after a restart."""
    message.stop()
    return message
