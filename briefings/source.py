"""The answer about one source."""

from briefings.citing import Citations, side_by_side
from briefings.document import Document
from briefings.edition import Edition
from knowledge import Period, Source


def source_briefing(edition: Edition, source: Source) -> Document:
    """Returns what is known of a source, and every claim that rests on it."""
    words = edition.words
    citations = Citations(edition)
    number = citations.cite(source)
    claims = [claim for claim in edition.knowledge.claims_about(source) if not claim.retracted]
    own = {claim.id for claim in claims}
    others = [claim for group in side_by_side(edition, claims) for claim in group if claim.id not in own]
    described = [
        words.labelled(macro, text)
        for macro, text in (
            ("source_author", source.author),
            ("source_published", words.text("published", source=source)),
            ("source_accessed", words.date(Period.of(source.accessed))),
            ("source_language", source.language),
            ("source_reliability", source.reliability),
            ("source_shows", source.shows),
        )
        if text
    ]
    return Document(
        title=source.title,
        summary=words.text("source_summary", source=source, claims=len(claims)),
        command=f"/source {source.id}",
        blocks=(
            words.labelled("source_publisher", source.publisher, citations=(number,)),
            *described,
            *citations.section(("source_claims", claims)),
            *citations.section(("outdating", others)),
        ),
        sources=citations.sources(),
        language=words.language,
    )
