"""What Slack takes as rich text and tables; every function yields what is wrong, in words."""

from typing import Any
from urllib.parse import urlsplit

from tests.fakes.block_kit_objects import Problems, count, keys, over
from tests.fakes.slack_texts import Payload, length

_INLINE = {
    "text": "text",
    "link": "url",
    "user": "user_id",
    "usergroup": "usergroup_id",
    "channel": "channel_id",
    "team": "team_id",
    "emoji": "name",
    "broadcast": "range",
    "date": "timestamp",
    "color": "value",
}


def characters(value: Any) -> int:
    """Returns the characters of all texts of blocks."""
    if isinstance(value, list):
        return sum(map(characters, value))
    if isinstance(value, dict):
        own = sum(length(item) for key, item in value.items() if key in ("text", "alt_text") and isinstance(item, str))
        return own + sum(characters(item) for item in value.values())
    return 0


def table(block: Payload) -> Problems:
    """Yields what is wrong with a table."""
    rows = block["rows"]
    yield from count("rows", rows, 100)
    yield from count("column_settings", block.get("column_settings", []), 20, 0)
    for row in rows:
        yield from count("cells of a row", row, 20)
        for cell in row:
            yield from _cell(cell)
    if characters(rows) > 10_000:
        yield f"{characters(rows)} characters, over 10000"


def _cell(cell: Payload) -> Problems:
    if cell.get("type") == "rich_text":
        yield from rich_text(cell) if "elements" in cell else ["rich_text without elements"]
    elif cell.get("type") == "raw_text":
        yield from over("cell", cell.get("text"), 3000, 1)
    elif cell.get("type") == "raw_number":
        if not isinstance(cell.get("value"), int | float):
            yield f"raw_number of {cell.get('value')!r}"
    else:
        yield f"a cell of type {cell.get('type')!r}"


def rich_text(block: Payload) -> Problems:
    """Yields what is wrong with a rich text block."""
    yield from count("elements", block["elements"], 10_000)
    for part in block["elements"]:
        yield from _rich_part(part)


def _rich_part(part: Payload) -> Problems:
    kind = part.get("type")
    known = {"rich_text_list": {"style", "indent", "offset", "border"}, "rich_text_section": set()}
    known |= {"rich_text_quote": {"border"}, "rich_text_preformatted": {"border", "language"}}
    if kind not in known:
        yield f"a part of type {kind!r}"
        return
    yield from keys(part, known[kind] | {"type", "elements"}, {"elements"})
    yield from count(f"elements of {kind}", part.get("elements"), 10_000)
    if kind == "rich_text_list" and part.get("style") not in ("bullet", "ordered"):
        yield f"list style {part.get('style')!r}"
    for one in part.get("elements") or []:
        if kind == "rich_text_list":
            yield from [] if one.get("type") == "rich_text_section" else [f"a list item of type {one.get('type')!r}"]
            yield from _rich_part(one)
        else:
            yield from _inline(one)


def _inline(one: Payload) -> Problems:
    kind = str(one.get("type"))
    if kind not in _INLINE:
        yield f"an element of type {kind!r}"
        return
    extra = {"link": {"text", "unsafe"}, "emoji": {"unicode", "skin_tone"}, "date": {"format", "url", "fallback"}}
    yield from keys(one, {"type", "style"} | extra.get(kind, set()), {_INLINE[kind]})
    if one.get(_INLINE[kind], "-") == "" or one.get("text", "-") == "":
        yield f"empty {kind}"
    if kind == "date" and not (isinstance(one.get("timestamp"), int) and one.get("format")):
        yield "a date needs a whole timestamp and a format"
    if kind == "link":
        yield from over("url", one.get("url"), 3000, 1)
        if not urlsplit(str(one.get("url"))).scheme:
            yield f"url {one.get('url')!r} has no scheme"
    style = one.get("style", {})
    flags = {"bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"}
    if not isinstance(style, dict) or set(style) - flags or not all(isinstance(on, bool) for on in style.values()):
        yield f"style {style!r}"
