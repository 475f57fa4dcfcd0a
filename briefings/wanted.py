"""What a subscription asks for, and whether a claim is that."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, field

from briefings.edition import Edition
from briefings.naming import market_name
from briefings.words import echo
from knowledge import Claim, Knowledge

Layout = Literal["full", "headlines"]


class Topics(Struct, frozen=True):
    """Names what claims may be on, in four facets: slugs of companies, themes and markets, and words as in a search."""

    companies: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    markets: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class Wanted(Struct, frozen=True):
    """Tells what goes into the digests of a subscription, and how.

    A claim is included by any topic, or, with `every`, by one of each facet that is given; no topics include
    everything. One excluded topic keeps it out in any case. `nothing` tells what to do when nothing is new.

    Raises:
        ValueError: not even one item is asked for.
    """

    include: Topics = field(default_factory=Topics)
    exclude: Topics = field(default_factory=Topics)
    every: bool = False
    most: int = 10
    layout: Layout = "full"
    nothing: Literal["skip", "say", "archive"] = "skip"

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ValueError(f"{self.most} items make no digest; ask for 1 or more")


class Sieve:
    """Tells which claims of a knowledge are wanted; it looks words up once, for all claims."""

    def __init__(self, knowledge: Knowledge, wanted: Wanted) -> None:
        self._wanted = wanted
        searched = {*wanted.include.words, *wanted.exclude.words}
        self._saying = {words: {claim.id for claim in knowledge.full_text.search(words)} for words in searched}

    def includes(self, claim: Claim) -> bool:
        """Returns whether a claim is on what is included."""
        met = [bool(topics) for topics in self._met(self._wanted.include, claim)]
        return not met or (all(met) if self._wanted.every else any(met))

    def excluding(self, claim: Claim) -> str:
        """Returns the topic that excludes a claim, written like theme:regulation, or nothing."""
        return next((topic for topics in self._met(self._wanted.exclude, claim) for topic in topics), "")

    def _met(self, topics: Topics, claim: Claim) -> Iterator[tuple[str, ...]]:
        """Yields for each facet that is given those of its topics that a claim is on."""
        saying = [words for words in topics.words if claim.id in self._saying[words]]
        for facet, given, own in (
            ("company", topics.companies, claim.companies),
            ("theme", topics.themes, claim.themes),
            ("market", topics.markets, claim.markets),
            ("words", topics.words, saying),
        ):
            if given:
                yield tuple(f"{facet}:{topic}" for topic in given if topic in own)


def matches(knowledge: Knowledge, wanted: Wanted, claim: Claim) -> bool:
    """Returns whether a claim is wanted; `Sieve` is cheaper for many claims."""
    sieve = Sieve(knowledge, wanted)
    return sieve.includes(claim) and not sieve.excluding(claim)


def explained(edition: Edition, wanted: Wanted) -> str:
    """Returns what is wanted in words, as it is compiled; a name that left the files stands there as it was given."""
    include, exclude = (_facets(edition, topics) for topics in (wanted.include, wanted.exclude))
    return edition.words.text("wanted", include=include, exclude=exclude, every=wanted.every, most=wanted.most)


def _facets(edition: Edition, topics: Topics) -> dict[str, list[str]]:
    """Returns the names of what is asked for by facet, those not given left out."""
    companies, themes = edition.knowledge.companies, edition.knowledge.themes
    facets = {
        "companies": [companies[slug].names.en if slug in companies else echo(slug) for slug in topics.companies],
        "themes": [themes[slug].names.en if slug in themes else echo(slug) for slug in topics.themes],
        "markets": [market_name(echo(market)) for market in topics.markets],
        "words": [f"“{echo(words)}”" for words in topics.words],
    }
    return {facet: names for facet, names in facets.items() if names}
