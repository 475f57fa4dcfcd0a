"""Slack's limits, and whether a payload keeps them.

Sources: docs.slack.dev/reference/block-kit, docs.slack.dev/reference/methods/chat.postMessage; for the characters of
all blocks together, which no page documents, github.com/slackapi/bolt-js issue 2509 (about 13,200).
"""

import re
from collections.abc import Iterator
from typing import Any

from briefings.measure import length

BLOCKS = 50
HEADER = 150
CONTEXT_ELEMENTS = 10
ACTION_ELEMENTS = 25
BUTTON_TEXT = 75
BUTTON_VALUE = 2000
ACTION_ID = 255
OPTION_TEXT = 75
OPTION_DESCRIPTION = 75
OPTION_VALUE = 150
SELECT_OPTIONS = 100
PLACEHOLDER = 150
TEXT_OBJECT = 3000
VIEW_TITLE = 24
LABEL = 2000
HINT = 2000
INPUT = 3000
ERROR = 500
"""Beside a field; Slack names no limit."""

URL = 3000
TABLE_ROWS = 100
TABLE_CELLS = 20
TABLE_CHARACTERS = 10_000
TABLES = 1
ALL_BLOCKS = 13_000
FALLBACK = 4000

RESERVED = frozenset(
    {"apps", "archive", "call", "collapse", "dnd", "expand", "feed", "help", "invite", "join", "leave", "me", "msg",
     "mute", "open", "prefs", "remind", "search", "shrug", "status", "topic", "who"}
)  # fmt: skip
"""Commands that Slack has built in: one of them in a manifest, and it refuses them all. `/help` is disputed."""

PLACE = r"(?P<workspace>[TE][A-Z0-9]+)/(?P<channel>[CDG][A-Z0-9]+|@[UW][A-Z0-9]+)(?:/(?P<thread>[0-9]+\.[0-9]+))?"
PLACE_EXAMPLE = "slack:T012AB3CD/C012AB3CD"
LANE_OF_WORKSPACE = True
"""Whether a workspace has rate limits of its own."""

PLACES_ARE_NAMED = True
"""Whether people may name a place other than where they are: the token opens no other workspace."""

Block = dict[str, Any]


def violations(payload: dict[str, Any]) -> list[str]:
    """Returns every limit that a message breaks, in words; none for a message that Slack takes."""
    return list(_violations(payload))


def _violations(payload: dict[str, Any]) -> Iterator[str]:
    blocks: list[Block] = payload["blocks"]
    if not payload.get("text", "").strip():
        yield "no fallback text"
    yield from _over("fallback text", payload.get("text", ""), FALLBACK)
    if payload.get("unfurl_links") is not False or payload.get("unfurl_media") is not False:
        yield "unfurling is not off"
    if (payload.get("mrkdwn"), payload.get("parse"), payload.get("link_names")) != (False, "none", False):
        yield "the fallback text would be parsed"
    if not 0 < len(blocks) <= BLOCKS:
        yield f"{len(blocks)} blocks"
    if sum(block["type"] == "table" for block in blocks) > TABLES:
        yield "more than one table"
    characters = sum(length(text) for block in blocks for text in texts(block))
    if characters > ALL_BLOCKS:
        yield f"{characters} characters in all blocks"
    for block in blocks:
        yield from _CHECKS[block["type"]](block)


