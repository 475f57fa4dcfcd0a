"""Arguments to documents: reads what was typed into records and dates, and asks the composer."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Literal, cast

from bot.ports import MenuItem
from briefings.changes import changes_briefing
from briefings.company import company_briefing
from briefings.compare import compare_briefing
from briefings.directory import companies_briefing, themes_briefing
from briefings.document import Document
from briefings.edition import Edition
from briefings.naming import market_name
from briefings.search import Filters, search_briefing
from briefings.source import source_briefing
from briefings.spot import spot_briefing
from briefings.theme import theme_briefing
from briefings.timeline import timeline_briefing
from knowledge import Company, Knowledge, Period, Theme, UnknownName, as_of

Arguments = Mapping[str, str]
USUAL_DAYS = 30
_DAYS = re.compile(r"([0-9]{1,5})d", re.IGNORECASE)
_BETWEEN_NAMES = re.compile(r"\s*[,，、]\s*|\s+vs\.?\s+", re.IGNORECASE)


class Misused(Exception):
    """Says that a line cannot be answered as it stands; `macro` words the way out."""

    def __init__(self, macro: str, item: MenuItem | None = None, **values: object) -> None:
        self.macro = macro
        self.item = item
        self.values = values
        super().__init__(macro)


def company(edition: Edition, arguments: Arguments) -> Document:
    """Answers `/company`."""
    found = edition.knowledge.company_names.find(arguments["name"])
    then = _period(arguments, "as_of")
    return company_briefing(_at(edition, then), found, then)


def theme(edition: Edition, arguments: Arguments) -> Document:
    """Answers `/theme`."""
    found = edition.knowledge.theme_names.find(arguments["name"])
    then = _period(arguments, "as_of")
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
    """Answers `/compare`; names without anything between them are parted where known names meet."""
    typed = [name for name in (arguments.get("a"), arguments.get("b"), arguments.get("c")) if name]
    names = edition.knowledge.company_names
    if len(typed) == 1:
        typed = _parted(edition.knowledge, typed[0])
    found = [names.find(name).record for name in typed]
    if len(found) < 2:
        raise Misused("compare_one", name=found[0].names.en)
    twice = next((company for company in found if found.count(company) > 1), None)
    if twice:
        raise Misused("compare_twice", name=twice.names.en)
    return compare_briefing(edition, found)


def search(edition: Edition, arguments: Arguments) -> Document:
    """Answers `/search`."""
    knowledge = edition.knowledge
    typed = {name: arguments.get(name, "") for name in ("company", "theme", "market", "kind")}
    filters = Filters(
        company=knowledge.company_names.find(typed["company"]).record if typed["company"] else None,
        theme=knowledge.theme_names.find(typed["theme"]).record if typed["theme"] else None,
        market=_market(knowledge, typed["market"]) if typed["market"] else None,
        kind=_kind(typed["kind"]) if typed["kind"] else None,
        since=_period(arguments, "since"),
        until=_period(arguments, "until"),
    )
    if filters.since and filters.until and filters.since.first > filters.until.last:
        raise Misused("since_after_until", since=str(filters.since), until=str(filters.until))
    words = arguments.get("words", "")
    if not words and filters == Filters():
        raise Misused("nothing_to_search")
    return search_briefing(edition, words, filters)


def changes(edition: Edition, arguments: Arguments) -> Document:
    """Answers `/changes`."""
    typed = arguments.get("days") or f"{USUAL_DAYS}d"
    match = _DAYS.fullmatch(typed)
    if not match:
        raise Misused("bad_days", typed=typed)
    days = int(match[1])
    since = edition.today - timedelta(days=min(days, edition.today.toordinal() - 1))
    record = _named(edition.knowledge, arguments["name"]) if arguments.get("name") else None
    return changes_briefing(edition, record, since, days)


def timeline(edition: Edition, arguments: Arguments) -> Document:
    """Answers `/timeline`."""
    return timeline_briefing(edition, _named(edition.knowledge, arguments["name"]))


def spot(edition: Edition, arguments: Arguments) -> Document:
    """Answers `/spot`."""
    return spot_briefing(edition, edition.knowledge.spotter.spot(arguments["text"]))


def split_names(words: str) -> list[str]:
    """Returns names that stand apart by `,` or ` vs `."""
    return [name for name in _BETWEEN_NAMES.split(words) if name]


def split_period(words: str) -> list[str]:
    """Returns a name and a closing number of days such as 30d, each empty where it is not given."""
    name, _, last = words.rpartition(" ")
    return [name, last] if _DAYS.fullmatch(last) else [words, ""]


def _at(edition: Edition, then: Period | None) -> Edition:
    if then is None:
        return edition
    return replace(edition, knowledge=as_of(edition.knowledge, then), today=min(edition.today, then.last))


def _period(arguments: Arguments, name: str) -> Period | None:
    typed = arguments.get(name)
    if not typed:
        return None
    try:
        return Period.parse(typed)
    except ValueError:
        raise Misused("bad_date", typed=f"{name}:{typed}", name=name) from None


def _kind(typed: str) -> Literal["fact", "forecast", "opinion"]:
    kind = typed.casefold().removesuffix("s")
    if kind not in ("fact", "forecast", "opinion"):
        raise Misused("bad_kind", typed=f"kind:{typed}")
    return cast("Literal['fact', 'forecast', 'opinion']", kind)


def _market(knowledge: Knowledge, typed: str) -> str:
    market = "-".join(re.findall(r"\w+", typed.casefold()))
    if market not in knowledge.markets:
        raise Misused("bad_market", typed=f"market:{typed}", markets=[market_name(m) for m in knowledge.markets])
    return market


def _named(knowledge: Knowledge, typed: str) -> Company | Theme:
    """Returns the company, else the theme, that goes by a name."""
    try:
        return knowledge.company_names.find(typed).record
    except UnknownName as unknown:
        try:
            return knowledge.theme_names.find(typed).record
        except UnknownName as neither:
            raise UnknownName("name", typed, (*unknown.suggestions, *neither.suggestions)[:3]) from None


def _parted(knowledge: Knowledge, typed: str) -> list[str]:
    """Returns the two or three known names that make up a text, the first as long as can be, else the text whole."""
    words = typed.split()
    return next(_partings(knowledge, words, 3), None) or [typed]


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
