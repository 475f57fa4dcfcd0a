"""The knowledge as it stood, and what changed in it since."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

from msgspec import Struct

from knowledge.knowledge import Knowledge
from knowledge.model import Claim
from knowledge.period import Period


class Change(Struct, frozen=True):
    """Is one change of the curated files: a claim added, its text revised, or the claim retracted.

    `was` is the text before a revision, `text` the one that it led to; `why` is the curator's reason.
    """

    on: date
    kind: Literal["added", "revised", "retracted"]
    claim: Claim
    text: str
    was: str = ""
    why: str = ""


def changes_since(knowledge: Knowledge, since: date) -> list[Change]:
    """Returns what was added, revised or retracted on a day or after it, the latest first."""
    every = (change for claim in knowledge.claims.values() for change in reversed(list(_changes(claim))))
    found = [change for change in every if change.on >= since]
    return sorted(found, key=lambda change: -change.on.toordinal())


def _changes(claim: Claim) -> Iterator[Change]:
    yield Change(claim.added, "added", claim, claim.texts[0])
    for revision, text in zip(claim.revisions, claim.texts[1:], strict=True):
        yield Change(revision.on, "revised", claim, text, revision.was, revision.why)
    if claim.retracted:
        yield Change(claim.retracted.on, "retracted", claim, claim.text, why=claim.retracted.why)


def as_of(knowledge: Knowledge, period: Period) -> Knowledge:
    """Returns the knowledge as it could have been written at the end of a period.

    It has the claims that hold for a time in or before the period and whose earliest dated source was published by
    its end; a claim without dated source is taken by its own date alone. Later revisions and retractions are undone.
    """
    claims = [_undone(claim, period.last) for claim in knowledge.claims.values() if _known(knowledge, claim, period)]
    kept = {claim.id for claim in claims}
    return Knowledge(
        (
            company if company.about in kept else company.model_copy(update={"about": None})
            for company in knowledge.companies.values()
        ),
        knowledge.themes.values(),
        knowledge.sources.values(),
        (claim.model_copy(update={"supersedes": tuple(c for c in claim.supersedes if c in kept)}) for claim in claims),
    )


def _known(knowledge: Knowledge, claim: Claim, period: Period) -> bool:
    published = (knowledge.sources[source].published for source in claim.sources)
    earliest = min((date.last for date in published if date), default=None)
    return claim.as_of.last <= period.last and (earliest is None or earliest <= period.last)


def _undone(claim: Claim, day: date) -> Claim:
    later = [revision for revision in claim.revisions if revision.on > day]
    retracted = claim.retracted if claim.retracted and claim.retracted.on <= day else None
    if not later and retracted == claim.retracted:
        return claim
    text = later[0].was if later else claim.text
    revisions = claim.revisions[: len(claim.revisions) - len(later)]
    undone = {"text": text, "revisions": revisions, "retracted": retracted}
    return claim.model_copy(update=undone | ({"figures": ()} if later else {}))  # figures are those of today's text
