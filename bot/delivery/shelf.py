"""The knowledge as this installation has taken it up."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from bot.composing import RETRACTED, Composer, taken_up
from bot.store import ledger
from bot.store.opening import Store
from bot.store.values import ClaimRevision
from briefings.paginate import Budget
from briefings.selection import Revision
from knowledge import Knowledge

log = logging.getLogger("briefbot.delivery")
MOST_TOLD = 20


class Shelf:
    """Holds the version of the knowledge that digests are composed from, with when each revision was first seen."""

    def __init__(self, store: Store, knowledge: Callable[[], Knowledge]) -> None:
        self._store = store
        self._newest = knowledge
        self._knowledge: Knowledge | None = None
        self._seen: Mapping[Revision, datetime] = {}
        self.retracted: Mapping[str, datetime] = {}
        """When each retraction was first seen, by claim."""

    async def refresh(self, now: datetime) -> bool:
        """Takes up the knowledge of the moment, and returns whether it is a new version.

        Raises:
            StoreUnavailable: that cannot be written down; the version before stays.
        """
        knowledge = self._newest()
        if knowledge is self._knowledge:
            return False
        claims = knowledge.claims.values()
        revisions = [ClaimRevision(claim.id, claim.revision) for claim in claims]
        retractions = [ClaimRevision(claim.id, RETRACTED) for claim in claims if claim.retracted]
        undone = [ClaimRevision(claim.id, RETRACTED) for claim in claims if not claim.retracted]
        seen = await ledger.take_up(self._store, [*revisions, *retractions], now, undone)
        self._seen = taken_up(seen)
        self.retracted = {one.claim: seen[one] for one in retractions}
        self._knowledge = knowledge
        await self._tell_of_gone(knowledge)
        return True

    def forget(self) -> None:
        """Has all be taken up anew."""
        self._knowledge = None

    async def _tell_of_gone(self, knowledge: Knowledge) -> None:
        """Reports claims that readers were shown and that are no longer in the files; nobody is told of them again."""
        left = {claim for claim, _ in self._seen} - set(knowledge.claims)
        gone = sorted({one.claim for one in await ledger.carried(self._store, left)})
        if gone:
            told = {"claims": gone[:MOST_TOLD], "number": len(gone)}
            log.warning("claims that were shown have left the files; retract a claim to have that told", extra=told)

    @property
    def knowledge(self) -> Knowledge:
        """The version that was taken up last."""
        return self._knowledge or self._newest()

    def composer(self, budget: Budget, names: Mapping[str, str]) -> Composer:
        """Returns what composes from this version, for a platform."""
        return Composer(self._store, self.knowledge, self._seen, budget, names)
