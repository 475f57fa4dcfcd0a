"""Whether Discord would take a message, and whether it could disturb or deceive those who read it.

Source: discord.com/developers/docs/resources/message.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.discord_components import component_problems
from tests.fakes.discord_errors import Path, Problem, Problems, text
from tests.fakes.discord_records import COMPONENTS_V2, SUPPRESS_EMBEDS, Payload, length, tree

_EMBED = {"title": 256, "description": 4096}
_CODE = re.compile(r"```.*?```|``.*?``|`[^`\n]*`", re.DOTALL)
_MASKED = re.compile(
    r"(?<!\\)\[((?:\\.|\[[^\[\]]*\]|[^\[\]\\])*)\]\(\s*<?(https?://[^\s<>]*?)>?(?:\s+[\"'][^\"']*[\"'])?\s*\)"
)
_ADDRESS = re.compile(r"(?<!<)https?://", re.IGNORECASE)


def message_problems(message: Payload) -> Problems:
    """Yields why Discord would refuse a message as it would then stand."""
    v2 = bool(message["flags"] & COMPONENTS_V2)
    yield from text(message, "content", (), 2000, least=0, required=False)
    if v2:
        for key in ("content", "embeds", "poll", "sticker_ids"):
            if message.get(key):
                words = f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
                yield Problem((key,), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", words)
    yield from component_problems(message.get("components") or [], v2=v2)
    yield from _embeds(message.get("embeds") or [])
    if len(message.get("attachments") or []) > 10:
        yield Problem(("attachments",), "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")


def nonce_problems(payload: Payload) -> Problems:
    """Yields what is wrong with the nonce of a message."""
    nonce = payload.get("nonce")
    if nonce is not None and not isinstance(nonce, int):
        yield from text(payload, "nonce", (), 25)
    if payload.get("enforce_nonce") and nonce is None:
        yield Problem(("nonce",), "BASE_TYPE_REQUIRED", "This field is required")


def empty(message: Payload) -> bool:
    """Whether there is nothing in a message."""
    return not (str(message.get("content") or "").strip()) and not any(
        message.get(key) for key in ("embeds", "components", "attachments", "sticker_ids", "poll")
    )


def _embeds(embeds: Any) -> Problems:
    if not isinstance(embeds, list) or not all(isinstance(embed, dict) for embed in embeds):
        yield Problem(("embeds",), "LIST_TYPE_CONVERT", "Only lists of objects may be here.")
        return
    if len(embeds) > 10:
        yield Problem(("embeds",), "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    for index, embed in enumerate(embeds):
        yield from _embed(embed, ("embeds", index))
    if sum(length(one) for embed in embeds for one in _texts(embed)) > 6000:
        yield Problem(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")


def _embed(embed: Payload, path: Path) -> Problems:
    for key, most in _EMBED.items():
        yield from text(embed, key, path, most, least=0, required=False)
    yield from text(embed.get("footer") or {}, "text", (*path, "footer"), 2048, required=bool(embed.get("footer")))
    yield from text(embed.get("author") or {}, "name", (*path, "author"), 256, required=bool(embed.get("author")))
    fields = embed.get("fields") or []
    if len(fields) > 25:
        yield Problem((*path, "fields"), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for index, field in enumerate(fields):
        yield from text(field, "name", (*path, "fields", index), 256)
        yield from text(field, "value", (*path, "fields", index), 1024)


def _texts(embed: Payload) -> Iterator[str]:
    for key in _EMBED:
        yield str(embed.get(key) or "")
    yield str((embed.get("footer") or {}).get("text", ""))
    yield str((embed.get("author") or {}).get("name", ""))
    for field in embed.get("fields") or []:
        yield f"{field.get('name', '')}{field.get('value', '')}"


def manners(payload: Payload, message: Payload) -> Iterator[str]:
    """Yields how a message, as it is sent and as it will stand, could ping somebody or hide where a link leads."""
    if any(payload.get(key) for key in ("content", "embeds", "components")):
        yield from _mentions(payload.get("allowed_mentions"))
    components = [str(one.get("content", "")) for one in tree(message.get("components") or []) if one["type"] == 10]
    embedded = [one for embed in message.get("embeds") or [] for one in _texts(embed)]
    content = str(message.get("content") or "")
    for one in (content, *components, *embedded):
        yield from masked_links(one)
    if _ADDRESS.search(_CODE.sub("", content)) and not message["flags"] & (SUPPRESS_EMBEDS | COMPONENTS_V2):
        yield "an address in the text and no SUPPRESS_EMBEDS: Discord would show what is behind it"


def _mentions(allowed: Any) -> Iterator[str]:
    if not isinstance(allowed, dict) or allowed.get("parse") != []:
        yield f"allowed_mentions missing: {allowed!r} instead of an empty parse list"
    elif allowed.get("users") or allowed.get("roles") or allowed.get("replied_user"):
        yield f"allowed_mentions allow some: {allowed!r}"


def masked_links(markdown: str) -> Iterator[str]:
    """Yields the links whose text is neither a number in brackets nor ends with the host that they lead to."""
    for found in _MASKED.finditer(_CODE.sub("", markdown)):
        shown, address = re.sub(r"\\(.)", r"\1", found[1]).strip(), found[2]
        named = re.search(r"\(([^()\s]+)\)$", shown)
        if not re.fullmatch(r"\[\d+\]", shown) and not (named and _host(named[1]) == _host(urlsplit(address).hostname)):
            yield f"a link whose text does not say where it leads: {found[0][:120]!r}"


def _host(name: str | None) -> str:
    host = (name or "").casefold().removeprefix("www.")
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host
