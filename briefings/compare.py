"""Companies side by side, like for like."""

from collections import Counter
from collections.abc import Iterator, Sequence

from briefings.citing import Citations
from briefings.document import Choices, Document, NoClaim, Row, Statement, Table
from briefings.edition import Edition
from briefings.naming import named_choice
from knowledge import Claim, Company

MOST_ROWS = 8


def compare_briefing(edition: Edition, companies: Sequence[Company]) -> Document:
    """Returns a table with what each company is and, by theme, the weightiest claim of each; an empty cell says so.

    The themes are those in which most of the companies have a claim, then those with most claims.
    """
    words = edition.words
    citations = Citations(edition)
    names = tuple(company.names.en for company in companies)
    rows = [Row(words.text("what_it_is"), tuple(_about(edition, company, citations) for company in companies))]
    rows += _theme_rows(edition, companies, citations)
    choices = tuple(map(named_choice, companies))
    return Document(
        title=words.text("compare_title", names=names),
        summary=words.text("compare_summary", names=names, rows=len(rows)),
        command="/compare " + ", ".join(company.slug for company in companies),
        blocks=(words.note("compare_note"), Table(names, tuple(rows)), Choices(words.text("companies"), choices)),
        sources=citations.sources(),
        language=words.language,
    )


def _about(edition: Edition, company: Company, citations: Citations) -> Statement | NoClaim:
    if company.about is None:
        return edition.words.no_claim()
    return citations.statement(edition.knowledge.claims[company.about])


def _theme_rows(edition: Edition, companies: Sequence[Company], citations: Citations) -> Iterator[Row]:
    knowledge = edition.knowledge
    standing = [list(_comparable(edition, company)) for company in companies]
    themes = [{theme for claim in claims for theme in claim.themes} for claims in standing]
    having = Counter(theme for of_one in themes for theme in of_one)
    claims = Counter(theme for of_one in standing for claim in of_one for theme in claim.themes)
    chosen = sorted(having, key=lambda theme: (-having[theme], -claims[theme], theme))[:MOST_ROWS]
    for theme in chosen:
        found = [next((claim for claim in of_one if theme in claim.themes), None) for of_one in standing]
        cells = tuple(citations.statement(claim) if claim else edition.words.no_claim() for claim in found)
        yield Row(knowledge.themes[theme].names.en, cells)


def _comparable(edition: Edition, company: Company) -> list[Claim]:
    """Returns the claims that may stand for a company: key claims first, then those about it alone, then the newest."""
    knowledge = edition.knowledge
    current = [c for c in knowledge.claims_about(company) if not c.retracted and not knowledge.superseding(c)]
    return sorted(
        (c for c in current if c.id != company.about), key=lambda claim: (not claim.key, len(claim.companies))
    )
