"""The answer about one theme, across companies."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from briefings.citing import Citations, Section, side_by_side
from briefings.document import Block, Choices, Document
from briefings.edition import Edition
from briefings.naming import found_note, named_choice, then_note, then_option, title_of
from knowledge import Claim, Found, Period, Theme

MOST_COMPANIES = 10
_SECTIONS = {"fact": "facts", "forecast": "forecasts", "opinion": "opinions"}


class _Order(Struct, frozen=True):
    """Tells which claims of a theme stand where in its answer, and which companies they name, most frequent first."""

    standing: tuple[Claim, ...]
    retracted: int
    companies: tuple[str, ...]
    sections: Sequence[Section]


def theme_briefing(edition: Edition, found: Found[Theme], then: Period | None = None) -> Document:
    """Returns a theme's claims, newest first, with forecasts and opinions apart, and the companies that they name.

    `then` says that the edition is of a time past.
    """
    theme, words = found.record, edition.words
    order = edition.piece(_order, theme.slug)
    citations = Citations(edition)
    blocks: list[Block] = [*found_note(words, found), *then_note(words, then)]
    blocks.append(words.labelled("our_line", theme.line))
    if order.retracted:
        blocks.append(words.note("retracted", number=order.retracted))
    if not order.standing:
        blocks.append(words.note("no_claims"))
    if order.companies:
        blocks.append(edition.piece(_companies, theme.slug, then))
    for section in order.sections:
        blocks += citations.section(section)
    return Document(
        title=title_of(theme),
        summary=edition.piece(_summary, theme.slug),
        command=f"/theme {theme.slug}{then_option(then)}",
        blocks=tuple(blocks),
        sources=citations.sources(),
        language=words.language,
    )


def _order(edition: Edition, slug: str) -> _Order:
    every = edition.knowledge.claims_about(edition.knowledge.themes[slug])
    standing = tuple(claim for claim in every if not claim.retracted)
    companies = Counter(slug for claim in standing for slug in claim.companies)
    sections: dict[str, list[Claim]] = {macro: [] for macro in _SECTIONS.values()}
    for together in side_by_side(edition, standing):
        for claim in together:
            sections[_SECTIONS[claim.kind]].append(claim)
    ranked = tuple(slug for slug, _ in companies.most_common())
    return _Order(standing, len(every) - len(standing), ranked, list(sections.items()))


def _summary(edition: Edition, slug: str) -> str:
    theme, order = edition.knowledge.themes[slug], edition.piece(_order, slug)
    claims, companies = len(order.standing), len(order.companies)
    newest = order.standing[0].as_of if order.standing else None
    return edition.words.text("theme_summary", theme=theme, claims=claims, companies=companies, newest=newest)


def _companies(edition: Edition, slug: str, then: Period | None) -> Choices:
    companies = edition.piece(_order, slug).companies
    named = (edition.knowledge.companies[slug] for slug in companies[:MOST_COMPANIES])
    return Choices(edition.words.text("companies"), tuple(named_choice(company, then) for company in named))
