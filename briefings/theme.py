"""The answer about one theme, across companies."""

from collections import Counter
from collections.abc import Iterable, Sequence

from briefings.citing import Citations, Section, side_by_side
from briefings.document import Block, Choices, Document
from briefings.edition import Edition
from briefings.naming import after_found_note, named_choice, then_note, then_option, title_of
from knowledge import Claim, Found, Period, Theme

MOST_COMPANIES = 10
_SECTIONS = {"fact": "facts", "forecast": "forecasts", "opinion": "opinions"}


def theme_briefing(edition: Edition, found: Found[Theme], then: Period | None = None) -> Document:
    """Returns a theme's claims, newest first, with forecasts and opinions apart, and the companies that they name.

    `then` says that the edition is of a time past.
    """
    return after_found_note(edition.words, found, edition.piece(_told, found.record.slug, then))


def _told(edition: Edition, slug: str, then: Period | None) -> Document:
    theme, words = edition.knowledge.themes[slug], edition.words
    every = edition.knowledge.claims_about(theme)
    standing = [claim for claim in every if not claim.retracted]
    companies = [slug for slug, _ in Counter(slug for claim in standing for slug in claim.companies).most_common()]
    citations = Citations(edition)
    blocks: list[Block] = [*then_note(words, then), words.labelled("our_line", theme.line)]
    if len(standing) < len(every):
        blocks.append(words.note("retracted", number=len(every) - len(standing)))
    if not standing:
        blocks.append(words.note("no_claims"))
    if companies:
        named = (edition.knowledge.companies[slug] for slug in companies[:MOST_COMPANIES])
        blocks.append(Choices(words.text("companies"), tuple(named_choice(company, then) for company in named)))
    for section in _sections(edition, standing):
        blocks += citations.section(section)
    newest = standing[0].as_of if standing else None
    return Document(
        title=title_of(theme),
        summary=words.text("theme_summary", theme=theme, claims=len(standing), companies=len(companies), newest=newest),
        command=f"/theme {slug}{then_option(then)}",
        blocks=tuple(blocks),
        sources=citations.sources(),
        language=words.language,
    )


def _sections(edition: Edition, claims: Iterable[Claim]) -> Sequence[Section]:
    sections: dict[str, list[Claim]] = {macro: [] for macro in _SECTIONS.values()}
    for together in side_by_side(edition, claims):
        for claim in together:
            sections[_SECTIONS[claim.kind]].append(claim)
    return list(sections.items())
