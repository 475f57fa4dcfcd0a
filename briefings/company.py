"""The answer about one company."""

from collections import Counter
from collections.abc import Iterator

from briefings.citing import Citations, Section, side_by_side
from briefings.document import Block, Break, Choices, Document, Fact, Facts, Heading, Statement
from briefings.edition import Edition
from briefings.naming import found_note, market_name, named_choice, then_note, then_option, title_of
from knowledge import Claim, Company, Figure, Found, Period

MOST_FIGURES = 5
MOST_IN_BRIEF = 6
FEWEST_IN_BRIEF = 3
MOST_CHOICES = 5
PHONE_COLUMNS = 48
PHONE_ROWS = 36
"""A screen and a half of a phone, less the introduction and the choices."""
_SECTIONS = ("in_figures", "abroad", "at_home", "regulation", "in_general", "forecasts", "opinions")


def company_briefing(edition: Edition, found: Found[Company], then: Period | None = None) -> Document:
    """Returns a company's brief on a first page, and all its claims by group on the pages after it.

    Where the brief tells every claim already, it is the whole answer. `then` says that the edition is of a time past.
    """
    company, words = edition.knowledge.companies[found.record.slug], edition.words
    claims = [claim for claim in edition.knowledge.claims_about(company) if not claim.retracted]
    citations = Citations(edition)
    blocks: list[Block] = [*found_note(words, found), *then_note(words, then)]
    blocks += [*_introduction(edition, company, citations)]
    if claims:
        brief = tuple(_brief(edition, company, claims, citations))
        blocks += [*brief, *_neighbours(edition, company, claims, then)]
        told = {block.claim for block in blocks if isinstance(block, Statement)}
        if any(claim.id not in told for claim in claims):
            sections = _sections(edition, company, claims)
            blocks += [Break(), *(block for section in sections for block in citations.section(section))]
    else:
        blocks.append(words.note("no_claims"))
    newest = claims[0].as_of if claims else None
    return Document(
        title=title_of(company),
        summary=edition.piece(
            "company_summary",
            company.slug,
            lambda: words.text("company_summary", company=company, claims=len(claims), newest=newest),
        ),
        command=f"/company {company.slug}{then_option(then)}",
        blocks=tuple(blocks),
        sources=citations.sources(),
        language=words.language,
    )


def _introduction(edition: Edition, company: Company, citations: Citations) -> Iterator[Block]:
    words = edition.words
    aliases = company.aliases
    names = [*aliases.legal, *aliases.former, *aliases.ticker][:MOST_CHOICES]
    yield edition.piece(
        "company_kind",
        company.slug,
        lambda: words.paragraph("company_kind", company=company, market=market_name(company.home)),
    )
    if names:
        yield edition.piece("also_called", company.slug, lambda: words.note("also_called", names=names))
    retracted = sum(claim.retracted is not None for claim in edition.knowledge.claims_about(company))
    if retracted:
        yield words.note("retracted", number=retracted)
    if company.about:
        about = edition.knowledge.claims[company.about]
        yield from (citations.statement(claim) for together in side_by_side(edition, [about]) for claim in together)
    else:
        yield words.note("no_about")


def _brief(edition: Edition, company: Company, claims: list[Claim], citations: Citations) -> Iterator[Block]:
    words = edition.words
    current = [claim for claim in claims if not edition.knowledge.superseding(claim)]
    weighty = sorted(current, key=lambda claim: not claim.key)  # stable: the newest first among equals
    figures = list(_key_figures(weighty))[:MOST_FIGURES]
    if figures:
        yield Heading(words.text("key_figures"))
        yield Facts(tuple(Fact(_capital(f.what), citations.statement(claim, f)) for claim, f in figures))
    told = {company.about, *(claim.id for claim, _ in figures)}
    chosen = [claim for claim in weighty if claim.id not in told][:MOST_IN_BRIEF]
    while len(chosen) > FEWEST_IN_BRIEF and sum(map(_rows, chosen)) + 3 * len(figures) > PHONE_ROWS:
        chosen.pop()
    yield from citations.section(("what_matters", chosen))


def _rows(claim: Claim) -> int:
    """Returns about how many rows a claim takes on a phone, with its dateline."""
    return 2 + len(claim.text) // PHONE_COLUMNS + (len(claim.attributed_to or "") > PHONE_COLUMNS // 2)


def _key_figures(claims: list[Claim]) -> Iterator[tuple[Claim, Figure]]:
    for claim in claims:
        if claim.kind == "fact":
            yield from ((claim, figure) for figure in claim.figures)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sections(edition: Edition, company: Company, claims: list[Claim]) -> list[Section]:
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


def _neighbours(edition: Edition, company: Company, claims: list[Claim], then: Period | None) -> Iterator[Block]:
    """Yields the themes that its claims belong to, and the companies that are named with it, most frequent first."""
    knowledge, words = edition.knowledge, edition.words
    themes = Counter(theme for claim in claims for theme in claim.themes)
    peers = Counter(other for claim in claims for other in claim.companies if other != company.slug)
    if themes:
        named = (knowledge.themes[slug] for slug, _ in themes.most_common()[:MOST_CHOICES])
        yield Choices(words.text("themes"), tuple(named_choice(theme, then) for theme in named))
    if peers:
        others = (knowledge.companies[slug] for slug, _ in peers.most_common()[:MOST_CHOICES])
        yield Choices(words.text("peers"), tuple(named_choice(other, then) for other in others))
