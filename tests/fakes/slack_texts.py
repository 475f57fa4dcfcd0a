"""What people see of blocks, and what Slack makes of typed text."""

import html
import re
from collections.abc import Iterator
from typing import Any

Payload = dict[str, Any]

_BROADCAST = re.compile(r"<!(channel|here|everyone|group)(\|[^>]*)?>")
_NAMED = re.compile(r"(?<![\w@])@(channel|here|everyone)\b")
_ENTITY = re.compile(r"<[@#!][^<>]*>")
_LINK = re.compile(
    r"(?P<url>https?://[^\s<>|]+)"
    r"|(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,})"
    r"|(?P<host>(?<![\w.@/-])(?:[A-Za-z0-9-]+\.)+(?:com|org|net|cn|hk|io|ai|co|app|dev|info|eu|uk)(?:/[^\s<>|]*)?)(?![\w@])",
    re.IGNORECASE,
)


def length(text: str) -> int:
    """Returns the UTF-16 code units of a text: nothing says how Slack counts, and no other way counts more."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def typed(text: str) -> str:
    """Returns what Slack stores of a typed text: escaped, links made of what looks like one, entities left alone."""
    parts: list[str] = []
    at = 0
    for entity in _ENTITY.finditer(text):
        parts += [_linked(text[at : entity.start()]), entity.group()]
        at = entity.end()
    return "".join([*parts, _linked(text[at:])])


def _linked(text: str) -> str:
    def link(found: re.Match[str]) -> str:
        said = found.group()
        if found.lastgroup == "url":
            return f"<{said}>"
        return f"<mailto:{said}|{said}>" if found.lastgroup == "mail" else f"<http://{said}|{said}>"

    return _LINK.sub(link, html.escape(text, quote=False))


def broadcasts(message: Payload) -> Iterator[str]:
    """Yields everything of a message that would notify a whole channel."""
    text = message.get("text") or ""
    parsed = [text, *_parsed(message.get("blocks") or []), *_parsed(message.get("attachments") or [])]
    for one in parsed:
        yield from (found.group() for found in _BROADCAST.finditer(one))
    if message.get("link_names") in (True, 1, "1", "true") or message.get("parse") == "full":
        yield from (found.group() for found in _NAMED.finditer(text))
    yield from _broadcast_elements(message.get("blocks") or [])


def _parsed(value: Any) -> Iterator[str]:
    """Yields the texts that Slack parses: those of mrkdwn objects, of markdown blocks and of attachments."""
    if isinstance(value, list):
        for item in value:
            yield from _parsed(item)
    elif isinstance(value, dict):
        if value.get("type") in ("mrkdwn", "markdown", None) and isinstance(value.get("text"), str):
            yield value["text"]
        for item in value.values():
            yield from _parsed(item)


def _broadcast_elements(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _broadcast_elements(item)
    elif isinstance(value, dict):
        if value.get("type") == "broadcast":
            yield f"broadcast {value.get('range')}"
        for item in value.values():
            yield from _broadcast_elements(item)


def shown(text: str, blocks: list[Payload]) -> str:
    """Returns all that people see of a message: its blocks, or its text where it has none."""
    return "\n".join(line for block in blocks for line in lines(block)) if blocks else unescaped(text)


def unescaped(text: str) -> str:
    """Returns a text as it is shown: links by their names, entities as characters."""
    return html.unescape(re.sub(r"<(?:https?:|mailto:)[^<>|]*\|([^<>]*)>", r"\1", text))


def lines(block: Payload) -> Iterator[str]:
    """Yields the lines that people see of a block or an element, an open menu included."""
    kind = block.get("type")
    if kind == "rich_text":
        for part in block["elements"]:
            yield from _rich(part)
    elif kind == "table":
        for row in block["rows"]:
            yield " | ".join(" ".join(line.strip("\n") for line in lines(cell)) for cell in row)
    else:
        for key, value in block.items():
            if key in ("text", "title", "alt_text", "author_name") and isinstance(value, str):
                yield unescaped(value) if kind in ("mrkdwn", "markdown") else value
            elif key not in ("confirm", "metadata"):
                for item in value if isinstance(value, list) else [value]:
                    yield from lines(item) if isinstance(item, dict) else ()


def _rich(part: Payload) -> Iterator[str]:
    if part.get("type") == "rich_text_list":
        for item in part["elements"]:
            yield from _rich(item)
    else:
        yield "".join(map(_inline, part.get("elements", [])))


def _inline(element: Payload) -> str:
    kind = element.get("type")
    if kind in ("text", "link"):
        return str(element.get("text") or element.get("url", ""))
    if kind == "emoji":
        return f":{element['name']}:"
    mark = {"channel": "#", "color": "", "date": ""}.get(str(kind), "@")
    keys = ("user_id", "usergroup_id", "channel_id", "team_id", "range", "value", "fallback", "timestamp")
    return mark + next((str(element[key]) for key in keys if key in element), "")
