"""Claims to statements: numbering the sources, and the words of dates, age, speaker and standing."""

from collections.abc import Iterable, Iterator
from datetime import date

from briefings.document import Heading, SourceEntry, Statement
from briefings.edition import Edition
from knowledge import Change, Claim, Figure, Knowledge, Period, Source

Section = tuple[str, list[Claim]]
"""A macro that names a heading, and the claims under it."""


class Citations:
    """Numbers the sources of one document in the order of their first use."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._numbers: dict[str, int] = {}

    def cite(self, source: Source) -> int:
        """Returns the number of a source."""
        return self._numbers.setdefault(source.id, len(self._numbers) + 1)

    def statement(self, claim: Claim, figure: Figure | None = None) -> Statement:
        """Returns what a claim says, or one figure of it, cited and dated."""
        words, knowledge = self._edition.words, self._edition.knowledge
        return Statement(
            text=words.figure(figure) if figure else claim.text,
            citations=self._cited(claim),
            dateline=words.text(
                "dateline",
                claim=claim,
                age=claim.as_of.completed_years(self._edition.today),
                revised=Period.of(claim.changed) if claim.revisions else None,
                superseding=knowledge.superseding(claim),
                superseded=knowledge.superseded(claim),
            ),
            claim=claim.id,
            revision=claim.revision,
        )

    def headline(self, claim: Claim) -> Statement:
        """Returns what a claim says with its date, its speaker if it is no fact, and no more unless it is outdated."""
        superseding = self._edition.knowledge.superseding(claim)
        dateline = self._edition.words.text("headline_dateline", claim=claim, superseding=superseding)
        return Statement(claim.text, self._cited(claim), dateline, claim.id, claim.revision)

    def change(self, change: Change, shown: date | None = None) -> Statement:
        """Returns a claim as a change left it, with when and why, and the text before a revision.

        `shown` is the day on which its readers were told what has changed since.
        """
        words, claim = self._edition.words, change.claim
        return Statement(
            text=words.text("retracted_text", text=change.text) if change.kind == "retracted" else change.text,
            citations=self._cited(claim),
            dateline=words.text(
                "change_dateline",
                change=change,
                on=Period.of(change.on),
                claim=claim,
                shown=Period.of(shown) if shown else None,
            ),
            claim=claim.id,
            revision=claim.revision,
        )

    def _cited(self, claim: Claim) -> tuple[int, ...]:
        return tuple(sorted(self.cite(self._edition.knowledge.sources[source]) for source in claim.sources))

    def section(self, section: Section) -> Iterator[Heading | Statement]:
        """Yields a heading and the statements under it, or nothing where there are none."""
        macro, claims = section
        if claims:
            yield Heading(self._edition.words.text(macro))
            yield from (self.statement(claim) for claim in claims)

    def sources(self) -> tuple[SourceEntry, ...]:
        """Returns the entries of all sources cited so far."""
        return tuple(self._entry(source, number) for source, number in self._numbers.items())

    def _entry(self, id_: str, number: int) -> SourceEntry:
        source = self._edition.knowledge.sources[id_]
        published = self._edition.words.text("published", source=source)
        return SourceEntry(number, source.id, source.title, source.publisher, source.host, published, source.url)


def side_by_side(edition: Edition, claims: Iterable[Claim]) -> Iterator[list[Claim]]:
    """Yields each standing claim, in the given order, together with those that outdate it or that it outdates.

    The later ones come first, whoever they belong to, so that nobody reads an outdated claim alone. Retracted claims
    are passed over.
    """
    knowledge = edition.knowledge
    told: set[str] = set()
    for claim in claims:
        if claim.id not in told and not claim.retracted:
            together = _connected(knowledge, claim)
            told.update(together)
            yield _later_first(sorted(together.values(), key=knowledge.position), knowledge)


def _connected(knowledge: Knowledge, claim: Claim) -> dict[str, Claim]:
    """Returns all standing claims that a claim outdates or is outdated by, directly or through others, by id."""
    found: dict[str, Claim] = {}
    waiting = [claim]
    while waiting:
        current = waiting.pop()
        if current.id not in found:
            found[current.id] = current
            waiting += (*knowledge.superseding(current), *knowledge.superseded(current))
    return found


def _later_first(claims: list[Claim], knowledge: Knowledge) -> list[Claim]:
    """Returns claims in their order, but each after all that outdate it."""
    ordered: list[Claim] = []
    while claims:
        ids = {claim.id for claim in claims}
        ready = next((c for c in claims if not any(s.id in ids for s in knowledge.superseding(c))), claims[0])
        ordered.append(ready)
        claims = [claim for claim in claims if claim is not ready]
    return ordered
