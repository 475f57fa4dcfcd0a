"""Parts on their way: sent once each, with every outcome written down, and what is to become of those that failed."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from bot.delivery import notices
from bot.delivery.grip import Grip
from bot.publishing import Absent, DeliveryError, Found, Post, Publisher, Receipt, Unknown
from bot.store import outcomes
from bot.store.opening import Store
from bot.store.values import UNREACHABLE, Delivery, Subscription, Work
from bot.tally import Tally
from briefings.document import Document
from briefings.document_json import from_values

log = logging.getLogger("briefbot.delivery")
T = TypeVar("T")
MOST_REFUSALS = 3
"""How often a platform may refuse a message before it is given up."""

LATE = 60.0
"""Seconds after which a digest counts as late, as it then says itself."""

PAUSES: tuple[int, ...] = (5, 15, 60, 300)
"""Seconds until a message is tried for the second time, the third, and so on."""


def pause_after(attempts: int) -> timedelta:
    """Returns how long to wait until a message is tried again that was tried so often."""
    return timedelta(seconds=PAUSES[min(max(attempts, 1), len(PAUSES)) - 1])


@dataclass(frozen=True)
class Sending:
    """Sends the parts of one lane; nothing is sent that was not written down before.

    Raises, all of its functions:
        Fenced: the lane has changed hands.
        WrongState: a person was quicker.
        StoreUnavailable: a step cannot be written down, so that nothing more is sent.
    """

    store: Store
    publisher: Publisher
    grip: Grip
    operators: str
    now: Callable[[], datetime]
    tally: Tally = field(default_factory=Tally)

    async def send(
        self, work: Work, intended: Delivery, subscription: Subscription | None, pages: Sequence[Document] = ()
    ) -> None:
        """Sends a part whose intent is written down, then those after it.

        Where the `pages` of all parts are at hand, they are not read again from what was written down.
        """
        part: Delivery | None = intended
        receipt: Receipt | None = None
        while part:
            post = self.post(work, part, subscription, receipt, pages[part.part - 1] if pages else None)
            if not self.grip.is_free(work.slot.place):
                await self.hand_back(work, part)
                return
            begun = self.grip.trouble.round
            try:
                receipt = await self._publish(post)
            except DeliveryError as error:
                await self._not_posted(work, part, subscription, error, begun)
                return
            self.grip.trouble.taken(begun)
            part = await self.posted(work, part, post, receipt)
            if part and not await self.grip.turn(self.publisher, work.slot.place):
                await self.hand_back(work, part)
                return

    async def _publish(self, post: Post) -> Receipt:
        try:
            return await self.publisher.publish(post)
        except DeliveryError:
            raise
        except Exception as error:
            raise DeliveryError("ambiguous", "message", fault_of(error)) from error

    async def found(self, post: Post) -> Found | Absent | Unknown:
        """Looks whether a part was posted.

        Raises:
            DeliveryError: it could not be looked for now.
        """
        try:
            return await self.publisher.find(post)
        except DeliveryError:
            raise
        except Exception as error:
            raise DeliveryError("not_accepted", "message", fault_of(error)) from error

    async def posted(self, work: Work, part: Delivery, post: Post, receipt: Receipt) -> Delivery | None:
        """Records that a part was posted, and returns the next one, whose turn it is; None if there is none."""
        kept = {"message": receipt.message, "channel": receipt.channel}
        try:
            await self.publisher.finish(post, receipt)
        except DeliveryError as error:
            is_final = (error.outcome, error.scope) == ("permanent", "message")
            if self.now() < work.slot.deadline and not is_final:
                reason, wait = error.reason, error.retry_after or pause_after(2).total_seconds()
                look_at = self.now() + timedelta(seconds=wait)
                hold, left = self.grip.hold, outcomes.uncertain
                await self._record(lambda: left(self.store, hold, part.id, reason, self.now(), look_at, kept))
                return None
            log.warning("a digest is posted, but not finished", extra={"delivery": part.id, "reason": error.reason})
        following = await self._record(lambda: outcomes.sent(self.store, self.grip.hold, part.id, kept, self.now()))
        late = (self.now() - work.slot.due).total_seconds()
        log.info("posted", extra={"delivery": part.id, "place": work.slot.place, "late": round(late, 1)})
        if part.part == len(work.deliveries):
            self.count(work, "sent", *(["late"] if late >= LATE else []))
            self.tally.measure("lateness", late)
        return following

    def count(self, work: Work, *ends: str) -> None:
        """Counts how a digest has ended; notices and corrections are none."""
        for end in ends if work.slot.kind in ("scheduled", "now") else ():
            self.tally.count("digests", end)

    async def _not_posted(
        self, work: Work, part: Delivery, subscription: Subscription | None, error: DeliveryError, begun: int
    ) -> None:
        """Records why a part was not posted, or may not have been, and when to go on."""
        now = self.now()
        wait = pause_after(part.attempts) if error.retry_after is None else timedelta(seconds=error.retry_after)
        level = logging.WARNING if error.outcome == "permanent" else logging.INFO
        log.log(level, "not posted", extra={"delivery": part.id, "outcome": error.outcome, "reason": error.reason})
        hold, id_, store = self.grip.hold, part.id, self.store
        if error.scope == "lane" or error.outcome == "ambiguous":
            wait = timedelta(seconds=self.grip.met(error, begun))
        elif error.scope == "place":
            self.grip.pause(work.slot.place, wait.total_seconds())
        match error.outcome, error.scope:
            case "ambiguous", _:
                look_at = now + timedelta(seconds=self.publisher.settle)
                await self._record(lambda: outcomes.uncertain(store, hold, id_, error.reason, now, look_at))
            case "permanent", "place":
                await self._pause(work, subscription, error.reason)
                await self._fail(work, part, error.reason)
            case "permanent", "message" if part.refusals + 1 >= MOST_REFUSALS:
                await self.give_up(work, part, subscription, error.reason)
            case _:
                refused = (error.outcome, error.scope) == ("permanent", "message")
                await self._again(work, part, error.reason, now + wait, refused=refused)

    async def _pause(self, work: Work, subscription: Subscription | None, reason: str) -> None:
        """Pauses what is posted to a place that does not take it, or tells a notice elsewhere."""
        if work.slot.kind == "notice":
            await notices.told_elsewhere(self.store, work.slot, self.now())
        elif subscription:
            await notices.paused(self.store, subscription, f"{UNREACHABLE}{reason}", self.now(), self.operators)

    async def give_up(self, work: Work, part: Delivery, subscription: Subscription | None, reason: str) -> None:
        """Gives a digest up, and tells so in its place."""
        if not _is_unclear(work, part):
            await notices.failed(self.store, work.slot, subscription, reason, self.now())
        await self._fail(work, part, reason)

    async def _fail(self, work: Work, part: Delivery, reason: str) -> None:
        if _is_unclear(work, part):
            await self.ask_a_person(work, part, reason)
            return
        await self._record(lambda: outcomes.failed(self.store, self.grip.hold, part.id, reason, self.now()))
        self.count(work, "failed")

    async def ask_a_person(self, work: Work, part: Delivery, reason: str) -> None:
        """Leaves it to a person to say whether a part was posted."""
        await notices.uncertain(self.store, work.slot, part, reason, self.operators, self.now())
        left = outcomes.uncertain
        await self._record(lambda: left(self.store, self.grip.hold, part.id, reason, self.now(), None))
        self.count(work, "uncertain")

    async def hand_back(self, work: Work, part: Delivery) -> None:
        """Takes an intent back of which no byte has left."""
        await self._again(work, part, "handed back", self.now())

    async def _again(self, work: Work, part: Delivery, reason: str, at: datetime, *, refused: bool = False) -> None:
        """Records that this attempt posted nothing, and when the part is to be sent again."""
        hold, unclear, again = self.grip.hold, _is_unclear(work, part), outcomes.not_accepted
        await self._record(lambda: again(self.store, hold, part.id, reason, at, refused=refused, unclear=unclear))

    def post(
        self,
        work: Work,
        part: Delivery,
        subscription: Subscription | None,
        after: Receipt | None = None,
        page: Document | None = None,
    ) -> Post:
        """Returns a part as the platform is given it; `after` is the receipt of the one before, if it was sent now."""
        before = next((one.receipt for one in work.deliveries if one.part == part.part - 1), None)
        tags = tuple(map(str, subscription.wanted.get("tags", ()))) if subscription else ()
        first = part.intended_at or self.now()
        return Post(
            place=work.slot.place,
            page=page or from_values(part.page),
            key=part.id,
            first=min(first, work.slot.due) if work.slot.doubted else first,
            after=after or (Receipt(**before) if before else None),
            tags=tags,
        )

    async def _record(self, write: Callable[[], Awaitable[T]]) -> T:
        """Writes an outcome down, however long that takes: nobody else knows of it."""
        return await self.grip.insist(write)


def _is_unclear(work: Work, part: Delivery) -> bool:
    """Whether an attempt before this one, with which the work was taken up, may have posted a part."""
    return work.deliveries[part.part - 1].state == "uncertain"


def fault_of(error: Exception) -> str:
    """Logs a fault of ours, and returns what to say of it."""
    fault = secrets.token_hex(4)
    log.error("a fault of ours while a digest was posted", exc_info=error, extra={"fault": fault})
    return f"a fault of ours, in the log as {fault}"
