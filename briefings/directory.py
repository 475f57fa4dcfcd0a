"""The lists of everything that can be asked for."""

from collections.abc import Iterable

from briefings.document import Choices, Document
from briefings.edition import Edition
from briefings.naming import record_choice
from knowledge import Company, Theme


def companies_briefing(edition: Edition) -> Document:
    """Returns all companies with their number of claims and the newest date, those at home first, then by name."""
    companies = sorted(edition.knowledge.companies.values(), key=lambda c: (c.foreign, c.names.en.casefold()))
    return _listing(edition, "companies", companies)


def themes_briefing(edition: Edition) -> Document:
    """Returns all themes with their number of claims and the newest date, by name."""
    themes = sorted(edition.knowledge.themes.values(), key=lambda theme: theme.names.en.casefold())
    return _listing(edition, "themes", themes)


def _listing(edition: Edition, macro: str, records: Iterable[Company | Theme]) -> Document:
    words = edition.words
    records = list(records)
    claims = {c.id for record in records for c in edition.knowledge.claims_about(record) if not c.retracted}
    choices = tuple(record_choice(edition, record) for record in records)
    counts = {"number": len(choices), "claims": len(claims)}
    title, summary = words.text(macro), f"{macro}_summary"
    return Document(
        title=title,
        summary=words.text(summary, **counts),
        command=f"/{macro}",
        blocks=(words.paragraph(summary, **counts), Choices(words.text("pick_one"), choices)),
        language=words.language,
    )
