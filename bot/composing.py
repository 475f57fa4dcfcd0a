"""Slots to the pages that are posted for them, from the knowledge and the ledger of the moment."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from bot.store import ledger
from bot.store.opening import Store
from bot.store.values import ClaimRevision, Decision, Part, Slot, Subscription, taken_back
from bot.subscribing.holidays_of import holiday_on
from bot.subscribing.subscriptions import wanted_of
from bot.zones import zone_kept, zone_named
from briefings.digest import Correction, Imprint, correction_briefing, digest_briefing, nothing_briefing
from briefings.document import Choice, Document, statements
from briefings.document_json import to_values
from briefings.edition import Edition
from briefings.notice import notice_briefing
from briefings.paginate import Budget, paginate
from briefings.selection import Decision as Verdict
from briefings.selection import Revision, Selection, choose
from briefings.words import words_in
from knowledge import Knowledge

RETRACTED = -1
"""Stands for the retraction of a claim where revisions are counted from 0."""


class Composed(Struct, frozen=True):
    """Is what a slot is to post: its parts with what was decided; without parts, `reason` tells why there are none.

    `pages` are those of the parts.
    """

    parts: tuple[Part, ...] = ()
    decisions: tuple[Decision, ...] = ()
    reason: str = ""
    pages: tuple[Document, ...] = ()


class Composer(Struct, frozen=True):
    """Composes from one version of the knowledge; `seen` tells when this installation took each revision up.

    `names` holds what commands are called on the platform, if not by their own names.
    """

    store: Store
    knowledge: Knowledge
    seen: Mapping[Revision, datetime]
    budget: Budget
    names: Mapping[str, str] = field(default_factory=dict)

    async def compose(self, slot: Slot, subscription: Subscription | None, now: datetime) -> Composed:
        """Returns what a slot is to post now.

        Raises:
            StoreUnavailable: the ledger cannot be read.
        """
        match slot.kind:
            case "scheduled" | "now":
                if subscription is None:
                    return Composed(reason="its subscription is gone")
                return await self._digest(slot, subscription, now)
            case "correction":
                return await self._correction(slot, subscription, now)
            case "notice":
                return self._notice(slot, subscription, now)
            case _:
                assert_never(slot.kind)

    async def _digest(self, slot: Slot, subscription: Subscription, now: datetime) -> Composed:
        day = slot.due.astimezone(zone_named(subscription.zone)).date()
        holiday = holiday_on(subscription.holidays, day) if slot.kind == "scheduled" else ""
        if holiday:
            return Composed(reason=f"{day} is a holiday: {holiday}")
        edition = self.edition(subscription.zone, now)
        before = await ledger.background(self.store, slot)
        selection = self.selection(subscription, slot.due, before.shown, asked=slot.kind == "now")
        decisions = tuple(self._kept(selection.decisions, before.last))
        imprint = Imprint(subscription.title, slot.short_id, now - slot.due, (_manage(subscription),))
        if selection.chosen:
            document = digest_briefing(edition, imprint, selection, wanted_of(self.knowledge, subscription).layout)
            return self._composed(document, decisions, selection)
        if slot.kind != "now" and wanted_of(self.knowledge, subscription).nothing != "say":
            return Composed((), decisions, "nothing is new")
        since = (before.told or subscription.made_at).astimezone(zone_named(subscription.zone)).date()
        return self._composed(nothing_briefing(edition, imprint, since), decisions)

    def selection(
        self, subscription: Subscription, due: datetime, shown: Collection[Revision], *, asked: bool = False
    ) -> Selection:
        """Returns what a digest of a subscription tells at an instant.

        One that a person has `asked` for is from the archive where nothing is new: they wait for it.
        """
        wanted = wanted_of(self.knowledge, subscription)
        return choose(
            self.knowledge,
            replace(wanted, nothing="archive") if asked else wanted,
            seen=self.seen,
            shown=shown,
            since=subscription.made_at,
            due=due,
        )

    def _kept(self, verdicts: Sequence[Verdict], last: datetime | None) -> Iterator[Decision]:
        """Yields the decisions to be kept: on what was taken up since the last digest, and on what changes."""
        for one in verdicts:
            at = self.seen.get((one.claim, one.revision))
            fresh = last is None or at is None or at > last
            if one.verdict in ("in", "over the number") or (fresh and one.verdict != "shown before"):
                yield Decision(one.claim, one.revision, one.verdict == "in", f"{one.verdict}: {one.detail}")

    async def _correction(self, slot: Slot, subscription: Subscription | None, now: datetime) -> Composed:
        claim = self.knowledge.claims.get(str(slot.about.get("claim")))
        zone = subscription.zone if subscription else "UTC"
        if claim is None or not claim.retracted:
            return Composed(reason="the claim stands again, or is no longer in the files")
        here = [one for one in await ledger.carried(self.store, [claim.id]) if one.place == slot.place]
        if not here:
            return Composed(reason="it was corrected before, or not told here after all")
        carried = here[0]
        shown = carried.at.astimezone(zone_named(zone)).date()
        title, also = (subscription.title, (_manage(subscription),)) if subscription else ("", ())
        imprint = Imprint(title, slot.short_id, also=also)
        correction = Correction(claim, carried.revision, shown)
        composed = self._composed(correction_briefing(self.edition(zone, now), imprint, [correction]))
        first, *others = composed.parts
        corrected = taken_back(ClaimRevision(claim.id, carried.revision))
        return replace(composed, parts=(replace(first, revisions=(corrected,)), *others))

    def _notice(self, slot: Slot, subscription: Subscription | None, now: datetime) -> Composed:
        also = (_manage(subscription),) if subscription and subscription.place == slot.place else ()
        imprint = Imprint(str(slot.about.get("title", "")), slot.short_id, also=also)
        zone = zone_kept(subscription.zone if subscription else "UTC")
        told: dict[str, Any] = dict(slot.about["told"])
        if "due" in told:
            told["due"] = datetime.fromisoformat(told["due"]).astimezone(zone)
        if "due" in told and slot.subscription:
            following = subscription.next_fire if subscription and subscription.state == "active" else None
            told["next"] = following.astimezone(zone) if following else None
        document = notice_briefing(self.edition(str(zone), now), imprint, slot.about["trouble"], told)
        return self._composed(document)

    def edition(self, zone: str, now: datetime) -> Edition:
        """Returns what is composed from, as it is read in a zone."""
        return Edition(self.knowledge, now.astimezone(zone_named(zone)).date(), words_in("en"), self.names)

    def _composed(
        self, document: Document, decisions: tuple[Decision, ...] = (), selection: Selection | None = None
    ) -> Composed:
        """Returns the pages of a document as parts, each with the revisions that it tells."""
        chosen = {item.revision for item in selection.chosen} if selection else set()
        pages = paginate(document, self.budget)
        told = [[one for one in _told(page) if one in chosen] for page in pages]
        parts = tuple(
            Part(to_values(page), tuple(ClaimRevision(*one) for one in dict.fromkeys(revisions)))
            for page, revisions in zip(pages, told, strict=True)
        )
        return Composed(parts, decisions, pages=pages)


async def preview(
    store: Store,
    knowledge: Knowledge,
    subscription: Subscription,
    now: datetime,
    names: Mapping[str, str] | None = None,
) -> Document:
    """Returns the digest that a subscription would be posted if it were asked for now; nothing is recorded.

    Raises:
        StoreUnavailable: the ledger cannot be read.
    """
    seen = taken_up(await ledger.seen_here(store))
    composer = Composer(store, knowledge, seen, Budget((0, 0, 0), lambda _: (0, 0, 0), (0, 0, 0)), names or {})
    edition = composer.edition(subscription.zone, now)
    wanted = wanted_of(knowledge, subscription)
    shown = frozenset[Revision](await ledger.shown_in(store, subscription.place))
    selection = composer.selection(subscription, now, shown, asked=True)
    imprint = Imprint(subscription.title, "", also=(_manage(subscription),))
    if selection.chosen:
        return digest_briefing(edition, imprint, selection, wanted.layout)
    return nothing_briefing(edition, imprint, subscription.made_at.astimezone(zone_named(subscription.zone)).date())


def taken_up(seen: Mapping[ClaimRevision, datetime]) -> dict[Revision, datetime]:
    """Returns when revisions were first seen, retractions left out."""
    return {one: at for one, at in seen.items() if one.revision != RETRACTED}


def verdict_of(decision: Decision) -> Verdict:
    """Returns a decision as it was made, of the text in which it is kept."""
    verdict, _, detail = decision.why.partition(": ")
    return Verdict(decision.claim, decision.revision, verdict, detail)  # type: ignore[arg-type]


def _told(page: Document) -> list[Revision]:
    return [(one.claim, one.revision) for one in statements(*page.blocks)]


def _manage(subscription: Subscription) -> Choice:
    return Choice("Manage", f"/subscriptions show {subscription.id}")
