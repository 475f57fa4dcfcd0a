"""The companies that a text names."""

from collections.abc import Sequence

from briefings.document import Block, Choices, Document
from briefings.edition import Edition
from briefings.naming import record_choice
from knowledge import Company


def spot_briefing(edition: Edition, companies: Sequence[Company]) -> Document:
    """Returns the companies found in a text as choices, in the order of their first mention."""
    words = edition.words
    summary = words.text("spot_summary", number=len(companies), names=[company.names.en for company in companies])
    blocks: list[Block] = [words.paragraph("spot_counted", number=len(companies))]
    if companies:
        blocks.append(Choices(words.text("companies"), tuple(record_choice(edition, c) for c in companies)))
    else:
        blocks.append(words.note("spot_none"))
    return Document(words.text("spot_title"), summary, "", tuple(blocks), language=words.language)
