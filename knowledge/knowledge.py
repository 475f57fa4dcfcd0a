"""Everything that the curated files say, loaded, checked and indexed."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from types import MappingProxyType

from knowledge.folding import folded_words, tokens
from knowledge.fulltext import FullText
from knowledge.keys import declared_names
from knowledge.model import Claim, Company, Source, Theme
from knowledge.names import NameIndex, UnknownName
from knowledge.problems import Problem, nearest
from knowledge.spotting import Spotter
from knowledge.succession import together


class Knowledge:
    """Holds companies, themes, sources and claims, each by slug or id; immutable, swapped as a whole.

    `load` makes it and has checked what holds across records: every reference here resolves.
    """

    def __init__(
        self,
        companies: Iterable[Company],
        themes: Iterable[Theme],
        sources: Iterable[Source],
        claims: Iterable[Claim],
        warnings: Iterable[Problem] = (),
    ) -> None:
        self.companies = MappingProxyType({company.slug: company for company in companies})
        self.themes = MappingProxyType({theme.slug: theme for theme in themes})
        self.sources = MappingProxyType({source.id: source for source in sources})
        self.claims = MappingProxyType({claim.id: claim for claim in claims})
        self.warnings = tuple(warnings)

    @cached_property
    def company_names(self) -> NameIndex[Company]:
        """Finds companies by name."""
        return NameIndex("company", self.companies.values())

    @cached_property
    def theme_names(self) -> NameIndex[Theme]:
        """Finds themes by name."""
        return NameIndex("theme", self.themes.values())

    def index(self) -> None:
        """Builds what looking up a name or a record's claims needs, so that no reader waits for it."""
        _ = self.company_names, self.theme_names, self.full_text, self.spotter
        _ = self._by_company, self._by_theme, self._by_source, self._superseding, self._positions
        _ = self._together, self.weightiest_companies, self.weightiest_themes
        self.company_names.index()
        self.theme_names.index()

    @cached_property
    def markets(self) -> tuple[str, ...]:
        """The markets that claims name, by their number of claims."""
        counts = Counter(market for claim in self.claims.values() for market in claim.markets)
        return tuple(market for market, _ in counts.most_common())

    def market_named(self, typed: str, *, mended: bool = True) -> str | None:
        """Returns the market of a name, or of that of the theme of the same market, which has a Chinese one.

        `mended`: a typing error in the name of that theme is mended.
        """
        market = "-".join(folded_words(typed))
        if market not in self.markets:
            with suppress(UnknownName):
                found = self.theme_names.find(typed)
                market = found.record.slug if mended or not found.typo else market
        return market if market in self.markets else None

    @cached_property
    def full_text(self) -> FullText:
        """Finds claims by words."""
        companies = {slug: _names_of(company) for slug, company in self.companies.items()}
        themes = {slug: _names_of(theme) for slug, theme in self.themes.items()}
        sources = {id_: f"{s.title} ; {s.publisher} ; {s.author or ''}" for id_, s in self.sources.items()}
        return FullText(
            (
                claim,
                (
                    *map(companies.__getitem__, claim.companies),
                    *map(themes.__getitem__, claim.themes),
                    *claim.markets,
                ),
                map(sources.__getitem__, claim.sources),
            )
            for claim in self.newest_first
        )

    @cached_property
    def spotter(self) -> Spotter:
        """Finds companies in running text."""
        return Spotter(self.companies.values())

    def sources_like(self, typed: str) -> tuple[Source, ...]:
        """Returns up to three sources whose id begins as typed or is nearly that, or that are called so."""
        begun = [source for id_, source in self.sources.items() if id_.startswith(typed.casefold())]
        near = nearest(typed.casefold(), self.sources)
        found = (*begun, *([self.sources[near]] if near else []), *self.sources_named(typed))
        return tuple({source.id: source for source in found}.values())[:3]

    def sources_named(self, words: str) -> list[Source]:
        """Returns the sources under whose title, publisher and author all the words stand, by their beginnings."""
        wanted = tokens(words)
        return [source for source in self.sources.values() if wanted and _holds(source, wanted)]

    def claims_about(self, record: Company | Theme | Source) -> tuple[Claim, ...]:
        """Returns the claims that belong to a company or theme, or rest on a source, newest first.

        Retracted claims are among them.
        """
        if isinstance(record, Source):
            return self._by_source.get(record.id, ())
        by_slug = self._by_company if isinstance(record, Company) else self._by_theme
        return by_slug.get(record.slug, ())

    def superseding(self, claim: Claim) -> tuple[Claim, ...]:
        """Returns the later claims that contradict or outdate this one, those not retracted, newest first."""
        return self._superseding.get(claim.id, ())

    def superseded(self, claim: Claim) -> tuple[Claim, ...]:
        """Returns the earlier claims that this one contradicts or outdates, those not retracted."""
        return tuple(self.claims[earlier] for earlier in claim.supersedes if not self.claims[earlier].retracted)

    def together(self, claim: Claim) -> tuple[Claim, ...]:
        """Returns a standing claim with all that outdate it or that it outdates, directly or through others.

        Each comes after those that outdate it, else the newest first.
        """
        return self._together.get(claim.id) or (claim,)

    @cached_property
    def newest_first(self) -> tuple[Claim, ...]:
        """All claims, by the start of the period for which they hold, the latest first, else in the files' order."""
        return tuple(sorted(self.claims.values(), key=_recency))

    @cached_property
    def weightiest_companies(self) -> tuple[Company, ...]:
        """Companies by their number of key claims, then by their latest change."""
        return tuple(sorted(self.companies.values(), key=self._weight))

    @cached_property
    def weightiest_themes(self) -> tuple[Theme, ...]:
        """Themes by their number of key claims, then by their latest change."""
        return tuple(sorted(self.themes.values(), key=self._weight))

    @cached_property
    def regulating(self) -> frozenset[str]:
        """The slugs of the themes whose facts are regulation."""
        return frozenset(theme.slug for theme in self.themes.values() if theme.section == "regulation")

    @property
    def weightiest_source(self) -> str | None:
        """The id of the source on which most claims rest."""
        return max(self._by_source, key=lambda id_: len(self._by_source[id_]), default=None)

    def _weight(self, record: Company | Theme) -> tuple[int, int, str]:
        claims = [claim for claim in self.claims_about(record) if not claim.retracted]
        latest = max((claim.changed.toordinal() for claim in claims), default=0)
        return -sum(claim.key for claim in claims), -latest, record.slug

    def position(self, claim: Claim) -> int:
        """Returns the place of a claim among all, newest first."""
        return self._positions[claim.id]

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {claim.id: position for position, claim in enumerate(self.newest_first)}

    @cached_property
    def _by_company(self) -> dict[str, tuple[Claim, ...]]:
        return _grouped((slug, claim) for claim in self.newest_first for slug in claim.companies)

    @cached_property
    def _by_theme(self) -> dict[str, tuple[Claim, ...]]:
        return _grouped((slug, claim) for claim in self.newest_first for slug in claim.themes)

    @cached_property
    def _by_source(self) -> dict[str, tuple[Claim, ...]]:
        return _grouped((source, claim) for claim in self.newest_first for source in claim.sources)

    @cached_property
    def _superseding(self) -> dict[str, tuple[Claim, ...]]:
        standing = (claim for claim in self.newest_first if not claim.retracted)
        return _grouped((earlier, claim) for claim in standing for earlier in claim.supersedes)

    @cached_property
    def _together(self) -> dict[str, tuple[Claim, ...]]:
        groups: dict[str, tuple[Claim, ...]] = {}
        for claim in self.newest_first:
            if claim.id not in groups and claim.supersedes and not claim.retracted:
                group = together(claim, self.superseding, self.superseded, self.position)
                groups.update((one.id, group) for one in group)
        return groups


def _names_of(record: Company | Theme) -> str:
    return " ; ".join(written for written, _kind in declared_names(record))


def _holds(source: Source, wanted: list[str]) -> bool:
    there = tokens(f"{source.title} {source.publisher} {source.author or ''}")
    return all(any(word.startswith(beginning) for word in there) for beginning in wanted)


def _grouped(pairs: Iterable[tuple[str, Claim]]) -> dict[str, tuple[Claim, ...]]:
    groups: dict[str, list[Claim]] = defaultdict(list)
    for slug, claim in pairs:
        groups[slug].append(claim)
    return {slug: tuple(claims) for slug, claims in groups.items()}


def _recency(claim: Claim) -> tuple[int, int]:
    return -claim.as_of.first.toordinal(), -claim.as_of.last.toordinal()
