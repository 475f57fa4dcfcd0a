"""Fair shares: which claims go first, so that no company fills a digest while others wait."""

from collections import Counter
from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from knowledge import Claim, Knowledge


def balanced(
    knowledge: Knowledge, claims: Iterable[Claim], most: int, told: Iterable[str]
) -> tuple[list[Claim], list[Claim]]:
    """Returns up to `most` claims, and the others, each in the order in which they come.

    Next is always a claim whose most told company has been told least, the claims of `told` counted in; among equals
    the one whose themes have been told least, then that of the weightier company, then key claims, then newer ones.
    """
    shares = _Shares(knowledge)
    for id_ in told:
        shares.take(knowledge.claims[id_])
    waiting = [(shares.of(claim), shares.rank(claim), claim) for claim in claims]
    heapify(waiting)
    chosen: list[Claim] = []
    while waiting and len(chosen) < most:
        _, rank, claim = heappop(waiting)
        share = shares.of(claim)
        if waiting and (share, rank) > waiting[0][:2]:  # shares only grow: the first by its share of now is first
            heappush(waiting, (share, rank, claim))
        else:
            chosen.append(claim)
            shares.take(claim)
    return chosen, [claim for _, _, claim in sorted(waiting, key=lambda one: one[1])]


class _Shares:
    """Counts how often companies and themes have been told; a claim on no company counts for its themes."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._weights = {company.slug: place for place, company in enumerate(knowledge.weightiest_companies)}
        self._subjects: Counter[tuple[str, str]] = Counter()
        self._themes: Counter[str] = Counter()

    def of(self, claim: Claim) -> tuple[int, int]:
        """Returns how often the most told of a claim's subjects, then of its themes, has been told."""
        subjects = max(self._subjects[subject] for subject in _subjects(claim))
        return subjects, max((self._themes[theme] for theme in claim.themes), default=0)

    def rank(self, claim: Claim) -> tuple[int, bool, int]:
        """Returns the place of a claim among those of equal shares, no two the same."""
        weight = min((self._weights[slug] for slug in claim.companies), default=len(self._weights))
        return weight, not claim.key, self._knowledge.position(claim)

    def take(self, claim: Claim) -> None:
        """Counts a claim as told."""
        self._subjects.update(_subjects(claim))
        self._themes.update(claim.themes)


def _subjects(claim: Claim) -> list[tuple[str, str]]:
    """Returns the companies of a claim, else its themes."""
    companies = [("company", slug) for slug in claim.companies]
    return companies or [("theme", slug) for slug in claim.themes]
