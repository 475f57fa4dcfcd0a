"""Rules across records: ids and names are unique, references resolve, dates agree."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct, field

from knowledge.characters import mixed_scripts
from knowledge.folding import fold
from knowledge.keys import Strength, declared_keys, declared_names
from knowledge.model import Claim, Company, Record, Source, Theme
from knowledge.names import NameIndex
from knowledge.problems import Problem, did_you_mean

AnyRecord = TypeVar("AnyRecord", bound=Record, covariant=True)
Location = tuple[int | str, ...]


class Loaded(Struct, Generic[AnyRecord], frozen=True):
    """Is a record with the place that it was read from; `line_of("sources", 1)` is the line of a field."""

    record: AnyRecord
    file: str
    line_of: Callable[..., int]

    def problem(self, message: str, *location: int | str) -> Problem:
        """Returns a problem at a field of this record."""
        name = ".".join(part for part in location if isinstance(part, str))
        return Problem(self.file, self.line_of(*location), name, message)


class Broken(Struct):
    """Knows which records could not be read, so that references to them are not told as problems of their own.

    `files` says that any record may be missing; a type without name in it, that any record of that type may be.
    """

    files: bool = False
    names: dict[type[Record], set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, type_: type[Record], name: str) -> None:
        """Takes note of a record that is broken; an empty name stands for one that is not known."""
        self.names[type_].add(name)

    def may_hold(self, type_: type[Record], name: str) -> bool:
        """Returns whether a record of this name may be among those that could not be read."""
        return (
            self.files
            or "" in self.names[type_]
            or name in {fold(broken) for broken in self.names[type_]} | self.names[type_]
        )


def broken_rules(loaded: Sequence[Loaded[Record]], broken: Broken) -> Iterator[Problem]:
    """Yields every rule across records that is broken: errors."""
    companies, themes = of_type(Company, loaded), of_type(Theme, loaded)
    sources, claims = of_type(Source, loaded), of_type(Claim, loaded)
    yield from _repeated([(entry, "slug", entry.record.slug) for entry in companies])
    yield from _repeated([(entry, "slug", entry.record.slug) for entry in themes])
    yield from _repeated([(entry, "id", entry.record.id) for entry in sources])
    yield from _repeated([(entry, "id", entry.record.id) for entry in claims])
    yield from _colliding_names(companies)
    yield from _colliding_names(themes)
    source_by_id = {entry.record.id: entry.record for entry in sources}
    claim_by_id = {entry.record.id: entry.record for entry in claims}
    known: dict[str, tuple[type[Record], set[str]]] = {
        "sources": (Source, set(source_by_id)),
        "companies": (Company, {entry.record.slug for entry in companies}),
        "themes": (Theme, {entry.record.slug for entry in themes}),
        "supersedes": (Claim, set(claim_by_id)),
    }
    for entry in claims:
        yield from _dangling(entry, known, broken)
        yield from _against_sources(entry, source_by_id)
        yield from _against_superseded(entry, claim_by_id)
    for company in companies:
        about = company.record.about
        if about in claim_by_id:
            yield from _wrong_about(company, claim_by_id[about])
        elif about and not broken.may_hold(Claim, about):
            hint = did_you_mean(about, claim_by_id) or "; name a claim about it, or remove the line"
            yield company.problem(f'unknown claim "{about}"{hint}', "about")


def of_type(type_: type[AnyRecord], loaded: Sequence[Loaded[Record]]) -> list[Loaded[AnyRecord]]:
    """Returns the loaded records of one type."""
    return [cast("Loaded[Any]", entry) for entry in loaded if isinstance(entry.record, type_)]


def _repeated(entries: Sequence[tuple[Loaded[Record], str, str]]) -> Iterator[Problem]:
    first: dict[str, Loaded[Record]] = {}
    for entry, key, name in entries:
        other = first.setdefault(name, entry)
        if other is not entry:
            where = f"{other.file}:{other.line_of(key)}"
            yield entry.problem(f'"{name}" stands already in {where}; give this one another', key)


def _colliding_names(entries: Sequence[Loaded[Company]] | Sequence[Loaded[Theme]]) -> Iterator[Problem]:
    holders: dict[str, tuple[Loaded[Company] | Loaded[Theme], str]] = {}
    for entry in entries:
        for key, written, kind in declared_keys(entry.record):
            location = _location_of(entry.record, written, kind)
            if not key:
                yield entry.problem(f'"{written}" has no letter or digit to search by; remove it', *location)
            elif kind != "weak":
                holder, other = holders.setdefault(key, (entry, written))
                if holder.record.slug != entry.record.slug:
                    message = (
                        f'"{written}" is found by the same letters as "{other}" of {holder.record.slug}'
                        f" ({holder.file}:{holder.line_of()}); list one of the two under aliases.weak"
                    )
                    yield entry.problem(message, *location)


def _location_of(record: Company | Theme, written: str, kind: str) -> Location:
    if written == record.slug:
        return ("slug",)
    if written in (record.names.en, record.names.zh):
        return ("names", "en" if written == record.names.en else "zh")
    if isinstance(record, Theme):
        return ("aliases", record.aliases.index(written))
    return ("aliases", kind, getattr(record.aliases, kind).index(written))


def _dangling(
    entry: Loaded[Claim], known: Mapping[str, tuple[type[Record], set[str]]], broken: Broken
) -> Iterator[Problem]:
    for field_name, (type_, names) in known.items():
        for number, name in enumerate(getattr(entry.record, field_name)):
            if name not in names and not broken.may_hold(type_, name):
                hint = did_you_mean(name, names) or "; add its entry, or correct the name"
                yield entry.problem(f'unknown {type_.__name__.lower()} "{name}"{hint}', field_name, number)


def _against_sources(entry: Loaded[Claim], sources: Mapping[str, Source]) -> Iterator[Problem]:
    as_of = entry.record.as_of
    published = [sources[name].published for name in entry.record.sources if name in sources]
    if published and all(period is not None and as_of.first > period.last for period in published):
        message = f"{as_of} lies after every source was published; give the date for which the sources speak"
        yield entry.problem(message, "as_of")


def _against_superseded(entry: Loaded[Claim], claims: Mapping[str, Claim]) -> Iterator[Problem]:
    claim = entry.record
    for number, name in enumerate(claim.supersedes):
        earlier = claims.get(name)
        if claim.id in _all_superseded_by(name, claims):
            message = f'"{name}" leads back to this claim; a claim cannot supersede itself'
            yield entry.problem(message, "supersedes", number)
        elif earlier and earlier.as_of.first > claim.as_of.last:
            message = f'"{name}" holds for {earlier.as_of}, after this one ({claim.as_of}); turn the two about'
            yield entry.problem(message, "supersedes", number)


def _all_superseded_by(name: str, claims: Mapping[str, Claim]) -> set[str]:
    """Returns a claim's id with the ids of all that it supersedes, directly or through others."""
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in reached and current in claims:
            waiting += claims[current].supersedes
        reached.add(current)
    return reached


