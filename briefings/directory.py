"""The lists of everything that can be asked for."""

from collections.abc import Iterable

from briefings.document import Choice, Choices, Document
from briefings.edition import Edition
from knowledge import Company, Theme


def companies_briefing(edition: Edition) -> Document:
    """Returns all companies with their number of claims and the newest date, those at home first, then by name."""
    companies = sorted(edition.knowledge.companies.values(), key=lambda c: (c.foreign, c.names.en.casefold()))
    return _listing(edition, "companies", companies)


def themes_briefing(edition: Edition) -> Document:
    """Returns all themes with their number of claims and the newest date, by name."""
    themes = sorted(edition.knowledge.themes.values(), key=lambda theme: theme.names.en.casefold())
    return _listing(edition, "themes", themes)


def record_choice(edition: Edition, record: Company | Theme) -> Choice:
    """Returns a record as a choice that asks for it, with its number of claims and the newest date."""
    words = edition.words
    standing = [claim for claim in edition.knowledge.claims_about(record) if not claim.retracted]
    detail = words.text(
        "list_detail",
        claims=len(standing),
        newest=standing[0].as_of if standing else None,
        foreign=isinstance(record, Company) and record.foreign,
    )
    command = "company" if isinstance(record, Company) else "theme"
    return Choice(title_of(record), f"/{command} {record.slug}", detail)


def title_of(record: Company | Theme) -> str:
    """Returns the names of a company or theme as a title: Tencent · 腾讯."""
    return " · ".join(filter(None, (record.names.en, record.names.zh)))


def _listing(edition: Edition, macro: str, records: Iterable[Company | Theme]) -> Document:
    words = edition.words
    choices = tuple(record_choice(edition, record) for record in records)
    counts = {"number": len(choices), "claims": len(edition.knowledge.claims)}
    title, summary = words.text(macro), f"{macro}_summary"
    return Document(
        title=title,
        summary=words.text(summary, **counts),
        command=f"/{macro}",
        blocks=(words.paragraph(summary, **counts), Choices(title, choices)),
        language=words.language,
    )
