"""Small knowledge for tests: each builder asks only for what matters to the test."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import knowledge
from bot.settings import CURATED
from briefings.digest import Correction, Imprint, correction_briefing, digest_briefing, nothing_briefing
from briefings.document import Choice, Document
from briefings.edition import Edition
from briefings.selection import Revision, Selection, choose
from briefings.wanted import Wanted
from briefings.words import words_in
from knowledge import Claim, Company, Knowledge, Source, Theme

AIRSHIPS = Path(__file__).parent / "airships"
TODAY = date(2033, 6, 15)

__all__ = ["AIRSHIPS", "CURATED", "TODAY"]


@cache
def airships() -> Knowledge:
    return knowledge.load(AIRSHIPS)


@cache
def curated() -> Knowledge:
    return knowledge.load(CURATED)


def edition(known: Knowledge, today: date = TODAY) -> Edition:
    return Edition(known, today, words_in("en"))


def source(id_: str = "paper", **fields: Any) -> Source:
    values = {
        "id": id_,
        "title": "A title",
        "publisher": "A publisher",
        "url": "https://paper.example/page",
        "published": "2030-01-01",
        "accessed": "2031-01-01",
        "language": "en",
        "reliability": "Unknown.",
        "shows": "Something.",
    }
    return Source.model_validate(values | fields)


def claim(id_: str = "claim", text: str = "It is so.", **fields: Any) -> Claim:
    values = {
        "id": id_,
        "text": text,
        "kind": "fact",
        "as_of": "2029",
        "attributed_to": "Somebody",
        "sources": ["paper"],
        "companies": ["acme"],
        "themes": ["things"],
        "added": "2031-01-01",
    }
    return Claim.model_validate(values | fields)


def company(slug: str = "acme", en: str = "", **fields: Any) -> Company:
    values = {"slug": slug, "names": {"en": en or slug.title()}, "home": "home"}
    return Company.model_validate(values | fields)


def theme(slug: str = "things", **fields: Any) -> Theme:
    return Theme.model_validate({"slug": slug, "names": {"en": slug.title()}, "line": "Things."} | fields)


def knowing(*claims: Claim, companies: tuple[Company, ...] = (), **fields: Any) -> Knowledge:
    """Returns a knowledge of the given claims, with what they refer to."""
    given = {c.slug: c for c in companies}
    slugs = {slug for c in claims for slug in c.companies} - set(given)
    return Knowledge(
        [*given.values(), *(company(slug) for slug in sorted(slugs))],
        [theme(slug) for slug in sorted({slug for c in claims for slug in c.themes})],
        [source(id_) for id_ in sorted({id_ for c in claims for id_ in c.sources})],
        claims,
    )


NOON = datetime(2033, 6, 15, 12, tzinfo=UTC)
"""When the digests of tests are due; their subscriptions were made ten days before."""


def selected(
    known: Knowledge,
    wanted: Wanted = Wanted(),  # noqa: B008  a frozen value
    *,
    old: tuple[Revision, ...] = (),
    shown: tuple[Revision, ...] = (),
    later: tuple[Revision, ...] = (),
) -> Selection:
    """Returns what a digest tells that finds every revision new, but the `old` and those taken up `later`."""
    every = [(c.id, number) for c in known.claims.values() for number in range(c.revision + 1)]
    days = dict.fromkeys(every, -1) | dict.fromkeys(old, -20) | dict.fromkeys(later, 1)
    seen = {revision: NOON + timedelta(days=day) for revision, day in days.items()}
    return choose(known, wanted, seen=seen, shown=shown, since=NOON - timedelta(days=10), due=NOON)


def current(known: Knowledge) -> tuple[Revision, ...]:
    return tuple((c.id, c.revision) for c in known.claims.values())


def imprint(**fields: Any) -> Imprint:
    return Imprint(**{"title": "Morning", "delivery": "7F3A2K9Q"} | fields)


def every_digest(at: Edition) -> Iterator[Document]:
    """Yields what is posted of a knowledge unasked: each kind of item, both layouts, late, cut off, and corrected."""
    known = at.knowledge
    full, few = Wanted(most=50, nothing="archive"), Wanted(most=4, nothing="archive")
    revised = tuple((c.id, n) for c in known.claims.values() for n in range(c.revision))
    for wanted in (full, few):
        for told in (selected(known, wanted, old=revised), selected(known, wanted, old=current(known))):
            yield digest_briefing(at, imprint(), told)
            yield digest_briefing(at, imprint(late=timedelta(minutes=40)), told, "headlines")
    yield nothing_briefing(at, imprint(also=(Choice("Manage", "/help"),)), TODAY)
    gone = [Correction(c, 0, TODAY) for c in known.claims.values() if c.retracted]
    if gone:
        yield correction_briefing(at, imprint(title=""), gone)


GOOD = """\
companies:
  - slug: acme
    names: {en: Acme}
    home: home
themes:
  - slug: things
    names: {en: Things}
    line: What is a thing.
sources:
  - id: paper
    title: A title
    publisher: A publisher
    url: https://paper.example/page
    published: 2030-01-01
    accessed: 2031-01-01
    language: en
    reliability: Unknown.
    shows: Something.
claims:
  - id: first
    text: It is so.
    kind: fact
    as_of: 2029
    sources: [paper]
    companies: [acme]
    themes: [things]
    added: 2031-01-01
"""
"""A knowledge file without a problem, to be spoiled by tests."""


def written(folder: Path, text: str = GOOD, name: str = "all.yaml") -> Path:
    """Writes a knowledge file and returns its folder."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder
