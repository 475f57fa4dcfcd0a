"""What goes into a digest, and why the rest does not."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from briefings.balance import balanced
from briefings.wanted import Sieve, Wanted
from knowledge import Claim, Knowledge

Revision = tuple[str, int]
"""The id of a claim, and how many times its text had been revised."""

Kind = Literal["new", "revised", "archive"]
Verdict = Literal[
    "in", "over the number", "shown before", "gone", "retracted", "not current", "excluded", "filtered out"
]


class Item(Struct, frozen=True):
    """Is the current revision of a claim, as what it is told; `was` is the text that a revised one had before."""

    claim: Claim
    kind: Kind
    was: str = ""

    @property
    def revision(self) -> Revision:
        """What a place has been shown with it."""
        return self.claim.id, self.claim.revision


class Decision(Struct, frozen=True):
    """Tells what became of a revision.

    `detail` is, by verdict, the kind of the item, the number asked, the day of the retraction, the current revision,
    the topic that excludes it, or nothing.
    """

    claim: str
    revision: int
    verdict: Verdict
    detail: str = ""


class Selection(Struct, frozen=True):
    """Holds the items of a digest, those that came next but did not fit, and the decision on each new revision.

    Items from the archive have a decision only if they are in, and never come next.
    """

    chosen: tuple[Item, ...]
    left: tuple[Item, ...]
    decisions: tuple[Decision, ...]


def choose(
    knowledge: Knowledge,
    wanted: Wanted,
    *,
    seen: Mapping[Revision, datetime],
    shown: Collection[Revision],
    since: datetime,
    due: datetime,
) -> Selection:
    """Returns what a digest due at an instant tells: what is new or revised, then what its place never saw.

    `seen` tells when the installation first took each revision up, `shown` what the place has been shown, `since`
    when the subscription was made. The archive fills up a digest that has something new; alone it makes one only
    where that is wanted.
    """
    window = _Window(knowledge, Sieve(knowledge, wanted), seen, frozenset(shown), since, due)
    decisions = [window.decide(revision) for revision in window.new_revisions()]
    fresh = [knowledge.claims[decision.claim] for decision in decisions if decision.verdict == "in"]
    chosen, left = balanced(knowledge, fresh, wanted.most, ())
    older: list[Claim] = []
    if chosen or wanted.nothing == "archive":
        told = {claim.id for claim in chosen} | window.told_ids()
        older, _ = balanced(knowledge, window.archive(), wanted.most - len(chosen), told)
    over = {(claim.id, claim.revision) for claim in left}
    decisions = [
        replace(one, verdict="over the number", detail=str(wanted.most)) if (one.claim, one.revision) in over else one
        for one in decisions
    ]
    decisions += [Decision(claim.id, claim.revision, "in", "archive") for claim in older]
    items = (*map(window.item, chosen), *(Item(claim, "archive") for claim in older))
    return Selection(items, tuple(map(window.item, left)), tuple(decisions))


class _Window:
    """Is what a digest looks at: the revisions taken up by its instant, and what its place has been shown."""

    def __init__(
        self,
        knowledge: Knowledge,
        sieve: Sieve,
        seen: Mapping[Revision, datetime],
        shown: frozenset[Revision],
        since: datetime,
        due: datetime,
    ) -> None:
        self._knowledge = knowledge
        self._sieve = sieve
        self._shown = shown
        self._new = {revision for revision, at in seen.items() if since < at <= due}
        self._old = {revision for revision, at in seen.items() if at <= min(since, due)}
        self._last_shown = _last(shown)
        self._last_old = _last(self._old)

    def new_revisions(self) -> list[Revision]:
        """Returns what was taken up since the subscription was made, and older revisions of what the place knows."""
        known = (self._knowledge.claims[id_] for id_ in self.told_ids())
        overtaken = {(c.id, c.revision) for c in known if c.revision > self._last_shown[c.id]}
        return sorted(self._new | (overtaken & self._old))

    def told_ids(self) -> set[str]:
        """Returns the claims, still in the files, of which the place has been shown some revision."""
        return {id_ for id_ in self._last_shown if id_ in self._knowledge.claims}

    def decide(self, revision: Revision) -> Decision:
        """Returns what is to become of a new revision, the number asked apart."""
        verdict, detail = self._verdict(revision)
        return Decision(*revision, verdict, detail)

    def _verdict(self, revision: Revision) -> tuple[Verdict, str]:
        id_, number = revision
        claim = self._knowledge.claims.get(id_)
        if revision in self._shown:
            return "shown before", ""
        if claim is None:
            return "gone", ""
        if claim.retracted:
            return "retracted", str(claim.retracted.on)
        if number != claim.revision:
            return "not current", str(claim.revision)
        if self._says_nothing_new(claim):
            return "shown before", ""
        excluding = self._sieve.excluding(claim)
        if excluding:
            return "excluded", excluding
        return ("in", self.item(claim).kind) if self._sieve.includes(claim) else ("filtered out", "")

    def _says_nothing_new(self, claim: Claim) -> bool:
        """Returns whether the place knows the text already: a revision was undone, or taken back from the files."""
        last = self._last_shown.get(claim.id)
        return last is not None and (last > claim.revision or claim.texts[last] == claim.text)

    def item(self, claim: Claim) -> Item:
        """Returns a claim as what it is to the readers: revised if they, or the files they came to, had it before."""
        known = self._last_shown.get(claim.id, self._last_old.get(claim.id))
        if known is None or known >= claim.revision:
            return Item(claim, "new")
        was = claim.texts[known]
        return Item(claim, "revised", was if was != claim.text else claim.texts[-2])

    def archive(self) -> list[Claim]:
        """Returns the wanted claims that stood before the subscription, still hold and were never shown here."""
        return [
            claim
            for claim in self._knowledge.claims.values()
            if (claim.id, claim.revision) in self._old
            and claim.id not in self._last_shown
            and not claim.retracted
            and not self._knowledge.superseding(claim)
            and self._sieve.includes(claim)
            and not self._sieve.excluding(claim)
        ]


def _last(revisions: Iterable[Revision]) -> dict[str, int]:
    last: dict[str, int] = {}
    for id_, number in revisions:
        last[id_] = max(number, last.get(id_, number))
    return last