def texts(value: Any) -> Iterator[str]:
    """Yields every text that readers see in a block."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "text" and isinstance(item, str):
                yield item
            elif key not in ("type", "value", "action_id", "url"):
                yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def shown(payload: dict[str, Any]) -> str:
    """Returns what a reader of the message sees, without styles."""
    return "".join(text if text.endswith("\n") else f"{text} " for block in payload["blocks"] for text in _runs(block))


def _runs(block: Block) -> Iterator[str]:
    """Yields the texts of a block, those of one line of rich text as one."""
    if block["type"] == "rich_text":
        yield from ("".join(texts(section)) for section in block["elements"])
    elif block["type"] == "table":
        yield from ("".join(texts(cell)) for row in block["rows"] for cell in row)
    else:
        yield from texts(block)


def entities(payload: dict[str, Any]) -> list[str]:
    """Returns everything of a message that Slack would not show as it stands: styles, links, mentions, emoji, dates.

    Two documents that differ only in their texts must have the same.
    """
    found = re.findall(r"<[^>]*>|&(?!amp;|lt;|gt;)", payload["text"])
    return [*found, *_made(payload["blocks"])]


def _made(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield " ".join(str(value.get(key)) for key in ("type", "style", "url", "emoji"))
        for item in value.values():
            yield from _made(item)
    elif isinstance(value, list):
        for item in value:
            yield from _made(item)


def commands(payload: dict[str, Any]) -> set[str]:
    """Returns the commands that the controls of a message carry."""
    elements = [e for block in payload["blocks"] if block["type"] == "actions" for e in block["elements"]]
    return {control["value"] for element in elements for control in element.get("options", [element])}


def _over(what: str, text: str, most: int) -> Iterator[str]:
    if length(text) > most:
        yield f"{what} of {length(text)} characters, over {most}"


def _text(what: str, text: Block, most: int) -> Iterator[str]:
    yield from _over(what, text["text"], most)
    if not text["text"]:
        yield f"empty {what}"
    if text["type"] == "plain_text" and text.get("emoji") is not False:
        yield f"{what} reads :names: as emoji"


def _header(block: Block) -> Iterator[str]:
    yield from _text("header", block["text"], HEADER)


def _context(block: Block) -> Iterator[str]:
    if not 0 < len(block["elements"]) <= CONTEXT_ELEMENTS:
        yield "context elements"
    for element in block["elements"]:
        yield from _text("context", element, TEXT_OBJECT)


def _rich_text(block: Block) -> Iterator[str]:
    for section in block["elements"]:
        if not section["elements"]:
            yield "empty rich text section"
        for element in section["elements"]:
            if not element.get("text" if element["type"] in ("text", "link") else f"{element['type']}_id"):
                yield "empty rich text element"
            yield from _over("link", element.get("url", ""), URL)


def _actions(block: Block) -> Iterator[str]:
    elements = block["elements"]
    if not 0 < len(elements) <= ACTION_ELEMENTS:
        yield f"{len(elements)} elements of actions"
    if len({element["action_id"] for element in elements}) < len(elements):
        yield "an action_id twice"
    for element in elements:
        yield from _over("action_id", element["action_id"], ACTION_ID)
        yield from _button(element) if element["type"] == "button" else _select(element)


def _button(element: Block) -> Iterator[str]:
    yield from _text("button", element["text"], BUTTON_TEXT)
    yield from _over("button value", element["value"], BUTTON_VALUE)


def _select(element: Block) -> Iterator[str]:
    yield from _text("placeholder", element["placeholder"], PLACEHOLDER)
    if not 0 < len(element["options"]) <= SELECT_OPTIONS:
        yield f"{len(element['options'])} options"
    for option in element["options"]:
        yield from _text("option", option["text"], OPTION_TEXT)
        yield from _over("option value", option["value"], OPTION_VALUE)
        if "description" in option:
            yield from _text("option description", option["description"], OPTION_DESCRIPTION)


def _table(block: Block) -> Iterator[str]:
    rows = block["rows"]
    if len(rows) > TABLE_ROWS or any(len(row) > TABLE_CELLS for row in rows):
        yield "table too large"
    if sum(length(text) for text in texts(rows)) > TABLE_CHARACTERS:
        yield "table of too many characters"
    if any(not any(texts(cell)) for row in rows for cell in row):
        yield "empty cell"
    for row in rows:
        for cell in row:
            if cell["type"] == "rich_text":
                yield from _rich_text(cell)


def _divider(_: Block) -> Iterator[str]:
    yield from ()


_CHECKS = {
    "header": _header,
    "context": _context,
    "rich_text": _rich_text,
    "actions": _actions,
    "table": _table,
    "divider": _divider,
}
