"""The answer about one theme, across companies."""

from collections import Counter

from briefings.citing import Citations, side_by_side
from briefings.document import Block, Choices, Document
from briefings.edition import Edition
from briefings.naming import found_note, named_choice, then_note, then_option, title_of
from knowledge import Claim, Found, Period, Theme

MOST_COMPANIES = 10
_SECTIONS = {"fact": "facts", "forecast": "forecasts", "opinion": "opinions"}


def theme_briefing(edition: Edition, found: Found[Theme], then: Period | None = None) -> Document:
    """Returns a theme's claims, newest first, with forecasts and opinions apart, and the companies that they name.

    `then` says that the edition is of a time past.
    """
    theme, words = found.record, edition.words
    every = edition.knowledge.claims_about(theme)
    claims = [claim for claim in every if not claim.retracted]
    companies = Counter(slug for claim in claims for slug in claim.companies)
    newest = claims[0].as_of if claims else None
    summary = edition.piece(
        "theme_summary",
        theme.slug,
        lambda: words.text("theme_summary", theme=theme, claims=len(claims), companies=len(companies), newest=newest),
    )
    citations = Citations(edition)
    blocks: list[Block] = [*found_note(words, found), *then_note(words, then)]
    blocks.append(words.labelled("our_line", theme.line))
    if len(claims) < len(every):
        blocks.append(words.note("retracted", number=len(every) - len(claims)))
    if not claims:
        blocks.append(words.note("no_claims"))
    if companies:
        blocks.append(_companies(edition, companies, then))
    for section in _sections(edition, claims):
        blocks += citations.section(section)
    return Document(
        title=title_of(theme),
        summary=summary,
        command=f"/theme {theme.slug}{then_option(then)}",
        blocks=tuple(blocks),
        sources=citations.sources(),
        language=words.language,
    )


def _sections(edition: Edition, claims: list[Claim]) -> list[tuple[str, list[Claim]]]:
    sections: dict[str, list[Claim]] = {macro: [] for macro in _SECTIONS.values()}
    for together in side_by_side(edition, claims):
        for claim in together:
            sections[_SECTIONS[claim.kind]].append(claim)
    return list(sections.items())


def _companies(edition: Edition, companies: Counter[str], then: Period | None) -> Choices:
    named = (edition.knowledge.companies[slug] for slug, _ in companies.most_common()[:MOST_COMPANIES])
    return Choices(edition.words.text("companies"), tuple(named_choice(company, then) for company in named))
