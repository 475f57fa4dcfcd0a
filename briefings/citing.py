"""Claims to statements: numbering the sources, and the words of dates, age, speaker and standing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import count

from briefings.document import Heading, SourceEntry, Statement
from briefings.edition import Edition
from knowledge import Change, Claim, Figure, Period, Source

Section = tuple[str, Sequence[Claim]]
"""A macro that names a heading, and the claims under it."""


class Citations:
    """Numbers the sources of one document in the order of their first use."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._numbers: defaultdict[str, int] = defaultdict(count(1).__next__)

    def cite(self, source: Source) -> int:
        """Returns the number of a source."""
        return self._numbers[source.id]

    def statement(self, claim: Claim, figure: Figure | None = None) -> Statement:
        """Returns what a claim says, or one figure of it, cited and dated."""
        text = self._edition.words.figure(figure) if figure else claim.text
        return Statement(text, self._cited(claim), self._edition.piece(_dateline, claim.id), claim.id, claim.revision)

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
        sources, numbers = claim.sources, self._numbers
        return (numbers[sources[0]],) if len(sources) == 1 else tuple(sorted([numbers[source] for source in sources]))

    def section(self, section: Section) -> list[Heading | Statement]:
        """Returns a heading and the statements under it, or nothing where there are none."""
        macro, claims = section
        return [Heading(self._edition.words.text(macro)), *map(self.statement, claims)] if claims else []

    def sources(self) -> tuple[SourceEntry, ...]:
        """Returns the entries of all sources cited so far."""
        return tuple(
            [self._entry(number, self._edition.knowledge.sources[id_]) for id_, number in self._numbers.items()]
        )

    def _entry(self, number: int, source: Source) -> SourceEntry:
        published = self._edition.piece(_published, source.id)
        return SourceEntry(number, source.id, source.title, source.publisher, source.host, published, source.url)


def _dateline(edition: Edition, id_: str) -> str:
    """Returns the words of a claim's date, age, speaker and standing."""
    knowledge = edition.knowledge
    claim = knowledge.claims[id_]
    return edition.words.text(
        "dateline",
        claim=claim,
        age=claim.as_of.completed_years(edition.today),
        revised=Period.of(claim.changed) if claim.revisions else None,
        superseding=knowledge.superseding(claim),
        superseded=knowledge.superseded(claim),
    )


def _published(edition: Edition, id_: str) -> str:
    return edition.words.text("published", source=edition.knowledge.sources[id_])


def side_by_side(edition: Edition, claims: Iterable[Claim]) -> Iterator[tuple[Claim, ...]]:
    """Yields each standing claim, in the given order, together with those that outdate it or that it outdates.

    The later ones come first, whoever they belong to, so that nobody reads an outdated claim alone. Retracted claims
    are passed over.
    """
    told: set[str] = set()
    for claim in claims:
        if claim.id not in told and not claim.retracted:
            together = edition.knowledge.together(claim)
            told.update(one.id for one in together)
            yield together
