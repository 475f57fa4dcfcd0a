"""The answer about one company."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from briefings.citing import Citations, Section, side_by_side
from briefings.document import Block, Break, Choices, Document, Fact, Facts, Heading
from briefings.edition import Edition
from briefings.naming import after_found_note, market_name, named_choice, then_note, then_option, title_of
from knowledge import Claim, Company, Figure, Found, Period

MOST_FIGURES = 5
MOST_IN_BRIEF = 6
FEWEST_IN_BRIEF = 3
MOST_CHOICES = 5
PHONE_COLUMNS = 48
PHONE_ROWS = 36
"""A screen and a half of a phone, less the introduction and the choices."""
_SECTIONS = ("in_figures", "abroad", "at_home", "regulation", "in_general", "forecasts", "opinions")


class _Order(Struct, frozen=True):
    """Tells which claims of a company stand where in its answer; sections are left out where the brief tells all."""

    standing: tuple[Claim, ...]
    retracted: int
    about: tuple[Claim, ...]
    figures: tuple[tuple[Claim, Figure], ...]
    chosen: Sequence[Claim]
    sections: Sequence[Section]


def company_briefing(edition: Edition, found: Found[Company], then: Period | None = None) -> Document:
    """Returns a company's brief on a first page, and all its claims by group on the pages after it.

    Where the brief tells every claim already, it is the whole answer. `then` says that the edition is of a time past.
    """
    return after_found_note(edition.words, found, edition.piece(_told, found.record.slug, then))


def _told(edition: Edition, slug: str, then: Period | None) -> Document:
    company, words = edition.knowledge.companies[slug], edition.words
    order = _order(edition, company)
    citations = Citations(edition)
    blocks: list[Block] = [*then_note(words, then), *_introduction(edition, company, order, citations)]
    if order.standing:
        blocks += _brief(edition, order, citations)
        blocks += _neighbours(edition, company, order.standing, then)
        if order.sections:
            blocks += [Break(), *(block for section in order.sections for block in citations.section(section))]
    else:
        blocks.append(words.note("no_claims"))
    newest = order.standing[0].as_of if order.standing else None
    return Document(
        title=title_of(company),
        summary=words.text("company_summary", company=company, claims=len(order.standing), newest=newest),
        command=f"/company {slug}{then_option(then)}",
        blocks=tuple(blocks),
        sources=citations.sources(),
        language=words.language,
    )


def _order(edition: Edition, company: Company) -> _Order:
    knowledge = edition.knowledge
    every = knowledge.claims_about(company)
    standing = tuple(claim for claim in every if not claim.retracted)
    about = [knowledge.claims[company.about]] if company.about else []
    introducing = tuple(claim for together in side_by_side(edition, about) for claim in together)
    current = [claim for claim in standing if not knowledge.superseding(claim)]
    weighty = sorted(current, key=lambda claim: not claim.key)  # stable: the newest first among equals
    figures = tuple(_key_figures(weighty))[:MOST_FIGURES]
    chosen = _chosen(weighty, {company.about, *(claim.id for claim, _ in figures)}, len(figures))
    told = {claim.id for claim in (*introducing, *chosen)}
    sections = [] if all(claim.id in told for claim in standing) else _sections(edition, company, standing)
    return _Order(standing, len(every) - len(standing), introducing, figures, chosen, sections)


def _chosen(weighty: list[Claim], told: set[str | None], figures: int) -> list[Claim]:
    chosen = [claim for claim in weighty if claim.id not in told][:MOST_IN_BRIEF]
    while len(chosen) > FEWEST_IN_BRIEF and sum(map(_rows, chosen)) + 3 * figures > PHONE_ROWS:
        chosen.pop()
    return chosen


def _introduction(edition: Edition, company: Company, order: _Order, citations: Citations) -> Iterator[Block]:
    words, aliases = edition.words, company.aliases
    yield words.paragraph("company_kind", company=company, market=market_name(company.home))
    names = [*aliases.legal, *aliases.former, *aliases.ticker][:MOST_CHOICES]
    if names:
        yield words.note("also_called", names=names)
    if order.retracted:
        yield words.note("retracted", number=order.retracted)
    if company.about:
        yield from map(citations.statement, order.about)
    else:
        yield words.note("no_about")


def _brief(edition: Edition, order: _Order, citations: Citations) -> Iterator[Block]:
    if order.figures:
        yield Heading(edition.words.text("key_figures"))
        yield Facts(tuple([Fact(_capital(f.what), citations.statement(claim, f)) for claim, f in order.figures]))
    yield from citations.section(("what_matters", order.chosen))


def _rows(claim: Claim) -> int:
    """Returns about how many rows a claim takes on a phone, with its dateline."""
    return 2 + len(claim.text) // PHONE_COLUMNS + (len(claim.attributed_to or "") > PHONE_COLUMNS // 2)


def _key_figures(claims: Iterable[Claim]) -> Iterator[tuple[Claim, Figure]]:
    for claim in claims:
        if claim.kind == "fact":
            yield from ((claim, figure) for figure in claim.figures)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sections(edition: Edition, company: Company, claims: Iterable[Claim]) -> list[Section]:
    sections: dict[str, list[Claim]] = {macro: [] for macro in _SECTIONS}
    for together in side_by_side(edition, claims):
        section = _section_of(edition, company, together[0])
        for claim in together:  # what is no fact stays apart, even beside the fact that outdates it
            apart = claim.kind != together[0].kind
            sections[_section_of(edition, company, claim) if apart else section].append(claim)
    return list(sections.items())


def _section_of(edition: Edition, company: Company, claim: Claim) -> str:
    if claim.kind != "fact":
        return f"{claim.kind}s"
    if not edition.knowledge.regulating.isdisjoint(claim.themes):
        return "regulation"
    if claim.markets.count(company.home) < len(claim.markets):
        return "abroad"
    if claim.figures:
        return "in_figures"
    return "at_home" if claim.markets else "in_general"


def _neighbours(edition: Edition, company: Company, claims: Iterable[Claim], then: Period | None) -> Iterator[Choices]:
    """Yields the themes that its claims belong to, and the companies that are named with it, most frequent first."""
    knowledge, words = edition.knowledge, edition.words
    themes = Counter(theme for claim in claims for theme in claim.themes)
    peers = Counter(other for claim in claims for other in claim.companies if other != company.slug)
    named = tuple(named_choice(knowledge.themes[slug], then) for slug, _ in themes.most_common(MOST_CHOICES))
    others = tuple(named_choice(knowledge.companies[slug], then) for slug, _ in peers.most_common(MOST_CHOICES))
    for title, offered in (("themes", named), ("peers", others)):
        if offered:
            yield Choices(words.text(title), offered)