def _wrong_about(entry: Loaded[Company], claim: Claim) -> Iterator[Problem]:
    if entry.record.slug not in claim.companies:
        yield entry.problem(f'claim "{claim.id}" does not belong to this company; name another', "about")
    elif claim.retracted:
        yield entry.problem(f'claim "{claim.id}" is retracted; name another', "about")


def cautions(loaded: Sequence[Loaded[Record]]) -> Iterator[Problem]:
    """Yields what is accepted but should be looked at: warnings."""
    claims = of_type(Claim, loaded)
    cited = set(chain.from_iterable(entry.record.sources for entry in claims))
    for source in of_type(Source, loaded):
        if source.record.url.casefold().startswith("http:"):
            yield source.problem("plain http, printed as it is; prefer https where the publisher has it", "url")
        if source.record.id not in cited:
            yield source.problem(f'no claim cites "{source.record.id}"; cite it or remove it', "id")
    named: list[Loaded[Company] | Loaded[Theme]] = [*of_type(Company, loaded), *of_type(Theme, loaded)]
    for entry in named:
        for written, kind in declared_names(entry.record):
            word = mixed_scripts(written)
            if word:
                message = f'"{word}" mixes Latin letters with look-alikes; type it anew'
                yield entry.problem(message, *_location_of(entry.record, written, kind))
    yield from _shared_keys(of_type(Company, loaded))
    yield from _lone_markets(claims, of_type(Company, loaded))


def missing_pinyin(companies: Sequence[Loaded[Company]], propose: Callable[[str], str | None]) -> Iterator[Problem]:
    """Yields companies with a Chinese name and no pinyin, with a proposal where there is one."""
    for entry in companies:
        name = entry.record.names.zh
        if name and not entry.record.aliases.pinyin:
            pinyin = propose(name)
            way_out = (
                f'"{pinyin}" is proposed; read it aloud, then list it under aliases.pinyin'
                if pinyin
                else "the extra [curate] proposes it: pip install 'briefbot[curate]'"
            )
            yield entry.problem(f'no pinyin for "{name}"; {way_out}', "names", "zh")


def _shared_keys(companies: Sequence[Loaded[Company]]) -> Iterator[Problem]:
    """Yields derived keys that meet another company's: typed, they only suggest both."""
    places = {entry.record.slug: entry for entry in companies}
    for key, holders in NameIndex("company", (entry.record for entry in companies)).shared.items():
        for holder in holders:
            others = " and ".join(sorted({other.slug for other in holders} - {holder.slug}))
            message = f'"{key}" is found in "{holder.written}", and means {others} as well, so it only suggests'
            if holder.strength is Strength.DERIVED:
                yield places[holder.slug].problem(
                    f"{message}; list it under aliases.weak to leave it to {others}", "aliases"
                )


def _lone_markets(claims: Sequence[Loaded[Claim]], companies: Sequence[Loaded[Company]]) -> Iterator[Problem]:
    """Yields markets that are named once and nearly like another: markets have no entries to check against."""
    uses: dict[str, list[tuple[Loaded[Record], Location]]] = defaultdict(list)
    for claim in claims:
        for number, market in enumerate(claim.record.markets):
            uses[market].append((claim, ("markets", number)))
    for company in companies:
        if not company.record.foreign:
            uses[company.record.home].append((company, ("home",)))
    from rapidfuzz.distance import OSA  # only for a curator

    known = [market for market, places in uses.items() if len(places) > 1]
    for market, places in uses.items():
        near = [other for other in known if OSA.distance(market, other) <= 2]
        if len(places) == 1 and near:
            entry, location = places[0]
            yield entry.problem(f'only here is a market called "{market}"{did_you_mean(market, near)}', *location)
