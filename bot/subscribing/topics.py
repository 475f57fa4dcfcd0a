"""Topics: names as people give them, parted by commas, to what claims may be on, and back."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.subscribing.field_values import LONGEST_TITLE
from bot.typed import shown
from briefings.naming import market_name
from knowledge import Company, Knowledge, Theme, UnknownName, nearest
from knowledge.characters import unsafe
from knowledge.folding import tokens

MOST_TOPICS = 25
LONGEST_TOPIC = 80
_TITLED = 3
_BETWEEN = re.compile(r"[,，、;；\n]")
_FACET = re.compile(r"(company|theme|market|words)\s*[:：]\s*(.*)", re.IGNORECASE)

Compiled = dict[str, str]
"""Topics by how they were typed, each written like theme:regulation with its slug, or words:live commerce."""


class InvalidTopics(Exception):
    """Says which topics cannot be used, with the values and the way out; `unknown` is a name that nobody has."""

    def __init__(self, said: str, unknown: str = "") -> None:
        self.unknown = unknown
        super().__init__(said)


def compiled(knowledge: Knowledge, written: str, before: Mapping[str, str]) -> Compiled:
    """Reads names that commas part, none of them mended; what stood there before in the same words is kept as it was.

    A bare name is a company, else a theme, else a market; `company:`, `theme:`, `market:` and `words:` say which.

    Raises:
        InvalidTopics: with every name that is unknown, or there are too many.
    """
    topics: Compiled = {}
    problems: list[str] = []
    unknown = ""
    for part in filter(None, (" ".join(part.split()) for part in _BETWEEN.split(written))):
        try:
            typed, topic = _read(knowledge, part, before)
            if topic not in topics.values():
                topics[typed] = topic
        except InvalidTopics as invalid:
            problems.append(str(invalid))
            unknown = unknown or invalid.unknown
    if len(topics) > MOST_TOPICS:
        problems.append(f"{len(topics)} are too many; {MOST_TOPICS} are the most")
    if unknown:
        problems.append(f"to look for the words of a text, write words:{unknown}")
    if problems:
        raise InvalidTopics(_together(problems))
    return topics


def title_from(knowledge: Knowledge, topics: Mapping[str, str]) -> str:
    """Returns the title of a subscription that was given none: what it is on."""
    names = [_name(knowledge, topic) for topic in topics.values()]
    told = ", ".join(names[:_TITLED]) + (f" and {len(names) - _TITLED} more" if len(names) > _TITLED else "")
    return (told if len(told) <= LONGEST_TITLE else f"{told[: LONGEST_TITLE - 1]}…") or "All claims"


def _read(knowledge: Knowledge, part: str, before: Mapping[str, str]) -> tuple[str, str]:
    """Returns a topic as it was typed, without quotes, and as it is compiled."""
    typed = part.strip("\"“”„' ")
    match = _FACET.fullmatch(typed)
    facet, name = (match[1].casefold(), match[2].strip("\"“”„' ")) if match else ("", typed)
    typed = f"{facet}:{name}" if facet else name
    if typed in before:
        return typed, before[typed]
    problem = unsafe(name)
    if problem:
        raise InvalidTopics(f"{shown(name)} holds {problem}; remove it")
    if not name or len(name) > LONGEST_TOPIC:
        said = f"{shown(name)} is over {LONGEST_TOPIC} characters" if name else f"{shown(typed)} names nothing"
        raise InvalidTopics(f"{said}; give a name")
    if facet == "words" and not tokens(name):
        raise InvalidTopics(f"{shown(typed)} holds no word; write letters or digits after it")
    topic = f"words:{name}" if facet == "words" else found(knowledge, facet, name)
    if topic is None:
        raise InvalidTopics(_unknown(knowledge, facet, name), name)
    return typed, topic


def found(knowledge: Knowledge, facet: str, name: str) -> str | None:
    """Returns the company, theme or market of a name, written like theme:regulation; any of them if no facet is given.

    Typing errors are not mended.
    """
    finding: dict[str, Callable[[str], str | None]] = {
        "company": lambda typed: _exactly(knowledge.company_names.find, typed),
        "theme": lambda typed: _exactly(knowledge.theme_names.find, typed),
        "market": lambda typed: knowledge.market_named(typed, mended=False),
    }
    for kind in [facet] if facet else finding:
        slug = finding[kind](name)
        if slug:
            return f"{kind}:{slug}"
    return None


def _exactly(find: Callable[[str], Any], typed: str) -> str | None:
    try:
        found = find(typed)
    except UnknownName:
        return None
    return None if found.typo else str(found.record.slug)


def _unknown(knowledge: Knowledge, facet: str, name: str) -> str:
    near = _near(knowledge, facet, name)
    elsewhere = found(knowledge, "", name) if facet else None
    if elsewhere:
        return f"{shown(name)} is no {facet} but a {elsewhere.partition(':')[0]}; write {name} alone"
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"{shown(name)} is no {facet or 'company, theme or market'} that we know{hint}"


def _together(problems: Sequence[str]) -> str:
    """Returns problems as one text of sentences."""
    told = [one if one.endswith("?") else f"{one}." for one in dict.fromkeys(problems)]
    return " ".join(one[0].upper() + one[1:] if number else one for number, one in enumerate(told)).removesuffix(".")


def _near(knowledge: Knowledge, facet: str, name: str) -> list[str]:
    """Returns the names that may have been meant, three at most."""
    records: list[Company | Theme] = []
    for kind, find in (("company", knowledge.company_names.find), ("theme", knowledge.theme_names.find)):
        if facet in ("", kind):
            records += _meant(find, name)
    market = nearest("-".join(name.casefold().split()), knowledge.markets) if facet in ("", "market") else None
    return [*(record.names.en for record in records), *([market_name(market)] if market else [])][:3]


def _meant(find: Callable[[str], Any], name: str) -> list[Company | Theme]:
    try:
        return [find(name).record]
    except UnknownName as unknown:
        return [one for one in unknown.suggestions if isinstance(one, Company | Theme)]


def _name(knowledge: Knowledge, topic: str) -> str:
    facet, _, slug = topic.partition(":")
    records: Mapping[str, Company | Theme] = knowledge.companies if facet == "company" else knowledge.themes
    if facet in ("company", "theme") and slug in records:
        return records[slug].names.en
    return market_name(slug) if facet == "market" else slug
