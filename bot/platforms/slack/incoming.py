"""What Slack sends to what is asked."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from yarl import query_to_pairs

from bot.platforms.slack.asked import Asked, Channel, Destination, Direct, NewView, OpenView, ResponseUrl
from bot.platforms.slack.origin import is_insider, team_of, user_of
from bot.platforms.slack.views import has_search, opened_at

Body = dict[str, Any]
_REFERENCE = re.compile(r"<([@#!][^<>|]*|[a-z]+:[^<>|]*)(?:\|([^<>]*))?>")
_ESCAPED = re.compile(r"&(amp|lt|gt);")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">"}
_AROUND = " \t\n,.;:!?*_~`>–—-"
SAID = {"", "file_share", "thread_broadcast"}
"""Kinds of messages in which people say something; the others are edits and notices."""

NO_TEXT = "…"
"""Stands for the text of a message that has none, such as a picture."""

_TEXTS = {"text", "title", "pretext", "fallback"}
SHARED = "shared"
"""The block_id at the head of every shared message."""

MOST_TEXT = 20_000
"""Characters of a message that are looked at."""


def read(content_type: str, raw: bytes) -> Body:
    """Returns what a request over HTTP says: JSON, or a form that may hold JSON in a field.

    bolt's own reading loses a form in which the word "payload" stands anywhere.

    Raises:
        ValueError, RecursionError: it cannot be read.
    """
    text = raw.decode()
    if content_type.partition(";")[0].strip() == "application/json":
        said = json.loads(text)
    else:
        form = dict(query_to_pairs(text))
        said = json.loads(form["payload"]) if "payload" in form else form
    if not isinstance(said, dict):
        raise ValueError("a request of Slack is a mapping")
    return said


def by_command(body: Body) -> Asked:
    """Reads a slash command."""
    line = f"{body.get('command', '')} {plain(body.get('text', ''))}"
    place = _place(body.get("team_id", ""), body.get("channel_id", ""))
    return Asked(
        line, body.get("user_id", ""), place, ResponseUrl(body.get("response_url", "")), body.get("trigger_id", "")
    )


def by_mention(body: Body) -> Asked | None:
    """Reads a person's message that mentions the bot: what follows the mention, else what stands before it.

    In a thread it is answered there.
    """
    event = body.get("event", {})
    if event.get("bot_id") or not event.get("user"):
        return None
    channel, user, thread = event.get("channel", ""), event.get("user", ""), event.get("thread_ts", "")
    bot = next((one.get("user_id", "") for one in body.get("authorizations") or []), "")
    before, _, after = event.get("text", "").partition(f"<@{bot}>")
    destination = Channel(channel, user, thread)
    place = _place(team_of(body), channel, thread)
    return Asked(_line(after, before), user, place, destination, insider=is_insider(body))


def by_direct_message(body: Body) -> Asked | None:
    """Reads a message to the bot alone, if it is a person's: not an edit, not a notice, not a bot's."""
    event = body.get("event", {})
    if event.get("channel_type") != "im" or event.get("bot_id") or not event.get("user"):
        return None
    if event.get("subtype", "") not in SAID:
        return None
    channel, thread = event.get("channel", ""), event.get("thread_ts", "")
    place = _place(team_of(body), channel, thread)
    destination = Direct(channel, thread)
    return Asked(_line(event.get("text", "")), event["user"], place, destination, insider=is_insider(body))


def by_click(body: Body) -> Asked:
    """Reads a click or a choice: it edits where the clicker alone sees the message, elsewhere it answers privately.

    In a conversation with the bot alone its messages are no ephemeral ones; what was shared is never edited, for a
    conversation of two people looks the same.
    """
    action = (body.get("actions") or [{}])[0]
    line = action.get("value") or (action.get("selected_option") or {}).get("value") or ""
    view, trigger = body.get("view") or {}, str(body.get("trigger_id", ""))
    destination: Destination
    if view.get("type") == "modal":
        place = opened_at(body)
        destination = OpenView(view.get("id", ""), trigger, place, has_search(body))
    elif view:
        place = opened_at(body)
        destination = NewView(trigger, place)
    else:
        place, destination = _clicked_message(body)
    return Asked(line, user_of(body), place, destination, trigger, is_insider(body))


def _clicked_message(body: Body) -> tuple[str, ResponseUrl]:
    container = body.get("container", {})
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id", "")
    thread, ts = container.get("thread_ts", ""), container.get("message_ts")
    ephemeral, direct = bool(container.get("is_ephemeral")), channel.startswith("D") and not _is_shared(body)
    destination = ResponseUrl(body.get("response_url", ""), thread, ephemeral or direct, ephemeral or not direct)
    return _place(team_of(body), channel, thread if thread != ts else ""), destination


def by_message_shortcut(body: Body) -> Asked:
    """Reads a message, to be searched for companies."""
    message = body.get("message", {})
    text = " ".join(plain(" ".join(dict.fromkeys(_texts(message))))[:MOST_TEXT].split())
    channel, thread = (body.get("channel") or {}).get("id", ""), message.get("thread_ts", "")
    destination = ResponseUrl(body.get("response_url", ""), thread)
    place = _place(team_of(body), channel, thread)
    return Asked(f"/spot {text or NO_TEXT}", user_of(body), place, destination, insider=is_insider(body))


def _line(*texts: str) -> str:
    """Returns the first text that asks something, without the marks that people put around it; else the help."""
    lines = (plain(text).strip(_AROUND) for text in texts)
    return next(filter(None, lines), "/help")


def _is_shared(body: Body) -> bool:
    blocks = (body.get("message") or {}).get("blocks") or [{}]
    return bool(blocks[0].get("block_id") == SHARED)


def by_global_shortcut(body: Body) -> Asked:
    """Reads that somebody wants to ask something, in a modal that opens."""
    place, trigger = opened_at(body), str(body.get("trigger_id", ""))
    return Asked("", user_of(body), place, NewView(trigger, place), trigger, is_insider(body))


def by_home(body: Body) -> Asked:
    """Reads that somebody opened the App Home, which stands for the conversation with them."""
    event = body.get("event", {})
    place = _place(team_of(body), event.get("channel", ""))
    return Asked("", event.get("user", ""), place, NewView(""))


def plain(text: str) -> str:
    """Returns a text of Slack as people read it: links by their words, mentions by their names, nothing escaped."""
    read = _REFERENCE.sub(_read, text or "")
    return _ESCAPED.sub(lambda match: _CHARACTERS[match[1]], read)


def _read(match: re.Match[str]) -> str:
    target, words = match[1], match[2]
    mark = {"@": "@", "#": "#"}.get(target[:1], "")
    if words:
        return words if words.startswith(mark) else f"{mark}{words}"
    return target.removeprefix("mailto:") if ":" in target else " "


def _texts(value: object, key: str = "text") -> Iterator[str]:
    """Yields the texts of a message, of its blocks and of its attachments."""
    if isinstance(value, str) and key in _TEXTS:
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, "")


def _place(team: str, channel: str, thread: str = "") -> str:
    return "/".join(filter(None, (f"slack:{team}", channel, thread)))
