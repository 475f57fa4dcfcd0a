"""What is known of a company or theme, year by year."""

from itertools import groupby

from briefings.citing import Citations
from briefings.document import Block, Choices, Document, Heading
from briefings.edition import Edition
from briefings.naming import named_choice, title_of
from knowledge import Company, Theme


def timeline_briefing(edition: Edition, record: Company | Theme) -> Document:
    """Returns the standing claims of a company or theme in the order of time, the earliest year first."""
    words = edition.words
    standing = (claim for claim in edition.knowledge.claims_about(record) if not claim.retracted)
    claims = sorted(standing, key=lambda claim: claim.as_of.first)
    citations = Citations(edition)
    blocks: list[Block] = [] if claims else [words.note("no_claims")]
    for year, of_year in groupby(claims, key=lambda claim: claim.as_of.year):
        blocks.append(Heading(str(year)))
        blocks += (citations.statement(claim) for claim in of_year)
    blocks.append(Choices(words.text("look_further"), (named_choice(record),)))
    first, last = (claims[0].as_of, claims[-1].as_of) if claims else (None, None)
    return Document(
        title=words.text("timeline_title", title=title_of(record)),
        summary=words.text("timeline_summary", name=record.names.en, claims=len(claims), first=first, last=last),
        command=f"/timeline {record.slug}",
        blocks=tuple(blocks),
        sources=citations.sources(),
        language=words.language,
    )
