"""The documents that tell of trouble with digests: missed, failed, may be out, paused, or shut out all together."""

from collections.abc import Mapping
from typing import Any, Literal

from briefings.digest import Imprint
from briefings.document import Choice, Choices, Document, Page
from briefings.edition import Edition
from briefings.words import echo
from knowledge import Period

Trouble = Literal["missed", "failed", "uncertain", "paused", "shut_out", "overdue"]


def notice_briefing(edition: Edition, imprint: Imprint, trouble: Trouble, told: Mapping[str, Any]) -> Document:
    """Returns what happened to a digest, and what can be done; `told` are the values of the sentence for a trouble, its
    instants in the zone in which they are told.
    """
    words = edition.words
    values = {name: echo(value) if name == "title" else value for name, value in told.items()}
    place = values.pop("place", "")
    said = f"notice_{trouble}"
    paragraph = words.placed(said, place, **values) if place else words.paragraph(said, **values)
    choices: tuple[Choice, ...] = imprint.also
    why = edition.as_typed(f"/why {imprint.delivery}") if imprint.delivery else ""
    title = words.text(f"{said}_title", title=echo(imprint.title))
    return Document(
        title=title,
        summary=title if place else words.text(said, **values),
        command="",
        blocks=(paragraph, *([Choices(words.text("look_further"), choices)] if choices else [])),
        page=Page(1, 1, words.text("digest_line", on=Period.of(edition.today), delivery=why)),
        language=words.language,
    )
