"""One slot on its way: begun, taken up again, looked for where it is unclear what became of it."""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.composing import Composed
from bot.delivery import notices
from bot.delivery.sending import Sending, pause_after
from bot.delivery.shelf import Shelf
from bot.publishing import Absent, DeliveryError, Found, Receipt, Unknown
from bot.store import beginning, outcomes, subscriptions
from bot.store.beginning import ComposedFor
from bot.store.doubting import MAY_BE_OUT
from bot.store.unavailable import StoreUnavailable
from bot.store.values import MISSED, Begun, Delivery, Subscription, Work, WrongState
from briefings.document import Document, statements
from briefings.document_json import from_values

log = logging.getLogger("briefbot.delivery")
MOST_FAULTS = 3
LATE = timedelta(minutes=1)
LATER = 1.25
"""How many times as late as it says a digest may be posted that nobody has seen yet."""

LOOKED_FOR = timedelta(days=1)
"""How long after its deadline it is tried to look for a part, before a person is asked."""


@dataclass(frozen=True)
class Posting:
    """Takes the slots of one lane on; every step is written down before the next is taken.

    Raises, all of its functions:
        Fenced: the lane has changed hands.
        StoreUnavailable: a step cannot be written down, so that nothing more is sent.
    """

    sending: Sending
    shelf: Shelf
    names: Mapping[str, str]
    faults: dict[str, int] = field(default_factory=dict)

    async def go_on(self, work: Work) -> None:
        """Takes the next steps of a slot, until it is at its end or has to wait."""
        id_ = work.slot.subscription
        try:
            subscription = await subscriptions.get(self.sending.store, id_) if id_ else None
            if work.slot.state == "planned":
                await self._begin(work, subscription)
            elif work.current:
                await self._resume(work, work.current, subscription)
        except WrongState as changed:  # a person, or an edit, was quicker
            log.info("a digest has changed meanwhile", extra={"slot": work.slot.id, "state": str(changed)})

    async def _begin(self, work: Work, subscription: Subscription | None) -> None:
        """Freezes what a slot posts, and sends its first part."""
        to, slot = self.sending, work.slot
        if to.now() > slot.deadline and not slot.doubted:
            await self._miss(work, subscription)
            return
        begun, pages = Begun("taken"), tuple[Document, ...]()
        while begun.outcome == "taken":
            knowledge = self.shelf.knowledge
            composed = await self._composed(work, subscription)
            if composed is None or not composed.parts:
                await self._skip(work, composed)
                return
            if not await to.grip.turn(to.publisher, slot.place):
                return
            if self.shelf.knowledge is knowledge:
                read = ComposedFor(slot.place, subscription.changed_at if subscription else None)
                parts, decisions, pages = composed.parts, composed.decisions, composed.pages
                begun = await beginning.begin(to.store, to.grip.hold, slot.id, parts, to.now(), decisions, read)
        if begun.outcome == "begun" and slot.doubted:
            part, now = begun.deliveries[0], to.now()
            await outcomes.uncertain(to.store, to.grip.hold, part.id, MAY_BE_OUT, now, now)
        elif begun.outcome == "begun":
            await to.send(Work(slot, begun.deliveries), begun.deliveries[0], subscription, pages)

    async def _miss(self, work: Work, subscription: Subscription | None) -> None:
        """Skips what could not be posted in its time, and tells so in its place once that can be posted to."""
        to, slot, why = self.sending, work.slot, self.sending.grip.trouble.reason
        await notices.missed(to.store, slot, subscription, why, to.now())
        to.count(work, "missed")
        by = f"it was to be out by {slot.deadline:%Y-%m-%d %H:%M} UTC"
        await self._skip(work, Composed(reason=f"{MISSED}{f'{why}; ' if why else ''}{by}"))

    def _is_missed(self, work: Work, part: Delivery) -> bool:
        """Whether nothing of a slot was posted in its time, and not because it was refused."""
        is_over = part.part == 1 and self.sending.now() > work.slot.deadline
        return is_over and bool(work.slot.doubted or self.sending.grip.trouble.reason)

    async def _skip(self, work: Work, composed: Composed | None) -> None:
        if composed:
            to = self.sending
            await beginning.skip(to.store, to.grip.hold, work.slot.id, composed.reason, to.now(), composed.decisions)
            to.count(work, "skipped")

    async def _composed(self, work: Work, subscription: Subscription | None) -> Composed | None:
        """Returns what a slot posts; None where that is to be tried again, because of a fault of ours.

        What cannot be composed three times is given up, so that it holds up no other.
        """
        to, slot = self.sending, work.slot
        composer = self.shelf.composer(to.publisher.budget, self.names)
        try:
            return await composer.compose(slot, subscription, to.now())
        except StoreUnavailable:
            raise
        except Exception as error:
            fault = secrets.token_hex(4)
            log.error("a digest cannot be composed", exc_info=error, extra={"slot": slot.id, "fault": fault})
        self.faults[slot.id] = self.faults.get(slot.id, 0) + 1
        if self.faults[slot.id] < MOST_FAULTS:
            to.grip.pause(slot.id, pause_after(1).total_seconds())
            return None
        del self.faults[slot.id]
        reason = f"it could not be composed; the fault is in the log as {fault}"
        await notices.failed(to.store, slot, subscription, reason, to.now())
        return Composed(reason=reason)

    async def _resume(self, work: Work, part: Delivery, subscription: Subscription | None) -> None:
        """Goes on with a part that was tried before, by us or by a process that is gone."""
        to = self.sending
        hold, now = to.grip.hold, to.now()
        match part.state:
            case "planned" if self._is_missed(work, part):
                await self._miss(work, subscription)
            case "planned" if now > work.slot.deadline:
                await to.give_up(work, part, subscription, part.reason or "there was no time left")
            case "planned" if self._is_outdated(work):
                await beginning.rebegin(to.store, hold, work.slot.id)
            case "planned":
                await self._send(work, part, subscription)
            case "sending":  # whoever sent it did not live to say how it went
                look_at = (part.attempted_at or now) + timedelta(seconds=to.publisher.settle)
                reason = part.reason or "the bot was stopped while it was posted"
                await outcomes.uncertain(to.store, hold, part.id, reason, now, look_at)
            case "uncertain":
                await self._look(work, part, subscription)

    def _is_outdated(self, work: Work) -> bool:
        """Returns whether what is to be posted is no longer true: a claim was revised, or it is later than it says."""
        if any(one.state != "planned" for one in work.deliveries) or work.slot.kind not in ("scheduled", "now"):
            return False
        late, said = self.sending.now() - work.slot.due, (work.slot.begun_at or work.slot.due) - work.slot.due
        if late >= max(LATE, said * LATER):
            return True
        claims = self.shelf.knowledge.claims
        told = (one for part in work.deliveries for one in statements(*from_values(part.page).blocks))
        standing = ((claims.get(one.claim), one.revision) for one in told)
        return any(claim is None or claim.retracted or claim.revision != number for claim, number in standing)

    async def _look(self, work: Work, part: Delivery, subscription: Subscription | None) -> None:
        """Looks whether a part was posted; where that cannot be told, the policy of the subscription decides."""
        to = self.sending
        post, hold, now, begun = to.post(work, part, subscription), to.grip.hold, to.now(), to.grip.trouble.round
        try:
            found = Found(Receipt(**part.receipt)) if part.receipt else await to.found(post)
        except DeliveryError as error:
            if now > work.slot.deadline + LOOKED_FOR:
                await to.ask_a_person(work, part, error.reason)
                return
            if error.scope == "lane":
                to.grip.met(error, begun)
            wait = pause_after(2) if error.retry_after is None else timedelta(seconds=error.retry_after)
            await outcomes.uncertain(to.store, hold, part.id, error.reason, now, now + wait)
            return
        match found:
            case Found(receipt):
                await self._after(work, await to.posted(work, part, post, receipt), receipt, subscription)
            case Unknown(reason) if self._is_past(work, part):
                await outcomes.not_accepted(to.store, hold, part.id, reason, now)
                await self._skip(work, Composed(reason=f"{MAY_BE_OUT}, which cannot be told: {reason}"))
            case Unknown(reason) if now > work.slot.deadline or not _is_sent_twice(subscription):
                await to.ask_a_person(work, part, reason)
            case Unknown() if now < (again := (part.attempted_at or now) + pause_after(part.attempts)):
                await outcomes.uncertain(to.store, hold, part.id, part.reason, now, again)
            case Unknown() | Absent(sure=False):
                # what may be there already must not be told otherwise, or we would not know which
                await self._send(work, part, subscription)
            case Absent():
                wait = timedelta() if part.attempts < 2 else pause_after(part.attempts)
                planned = await outcomes.not_accepted(to.store, hold, part.id, part.reason, now + wait)
                if not wait:
                    parts = tuple(planned if one.id == planned.id else one for one in work.deliveries)
                    await self._resume(Work(work.slot, parts), planned, subscription)

    def _is_past(self, work: Work, part: Delivery) -> bool:
        """Whether nothing of a slot will be posted, however its first part is found."""
        return bool(work.slot.doubted) and part.part == 1 and self.sending.now() > work.slot.deadline

    async def _after(
        self, work: Work, following: Delivery | None, receipt: Receipt, subscription: Subscription | None
    ) -> None:
        """Goes on with the part after one that was found.

        After the database was restored, that one may be out, too. Where the slot was composed anew since, its parts
        need not be those that were posted, and so it counts as posted whole.
        """
        to, slot = self.sending, work.slot
        anew = slot.doubted and slot.begun_at and slot.begun_at >= slot.doubted
        while following and anew:
            following = await to.posted(work, following, to.post(work, following, subscription), receipt)
        if following and slot.doubted:
            now = to.now()
            await outcomes.uncertain(to.store, to.grip.hold, following.id, MAY_BE_OUT, now, now)
        elif following:
            await to.hand_back(work, following)  # its turn comes like any other's

    async def _send(self, work: Work, part: Delivery, subscription: Subscription | None) -> None:
        """Sends a part when its turn comes: a planned one, or one that is not taken twice."""
        to = self.sending
        if await to.grip.turn(to.publisher, work.slot.place):
            intended = await outcomes.sending(to.store, to.grip.hold, part.id, to.now())
            if intended:
                await to.send(work, intended, subscription)


def _is_sent_twice(subscription: Subscription | None) -> bool:
    """Whether what may be out is rather sent again than never."""
    return subscription is not None and (subscription.policy, subscription.state) == ("at_least_once", "active")
