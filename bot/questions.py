"""Arguments to documents: reads what was typed into records and dates, and asks the composer."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Literal, cast

from msgspec.structs import replace

from bot.misused import Misused
from briefings.changes import changes_briefing
from briefings.company import company_briefing
from briefings.compare import compare_briefing
from briefings.directory import companies_briefing, themes_briefing
from briefings.document import Document
from briefings.edition import Edition
from briefings.naming import found_note, market_name
from briefings.search import Filters, search_briefing
from briefings.source import source_briefing
from briefings.spot import spot_briefing
from briefings.theme import theme_briefing
from briefings.timeline import timeline_briefing
from knowledge import Company, Found, Knowledge, Period, Source, Theme, UnknownName, as_of

Arguments = Mapping[str, str]
USUAL_DAYS = 30
MOST_COMPARED = 3
_DAYS = re.compile(r"([0-9]{1,5})\s?(?:d|days?)?", re.IGNORECASE)
_PERIOD = re.compile(r"(?<!\S)([0-9]{1,5})\s?(?:d|days?)(?!\S)", re.IGNORECASE)
_BETWEEN_NAMES = (  # compiled where it is needed: that takes as long as an answer
    r"\s*[,，、;；/]\s*|\s+(?:(?i:vs\.?|versus|and)|&)\s+|(?<=[\u4e00-\u9fff])\s*[和与跟]\s*(?=[\u4e00-\u9fff])"
)


def company(edition: Edition, arguments: Arguments) -> Document:
    """Answers `/company`."""
    found = edition.knowledge.company_names.find(arguments["name"])
    then = _period(edition, arguments, "as_of")
    return company_briefing(_at(edition, then), found, then)


def theme(edition: Edition, arguments: Arguments) -> Document:
    """Answers `/theme`."""
    found = edition.knowledge.theme_names.find(arguments["name"])
    then = _period(edition, arguments, "as_of")
    return theme_briefing(_at(edition, then), found, then)


def companies(edition: Edition, _: Arguments) -> Document:
    """Answers `/companies`."""
    return companies_briefing(edition)


def themes(edition: Edition, _: Arguments) -> Document:
    """Answers `/themes`."""
    return themes_briefing(edition)


def source(edition: Edition, arguments: Arguments) -> Document:
    """Answers `/source`."""
    found = edition.knowledge.sources.get(arguments["id"].casefold())
    if found is None:
        raise UnknownName("source", arguments["id"], edition.knowledge.sources_like(arguments["id"]))
    return source_briefing(edition, found)


def compare(edition: Edition, arguments: Arguments) -> Document:
    """Answers `/compare`; names that nothing parts, or that hold what parts others, are told apart by known names."""
    typed = [name for name in (arguments.get("a"), arguments.get("b"), arguments.get("c")) if name]
    names = edition.knowledge.company_names
    try:
        found = [names.find(name) for name in typed]
    except UnknownName:
        found = [names.find(name) for name in _parted(edition.knowledge, " ".join(typed)) or typed]
    if len(found) == 1:
        raise Misused("compare_one", name=found[0].record.names.en)
    records = [one.record for one in found]
    twice = next((company for company in records if records.count(company) > 1), None)
    if twice:
        raise Misused("compare_twice", name=twice.names.en)
    return _noted(edition, compare_briefing(edition, records), *found)


def search(edition: Edition, arguments: Arguments) -> Document:
    """Answers `/search`."""
    knowledge = edition.knowledge
    typed = {name: arguments.get(name, "") for name in ("company", "theme", "market", "kind")}
    company = knowledge.company_names.find(typed["company"]) if typed["company"] else None
    theme = knowledge.theme_names.find(typed["theme"]) if typed["theme"] else None
    filters = Filters(
        company=company.record if company else None,
        theme=theme.record if theme else None,
        market=_market(knowledge, typed["market"]) if typed["market"] else None,
        kind=_kind(typed["kind"]) if typed["kind"] else None,
        since=_period(edition, arguments, "since"),
        until=_period(edition, arguments, "until"),
    )
    if filters.since and filters.until and filters.since.first > filters.until.last:
        raise Misused("since_after_until", since=str(filters.since), until=str(filters.until))
    words = arguments.get("words", "")
    if not words and filters == Filters():
        raise Misused("nothing_to_search", command="/search")
    return _noted(edition, search_briefing(edition, words, filters), *(one for one in (company, theme) if one))


def changes(edition: Edition, arguments: Arguments) -> Document:
    """Answers `/changes`."""
    match = _DAYS.fullmatch(arguments.get("days") or f"{USUAL_DAYS}d")
    if not match:
        raise Misused("bad_days", typed=arguments["days"])
    days = int(match[1])
    since = edition.today - timedelta(days=min(days, edition.today.toordinal() - 1))
    name = arguments.get("name", "")
    try:
        found = _named(edition.knowledge, name) if name else None
    except UnknownName:
        if name[:1].isdecimal():
            raise Misused("bad_days", typed=name) from None
        raise
    document = changes_briefing(edition, found.record if found else None, since, days)
    return _noted(edition, document, *([found] if found else []))


def timeline(edition: Edition, arguments: Arguments) -> Document:
    """Answers `/timeline`."""
    found = _named(edition.knowledge, arguments["name"])
    return _noted(edition, timeline_briefing(edition, found.record), found)


def spot(edition: Edition, arguments: Arguments) -> Document:
    """Answers `/spot`."""
    return spot_briefing(edition, edition.knowledge.spotter.spot(arguments["text"]))


def split_names(words: str) -> list[str]:
    """Returns up to three names that stand apart by a comma, ` vs ` or the like.

    Raises:
        Misused: there are more.
    """
    names = [name for name in re.split(_BETWEEN_NAMES, words) if name]
    if len(names) > MOST_COMPARED:
        raise Misused("compare_many", number=len(names))
    return names


def split_period(words: str) -> list[str]:
    """Returns a name and a number of days before or after it, such as 30d, each empty where it is not given."""
    match = _PERIOD.search(words)
    if match is None:
        return [words, ""]
    return [" ".join(f"{words[: match.start()]} {words[match.end() :]}".split()), f"{match[1]}d"]


def _noted(edition: Edition, document: Document, *found: Found[Company] | Found[Theme]) -> Document:
    """Returns a document that says first how its names were found, where that is not plain to see."""
    notes = [note for one in found for note in found_note(edition.words, one) if one.typo]
    return replace(document, blocks=(*notes, *document.blocks))


def _at(edition: Edition, then: Period | None) -> Edition:
    if then is None:
        return edition
    return Edition(as_of(edition.knowledge, then), min(edition.today, then.last), edition.words, edition.names)


def _period(edition: Edition, arguments: Arguments, name: str) -> Period | None:
    typed = arguments.get(name)
    if not typed:
        return None
    try:
        period = Period.parse(typed)
    except ValueError:
        period = None
    if period is None or period.inferred:
        raise Misused("bad_date", typed=f"{name}:{typed}", name=name)
    if name == "as_of" and period.first > edition.today:
        raise Misused("future_date", typed=f"{name}:{typed}")
    return period


def _kind(typed: str) -> Literal["fact", "forecast", "opinion"]:
    kind = typed.casefold().removesuffix("s")
    if kind not in ("fact", "forecast", "opinion"):
        raise Misused("bad_kind", typed=f"kind:{typed}")
    return cast("Literal['fact', 'forecast', 'opinion']", kind)


def _market(knowledge: Knowledge, typed: str) -> str:
    market = knowledge.market_named(typed)
    if market is None:
        raise Misused("bad_market", typed=f"market:{typed}", markets=[market_name(m) for m in knowledge.markets])
    return market


def _named(knowledge: Knowledge, typed: str) -> Found[Company] | Found[Theme]:
    """Returns the company, else the theme, that goes by a name; a mended name comes last."""
    found: list[Found[Company] | Found[Theme]] = []
    suggestions: list[Company | Theme | Source] = []
    for index in (knowledge.company_names, knowledge.theme_names):
        try:
            found.append(index.find(typed))
        except UnknownName as unknown:
            suggestions += unknown.suggestions
    if not found:
        raise UnknownName("name", typed, tuple(suggestions[:3]))
    return min(found, key=lambda one: one.typo)


def _parted(knowledge: Knowledge, typed: str) -> list[str] | None:
    """Returns the known names, three at most, that make up a text, the first as long as can be, if any do."""
    return next(_partings(knowledge, typed.split(), MOST_COMPARED), None)


def _partings(knowledge: Knowledge, words: list[str], most: int) -> Iterator[list[str]]:
    for end in range(len(words), 0, -1):
        name = " ".join(words[:end])
        try:
            exact = not knowledge.company_names.find(name).typo
        except UnknownName:
            exact = False
        if exact and end == len(words):
            yield [name]
        elif exact and most > 1:
            yield from ([name, *others] for others in _partings(knowledge, words[end:], most - 1))
