"""Discord's interactions to what is asked: who asks, where, and whether others see it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import discord
from msgspec import Struct
from msgspec.structs import replace

from bot.platforms.discord.messages import CHANGE
from bot.platforms.discord.modal import Form, sent
from bot.platforms.discord.render import PREFIX, SHARE
from bot.platforms.discord.standing import manages, manages_anywhere, place
from bot.ports import Request

_MENTION = re.compile(r"<(?:@[!&]?|#)\d+>|<t:-?\d+(?::\w)?>|<id:\w+>")
_EMOJI = re.compile(r"<a?:\w+:\d+>")
_COMMAND = re.compile(r"</([^:>]+):\d+>")
_LINK = re.compile(r"\[([^\]]*)\]\(<?([^)\s>]*)>?[^)]*\)")
_MARKUP = re.compile(r"\\([^\w\s])|[*`]+|[_~|]{2,}|^(?:#{1,3}|-#|>{1,3})\s", re.MULTILINE)
_TEXTS = {"content", "title", "description", "name", "value", "label", "text"}
_PARTS = (
    "content", "embeds", "author", "title", "description", "fields", "name", "value", "footer", "text", "components",
    "items", "label", "poll", "question", "answers", "poll_media", "attachments",
)  # fmt: skip
NO_TEXT = "…"
"""Stands for the text of a message that has none, such as a picture."""

MOST_TEXT = 20_000
"""Characters of a message that are looked at."""


class Asked(Struct, frozen=True):
    """Is what somebody asked: a typed command, or the line that a control carries.

    `edits` says that the answer takes the place of what was clicked, which the clicker alone sees; `shares`, that
    everybody is to see it; `alone`, that nobody else is there, so that it need not be private; `shareable`, that others
    are, and may be shown something. `form` is one that was sent; `changes` says that what was written is to be opened
    once more, of which `question` is the key.
    """

    question: Request | str
    user: str
    place: str
    language: str
    edits: bool = False
    shares: bool = False
    alone: bool = False
    shareable: bool = True
    expired: bool = False
    manages: bool = False
    anywhere: bool = False
    changes: bool = False
    form: Form | None = None

    def request(self, command: str, arguments: Mapping[str, str]) -> Request:
        """Returns a request of whoever asked."""
        return Request(
            command, arguments, 1, self.user, self.place, self.language, manages=self.manages, anywhere=self.anywhere
        )


def asked(interaction: discord.Interaction[Any]) -> Asked | None:
    """Reads an interaction; None for one that asks nothing."""
    data: Mapping[str, Any] = interaction.data or {}
    if interaction.type is discord.InteractionType.application_command:
        if "target_id" in data:
            return _of(interaction, f"/spot {_target(data) or NO_TEXT}")
        return _of(interaction, (str(data.get("name", "")), _options(data)))
    if interaction.type is discord.InteractionType.component:
        return _clicked(interaction, data)
    if interaction.type is discord.InteractionType.modal_submit:
        return _submitted(interaction, data)
    return None


def focused(interaction: discord.Interaction[Any]) -> tuple[str, str, str]:
    """Returns the command, the argument and the text of what is being typed."""
    data: Mapping[str, Any] = interaction.data or {}
    option: Mapping[str, Any] = next((one for one in data.get("options", []) if one.get("focused")), {})
    return str(data.get("name", "")), str(option.get("name", "")), str(option.get("value", ""))


def plain(text: str) -> str:
    """Returns a message as people read it: no mentions, links by their words, no markup."""
    text = _LINK.sub(r"\1", _COMMAND.sub(r"/\1", _EMOJI.sub(" ", _MENTION.sub(" ", text))))
    return _MARKUP.sub(r"\1", text)


def _of(
    interaction: discord.Interaction[Any], asks: str | tuple[str, Mapping[str, str]], *, edits: bool = False
) -> Asked:
    """Returns what an interaction asks by a line, or by a command with its arguments."""
    user, where, language = str(interaction.user.id), place(interaction), str(interaction.locale)
    here, anywhere = manages(interaction), manages_anywhere(interaction)
    shareable = (
        interaction.is_guild_integration() or not interaction.guild_id or interaction.permissions.use_external_apps
    )
    alone = interaction.context.dm_channel
    return Asked(
        asks if isinstance(asks, str) else Request(*asks, 1, user, where, language, manages=here, anywhere=anywhere),
        user,
        where,
        language,
        edits=edits,
        alone=alone,
        shareable=shareable and not alone,
        manages=here,
        anywhere=anywhere,
    )


def _clicked(interaction: discord.Interaction[Any], data: Mapping[str, Any]) -> Asked:
    """Reads a click: it edits where the clicker alone sees the message, elsewhere the answer is private."""
    custom_id = str(data.get("custom_id", ""))
    chosen = next(iter(data.get("values", [])), "")
    if custom_id.startswith(SHARE):
        return replace(_of(interaction, custom_id.removeprefix(SHARE)), shares=True)
    if custom_id.startswith(CHANGE):
        return replace(_of(interaction, custom_id.removeprefix(CHANGE)), changes=True)
    line = str(chosen or custom_id.removeprefix(PREFIX))
    if custom_id.startswith(PREFIX):
        return _of(interaction, line, edits=_in_place(interaction))
    return replace(_of(interaction, line), expired=True)


def _submitted(interaction: discord.Interaction[Any], data: Mapping[str, Any]) -> Asked:
    """Reads a form that was sent; it was opened by a command, or by a click, the message of which it edits then."""
    form = sent(data)
    if form is None:
        return replace(_of(interaction, ""), expired=True)
    asked = _of(interaction, (form.command, form.arguments), edits=_in_place(interaction))
    return replace(asked, form=form)


def _in_place(interaction: discord.Interaction[Any]) -> bool:
    """Returns whether the answer may take the place of the message that was clicked: the clicker alone sees it."""
    message = interaction.message
    return bool(message and (message.flags.ephemeral or interaction.context.dm_channel))


def _options(data: Mapping[str, Any]) -> dict[str, str]:
    return {str(option["name"]): str(option.get("value", "")) for option in data.get("options", [])}


def _target(data: Mapping[str, Any]) -> str:
    """Returns the texts of the message that a command of the menu of messages was used on."""
    messages = (data.get("resolved") or {}).get("messages") or {}
    texts = dict.fromkeys(_texts(messages.get(str(data["target_id"]), {})))
    return " ".join(plain("\n".join(texts))[:MOST_TEXT].split())


def _texts(value: object, key: str = "") -> Iterator[str]:
    if isinstance(value, str) and key in _TEXTS:
        yield value
    elif isinstance(value, Mapping):
        for name in _PARTS:
            yield from _texts(value.get(name), name)
        yield from (str(option.get("label", "")) for option in value.get("options", []))
        yield from (text for snapshot in value.get("message_snapshots", []) for text in _texts(snapshot.get("message")))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, "")
