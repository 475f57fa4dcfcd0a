"""Whether Slack would take the blocks of a message, a modal or a home tab: limits and rules of Block Kit.

Sources: the reference at docs.slack.dev/reference/block-kit; for the characters of all blocks of a message, which no
page documents, github.com/slackapi/bolt-js issue 2509.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Literal

from tests.fakes.block_kit_contents import rich_text, table
from tests.fakes.block_kit_objects import (
    ACCESSORIES,
    ACTIONS,
    INPUTS,
    Problems,
    count,
    element,
    image,
    keys,
    over,
    text_object,
)
from tests.fakes.slack_texts import Payload, length

Surface = Literal["message", "modal", "home"]

ALL_CHARACTERS = 13_200
_VIEWS_TOO = frozenset(
    {"header", "section", "rich_text", "context", "actions", "divider", "image", "video", "container"}
)
_MESSAGES = _VIEWS_TOO | {"table", "markdown", "context_actions", "card", "carousel", "file"}
ALLOWED: dict[str, frozenset[str]] = {
    "message": _MESSAGES,
    "modal": _VIEWS_TOO | {"input", "alert"},
    "home": _VIEWS_TOO | {"input"},
}
_IN_CONTAINERS = frozenset(
    {"actions", "context", "divider", "file", "header", "image", "input", "rich_text", "section", "table", "video"}
)


def block_problems(blocks: Any, surface: Surface) -> list[str]:
    """Returns why Slack would refuse these blocks; nothing if it would take them."""
    return list(_all(blocks, surface))


def view_problems(view: Any) -> list[str]:
    """Returns why Slack would refuse a view."""
    if not isinstance(view, dict) or view.get("type") not in ("modal", "home"):
        return ["view: neither a modal nor a home tab"]
    return list(_view(view))


def _view(view: Payload) -> Problems:
    modal = view["type"] == "modal"
    ends = {"submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"} if modal else set()
    required = {"type", "blocks"} | ({"title"} if modal else set())
    yield from keys(view, {"private_metadata", "callback_id", "external_id"} | ends, required)
    for key in ("title", "submit", "close"):
        if modal and key in view:
            yield from text_object(key, view[key], 24)
    for key, most in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        yield from over(key, view.get(key, ""), most)
    blocks = view.get("blocks")
    yield from _all(blocks, "modal" if modal else "home")
    if modal and "submit" not in view and any(block.get("type") == "input" for block in _flat(blocks or [])):
        yield "submit is missing, and there is an input block"
    if len(json.dumps(view)) > 250_000:
        yield "view larger than 250 kB"


def _all(blocks: Any, surface: Surface) -> Problems:
    most = 50 if surface == "message" else 100
    yield from count("blocks", blocks, most, 0 if surface == "home" else 1)
    if not isinstance(blocks, list):
        return
    for number, block in enumerate(blocks):
        for problem in _block(block, ALLOWED[surface]):
            yield f"blocks[{number}] {problem}"
    flat = list(_flat(blocks))
    ids = Counter(block["block_id"] for block in flat if "block_id" in block)
    yield from (f"block_id {id_!r} twice" for id_, times in ids.items() if times > 1)
    tables = [block for block in flat if block.get("type") == "table"]
    if len(tables) > 1:
        yield f"{len(tables)} tables, not one"
    if sum(length(str(block.get("text"))) for block in flat if block.get("type") == "markdown") > 12_000:
        yield "markdown of more than 12000 characters"


def _flat(blocks: list[Any]) -> Iterator[Payload]:
    for block in blocks:
        if isinstance(block, dict):
            yield block
            yield from _flat(block.get("child_blocks") or [])


def _block(block: Any, allowed: frozenset[str]) -> Problems:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in allowed:
        yield f"a block of type {kind!r} is not allowed here"
        return
    check, known, required = _CHECKS[kind]
    for problem in keys(block, set(known.split()) | {"type", "block_id"}, set(required.split())):
        yield f"{kind}: {problem}"
    if "block_id" in block:
        yield from over("block_id", block["block_id"], 255, 1)
    if set(required.split()) <= set(block):
        yield from (f"{kind}: {problem}" for problem in check(block))


def _header(block: Payload) -> Problems:
    yield from text_object("text", block["text"], 150)


def _section(block: Payload) -> Problems:
    if not {"text", "fields"} & set(block):
        yield "needs text or fields"
    if "text" in block:
        yield from text_object("text", block["text"], 3000, plain=False)
    if "fields" in block:
        yield from count("fields", block["fields"], 10)
        for field in block["fields"]:
            yield from text_object("field", field, 2000, plain=False)
    if "accessory" in block:
        yield from element(block["accessory"], ACCESSORIES)


def _context(block: Payload) -> Problems:
    yield from count("elements", block["elements"], 10)
    for one in block["elements"]:
        if one.get("type") == "image":
            yield from element(one, frozenset({"image"}))
        else:
            yield from text_object("text", one, 3000, plain=False)


def _actions(block: Payload) -> Problems:
    yield from count("elements", block["elements"], 25)
    for one in block["elements"]:
        yield from element(one, ACTIONS)
    ids = Counter(one["action_id"] for one in block["elements"] if "action_id" in one)
    yield from (f"action_id {id_!r} twice" for id_, times in ids.items() if times > 1)


def _context_actions(block: Payload) -> Problems:
    yield from count("elements", block["elements"], 5)
    for one in block["elements"]:
        if one.get("type") not in ("feedback_buttons", "icon_button"):
            yield f"element {one.get('type')!r} is not allowed here"


def _input(block: Payload) -> Problems:
    yield from text_object("label", block["label"], 2000)
    if "hint" in block:
        yield from text_object("hint", block["hint"], 2000)
    yield from element(block["element"], INPUTS)


def _image(block: Payload) -> Problems:
    yield from image(block)
    if "title" in block:
        yield from text_object("title", block["title"], 2000, least=0)


def _markdown(block: Payload) -> Problems:
    yield from over("text", block["text"], 12_000, 1)


def _video(block: Payload) -> Problems:
    yield from text_object("title", block["title"], 199)
    yield from over("alt_text", block["alt_text"], 2000, 1)


def _container(block: Payload) -> Problems:
    if not {"title", "rich_text_title"} & set(block):
        yield "needs title or rich_text_title"
    for key in ("title", "subtitle"):
        if key in block:
            yield from text_object(key, block[key], 150, plain=key == "title")
    yield from count("child_blocks", block["child_blocks"], 10)
    for child in block["child_blocks"]:
        yield from _block(child, _IN_CONTAINERS)
    if block.get("default_collapsed") and not block.get("is_collapsible"):
        yield "default_collapsed without is_collapsible"
    if block.get("width", "full") not in ("narrow", "standard", "wide", "full"):
        yield f"width {block['width']!r}"


def _card(block: Payload) -> Problems:
    if not {"hero_image", "title", "actions", "body"} & set(block):
        yield "needs hero_image, title, actions or body"
    for key, most in (("title", 150), ("subtitle", 150), ("body", 200)):
        if key in block:
            yield from text_object(key, block[key], most, plain=False)
    for one in block.get("actions", []):
        yield from element(one, frozenset({"button"}))


def _carousel(block: Payload) -> Problems:
    yield from count("elements", block["elements"], 10)
    for card in block["elements"]:
        yield from _block(card, frozenset({"card"}))


def _alert(block: Payload) -> Problems:
    yield from text_object("text", block["text"], 3000, plain=False)


def _nothing(_: Payload) -> Problems:
    yield from ()


_CHECKS: dict[str, tuple[Callable[[Payload], Problems], str, str]] = {
    "header": (_header, "text", "text"),
    "section": (_section, "text fields accessory expand", ""),
    "rich_text": (rich_text, "elements", "elements"),
    "context": (_context, "elements", "elements"),
    "actions": (_actions, "elements", "elements"),
    "context_actions": (_context_actions, "elements", "elements"),
    "divider": (_nothing, "", ""),
    "file": (_nothing, "external_id source", "external_id source"),
    "table": (table, "rows column_settings", "rows"),
    "input": (_input, "label element hint optional dispatch_action", "label element"),
    "image": (_image, "image_url slack_file alt_text title", "alt_text"),
    "markdown": (_markdown, "text", "text"),
    "video": (
        _video,
        "title title_url description provider_name provider_icon_url author_name alt_text thumbnail_url video_url",
        "title alt_text thumbnail_url video_url",
    ),
    "container": (
        _container,
        "title rich_text_title subtitle child_blocks width icon is_collapsible default_collapsed has_header_divider",
        "child_blocks",
    ),
    "card": (_card, "hero_image icon title subtitle body actions", ""),
    "carousel": (_carousel, "elements", "elements"),
    "alert": (_alert, "text level", "text"),
}
