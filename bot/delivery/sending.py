"""Parts on their way: sent once each, with every outcome written down, and what is to become of those that failed."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from bot.delivery import notices
from bot.delivery.grip import Grip
from bot.publishing import Absent, DeliveryError, Found, Post, Publisher, Receipt, Unknown
from bot.store import lanes, outcomes
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

KNOCK = 3.0
"""Seconds that a platform has to say whether it lets us in."""

_PAUSES = (5, 15, 60, 300)


def pause_after(attempts: int) -> timedelta:
    """Returns how long to wait until a message is tried again that was tried so often."""
    return timedelta(seconds=_PAUSES[min(max(attempts, 1), len(_PAUSES)) - 1])


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
                await self.hand_back(part)
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
                await self.hand_back(part)
                return

    async def _publish(self, post: Post) -> Receipt:
        try:
            return await self.publisher.publish(post)
        except DeliveryError:
            raise
        except Exception as error:
            raise DeliveryError("ambiguous", "message", _fault(error)) from error

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
            raise DeliveryError("not_accepted", "message", _fault(error)) from error

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
                await self._record(lambda: outcomes.failed(store, hold, id_, error.reason, now))
                self.count(work, "failed")
            case "permanent", "message" if part.refusals + 1 >= MOST_REFUSALS:
                await self.give_up(work, part, subscription, error.reason)
            case _:
                refused = (error.outcome, error.scope) == ("permanent", "message")
                again = outcomes.not_accepted
                await self._record(lambda: again(store, hold, id_, error.reason, now + wait, refused=refused))

    async def attend(self) -> None:
        """Asks the platform whether it lets us in, where that is in doubt, and keeps why it does not, or that it does.

        The operators are told of what does not end by itself.
        """
        trouble, hold = self.grip.trouble, self.grip.hold
        asks = trouble.in_doubt and not self.grip.is_held("")
        if asks:
            await self._knock()
        lasting = trouble.lasting
        reason = lasting.reason if lasting else trouble.reason if trouble.in_doubt else ""
        if lasting and lasting.outcome == "permanent" and (asks or reason != trouble.reason):
            await notices.shut_out(self.store, hold.lane, reason, self.operators, self.now())
        if reason != trouble.reason:
            said = "nothing is sent in a lane" if reason else "a lane goes on"
            log.warning(said, extra={"lane": hold.lane, "reason": reason or trouble.reason})
            await lanes.keep_trouble(self.store, hold, reason)
            trouble.reason = reason

    async def _knock(self) -> None:
        trouble = self.grip.trouble
        try:
            async with asyncio.timeout(KNOCK):
                await self.publisher.knock()
        except DeliveryError as error:
            self.grip.pause("", trouble.still(error))
        except Exception as error:
            told = f"no answer within {KNOCK:g} s" if isinstance(error, TimeoutError) else _fault(error)
            self.grip.pause("", trouble.still(DeliveryError("not_accepted", "lane", told)))
        else:
            trouble.in_doubt = False

    async def _pause(self, work: Work, subscription: Subscription | None, reason: str) -> None:
        """Pauses what is posted to a place that does not take it, or tells a notice elsewhere."""
        if work.slot.kind == "notice":
            await notices.told_elsewhere(self.store, work.slot, self.now())
        elif subscription:
            await notices.paused(self.store, subscription, f"{UNREACHABLE}{reason}", self.now(), self.operators)

    async def give_up(self, work: Work, part: Delivery, subscription: Subscription | None, reason: str) -> None:
        """Gives a digest up, and tells so in its place."""
        await notices.failed(self.store, work.slot, subscription, reason, self.now())
        await self._record(lambda: outcomes.failed(self.store, self.grip.hold, part.id, reason, self.now()))
        self.count(work, "failed")

    async def hand_back(self, part: Delivery) -> None:
        """Takes an intent back of which no byte has left."""
        again = outcomes.not_accepted
        await self._record(lambda: again(self.store, self.grip.hold, part.id, "handed back", self.now()))

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


def _fault(error: Exception) -> str:
    """Logs a fault of ours, and returns what to say of it."""
    fault = secrets.token_hex(4)
    log.error("a fault of ours while a digest was posted", exc_info=error, extra={"fault": fault})
    return f"a fault of ours, in the log as {fault}"
