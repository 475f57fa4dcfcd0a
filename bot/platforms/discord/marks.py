"""By what a message of ours is known again: the line at its foot, which carries its delivery and its part."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.platforms.discord.render import payload
from bot.publishing import Post

SHORT = 8
"""Characters of a delivery's key that people see."""

_MARKUP = re.compile(r"[\\\u200b]|^-# ", re.MULTILINE)


def carries(message: Mapping[str, Any], post: Post) -> bool:
    """Returns whether a message of ours is the one that was to be posted.

    Where its page has no line that names the delivery, its whole text tells.
    """
    if str(message.get("nonce") or "") == post.key:
        return True
    line = plain(post.page.page.line) if post.page.page else ""
    texts = [plain(text) for text in _texts(message.get("components"))]
    if line and post.key[:SHORT] in line:
        return any(line in text.split("\n") for text in texts)
    return texts == [plain(text) for text in _texts(payload(post.page)["components"])]


def plain(text: str) -> str:
    """Returns a text without what is put around its characters when it is sent, line by line."""
    return "\n".join(" ".join(line.split()) for line in _MARKUP.sub("", text).split("\n")).strip()


def _texts(components: object) -> Iterator[str]:
    for one in components if isinstance(components, list) else []:
        if isinstance(one.get("content"), str):
            yield one["content"]
        yield from _texts(one.get("components"))
