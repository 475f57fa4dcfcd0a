"""Completions of what is being typed, best first."""

from collections.abc import Iterator, Mapping, Sequence

from bot.commands import command_named
from bot.ports import Argument
from bot.schedule import InvalidSchedule, parse
from bot.schedule_words import EXAMPLES
from bot.subscribing.topics import found
from bot.zones import zones_like
from briefings.document import MOST_COMMAND, Choice
from briefings.measure import length
from briefings.naming import market_name, title_of
from knowledge import Company, Knowledge, Theme

KINDS = {"fact": "Facts", "forecast": "Forecasts", "opinion": "Opinions"}
_COMMAS = ",，、;；"
_FACETS = ("company", "theme", "market")
Named = tuple[str, str]
"""A label, and the text that it stands for."""


def suggestions(knowledge: Knowledge, command: str, argument: str, typed: str, most: int) -> list[Choice]:
    """Returns completions of an argument, best first; for nothing typed, the weightiest.

    The command of each is the command's name and the whole value.
    """
    item = command_named(command)
    asked = next((a for a in item.item.arguments if a.name == argument), None) if item else None
    if asked is None:
        return []
    lines = ((label, f"/{command} {value}") for label, value in _values(knowledge, asked, typed, most))
    return [Choice(label, line) for label, line in lines if length(line) <= MOST_COMMAND][:most]


def _values(knowledge: Knowledge, argument: Argument, typed: str, most: int) -> Iterator[Named]:
    match argument.kind:
        case "company" | "theme" | "name":
            facets = ("company", "theme") if argument.kind == "name" else (argument.kind,)
            yield from ((title_of(one), one.slug) for one in _records(knowledge, facets, typed, most))
        case "source":
            yield from _sources(knowledge, typed)
        case "market":
            yield from _beginning({market: market_name(market) for market in knowledge.markets}, typed)
        case "kind":
            yield from _beginning(KINDS, typed)
        case "value":
            yield from _beginning({value: value.replace("_", " ") for value in argument.values}, typed)
        case "zone":
            yield from ((name.replace("_", " "), name) for name in zones_like(typed, most))
        case "schedule":
            yield from _schedules(typed)
        case "topics":
            yield from _topics(knowledge, typed, most)


def _records(knowledge: Knowledge, facets: Sequence[str], typed: str, most: int) -> list[Company | Theme]:
    companies: Sequence[Company] = ()
    themes: Sequence[Theme] = ()
    if "company" in facets:
        companies = knowledge.company_names.complete(typed, most) if typed else knowledge.weightiest_companies
    if "theme" in facets:
        themes = knowledge.theme_names.complete(typed, most) if typed else knowledge.weightiest_themes
    some: list[Company | Theme] = [*companies[: most - min(len(themes), most // 2)], *themes]
    return some[:most]


def _sources(knowledge: Knowledge, typed: str) -> Iterator[Named]:
    begun = [source for source in knowledge.sources.values() if source.id.startswith(typed.casefold())]
    sources = {source.id: source for source in (*begun, *knowledge.sources_named(typed))}
    yield from ((f"{source.id} · {source.title}", source.id) for source in sources.values())


def _beginning(labels: Mapping[str, str], typed: str) -> Iterator[Named]:
    start = "-".join(typed.casefold().split())
    yield from ((label, value) for value, label in labels.items() if value.replace("_", "-").startswith(start))


def _schedules(typed: str) -> Iterator[Named]:
    """Yields what was typed, explained, if it is a schedule, then examples that begin so."""
    try:
        said = parse(typed, "UTC").explained.removesuffix(", UTC")
        yield said, typed.strip()
    except InvalidSchedule:
        pass
    start = " ".join(typed.casefold().split())
    yield from ((example, example) for example in EXAMPLES if example.startswith(start) and example != start)


def _topics(knowledge: Knowledge, typed: str, most: int) -> Iterator[Named]:
    """Yields completions of the last name, each after what stands before it."""
    cut = max(typed.rfind(comma) for comma in _COMMAS) + 1
    before, last = typed[:cut].strip(), typed[cut:].strip()
    facet, colon, name = last.replace("：", ":").partition(":")
    facet = facet.strip().casefold()
    named = bool(colon) and facet in _FACETS
    for label, value in _named(knowledge, (facet,) if named else _FACETS, name.strip() if named else last, most):
        yield (f"{before} {label}", f"{before} {value}") if before else (label, value)


def _named(knowledge: Knowledge, facets: Sequence[str], typed: str, most: int) -> Iterator[Named]:
    for record in _records(knowledge, facets, typed, most):
        facet = "company" if isinstance(record, Company) else "theme"
        yield title_of(record), _written(knowledge, facet, record.names.en, record.slug)
    if "market" in facets:
        for label, market in _beginning({market: market_name(market) for market in knowledge.markets}, typed):
            written = _written(knowledge, "market", label, market)
            yield (label if written == label else written), written


def _written(knowledge: Knowledge, facet: str, name: str, slug: str) -> str:
    """Returns a topic by its name, where that alone means it, else by its facet and slug."""
    alone = not any(comma in name for comma in f"{_COMMAS}:") and found(knowledge, "", name) == f"{facet}:{slug}"
    return name if alone else f"{facet}:{slug}"
