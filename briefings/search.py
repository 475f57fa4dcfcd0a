"""The claims that say certain words, and the names that match them."""

from collections.abc import Iterator

from msgspec import Struct

from briefings.citing import Citations
from briefings.document import MOST_COMMAND, Block, Choices, Document
from briefings.edition import Edition
from briefings.measure import length
from briefings.naming import market_name, record_choice, source_choice
from briefings.words import echo
from knowledge import Claim, Company, Period, Theme

MOST_NAMES = 5
FEW = 3
"""Claims shown of a search whose line is too long for the buttons that would turn its pages."""


class Filters(Struct, frozen=True):
    """Holds what a search is narrowed to; periods count by the days that they span."""

    company: Company | None = None
    theme: Theme | None = None
    market: str | None = None
    kind: str | None = None
    since: Period | None = None
    until: Period | None = None

    def admit(self, claim: Claim) -> bool:
        """Returns whether a claim passes every filter."""
        return (
            (self.company is None or self.company.slug in claim.companies)
            and (self.theme is None or self.theme.slug in claim.themes)
            and (self.market is None or self.market in claim.markets)
            and (self.kind is None or self.kind == claim.kind)
            and (self.since is None or claim.as_of.first >= self.since.first)
            and (self.until is None or claim.as_of.last <= self.until.last)
        )

    def options(self) -> Iterator[str]:
        """Yields the filters as a line writes them."""
        given = {
            "company": self.company and self.company.slug,
            "theme": self.theme and self.theme.slug,
            "market": self.market,
            "kind": self.kind,
            "since": self.since,
            "until": self.until,
        }
        yield from (f"{name}:{value}" for name, value in given.items() if value)


def search_briefing(edition: Edition, typed: str, filters: Filters) -> Document:
    """Returns the claims found, best first (newest first without words), and the names and sources that match."""
    words, knowledge = edition.words, edition.knowledge
    candidates = knowledge.full_text.search(typed) if typed else knowledge.newest_first
    claims = [claim for claim in candidates if not claim.retracted and filters.admit(claim)]
    command = " ".join(("/search", *filter(None, (echo(typed), *filters.options()))))
    turnable = length(command) <= MOST_COMMAND - len(" page:999")
    shown = claims if turnable else claims[:FEW]
    citations = Citations(edition)
    said = {
        "typed": echo(typed),
        "filters": filters,
        "market": market_name(filters.market or ""),
        "claims": len(claims),
        "shown": len(shown),
    }
    blocks: list[Block] = [words.paragraph("search_applied", **said)]
    blocks += _names(edition, typed)
    blocks += citations.section(("claims_found", shown))
    if not claims:
        blocks.append(words.note("nothing_found"))
    return Document(
        title=words.text("search_title"),
        summary=words.text("search_applied", **said),
        command=command if turnable else "",
        blocks=tuple(blocks),
        sources=citations.sources(),
        language=words.language,
    )


def _names(edition: Edition, typed: str) -> Iterator[Choices]:
    knowledge = edition.knowledge
    records: dict[str, Company | Theme] = {}
    for company in (*knowledge.company_names.complete(typed, MOST_NAMES), *knowledge.spotter.spot(typed)):
        records[f"company {company.slug}"] = company
    for theme in knowledge.theme_names.complete(typed, MOST_NAMES):
        records[f"theme {theme.slug}"] = theme
    choices = [record_choice(edition, record) for record in list(records.values())[:MOST_NAMES] if typed]
    choices += [source_choice(source) for source in knowledge.sources_named(typed)][:MOST_NAMES]
    if choices:
        yield Choices(edition.words.text("names_found"), tuple(choices))
