"""The engine as a whole: what is due is proposed, and every lane with work has a holder that works it through."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.delivery import proposing
from bot.delivery.grip import LEASE, REQUEST, Grip
from bot.delivery.lane import Lane
from bot.delivery.leaving import erase_left
from bot.delivery.posting import Posting
from bot.delivery.sending import Sending
from bot.delivery.shelf import Shelf
from bot.places import platform_of
from bot.publishing import DeliveryError, Publisher
from bot.schedule import InvalidSchedule
from bot.store import lanes, slots, subscriptions, upkeep
from bot.store.opening import Store
from bot.store.unavailable import StoreUnavailable
from bot.store.values import Fenced, Subscription
from bot.subscribing.subscriptions import next_fire
from bot.tally import Tally

log = logging.getLogger("briefbot.delivery")
AGAIN = timedelta(seconds=5)
LONGEST_WAIT = timedelta(seconds=30)
"""After which the store is read at the latest: other replicas take edits, too."""

CORRECTED = timedelta(minutes=5)
SET_BACK = timedelta(minutes=1)
TRIED_AGAIN = timedelta(hours=20)
"""After which a place that cannot be asked about is tried by a digest: so one of each day is."""


@dataclass
class Engine:
    """Delivers on some platforms; its functions are the jobs of a clock, any of which may run late or twice.

    `names` holds, by platform, what commands are called there; `operators` is the place told of trouble;
    `soon` has `tick` run at once; what becomes of digests is counted in `tally`; `longest_wait` is after what time the
    store is read though nothing is due.
    """

    store: Store
    shelf: Shelf
    publishers: Mapping[str, Publisher]
    now: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    operators: str = ""
    owner: str = field(default_factory=lambda: secrets.token_hex(8))
    linger: float = 5.0
    lease: float = LEASE
    request: float = REQUEST
    longest_wait: timedelta = LONGEST_WAIT
    soon: Callable[[], None] = lambda: None
    tally: Tally = field(default_factory=Tally)
    _lanes: dict[str, tuple[Lane, asyncio.Task[None]]] = field(default_factory=dict)
    _corrected: datetime | None = None
    _ticked: datetime | None = None

    async def tick(self) -> datetime:
        """Proposes what is due, sees that every lane with work is worked, and returns when it wants to run next.

        Raises:
            StoreUnavailable: the store cannot be used; what could not be done is done next time.
        """
        now = self.now()
        if self._ticked and now < self._ticked - SET_BACK:  # what was set by the wrong clock would not come for long
            await proposing.mend_next_fires(self.store, now)
            self.shelf.forget()
            self._corrected = None
        self._ticked = now
        fresh = await self.shelf.refresh(now)
        if fresh or self._corrected is None or now - self._corrected >= CORRECTED:
            await proposing.propose_corrections(self.store, self.shelf.retracted, now)
            self._corrected = now
        async for kept in proposing.propose_due(self.store, now):
            self.tally.count("digests", "due", number=kept)
            await self._see_to_lanes()  # the first go out while the last are still proposed
        held_elsewhere = await self._see_to_lanes()
        wakes = await subscriptions.earliest_fire(self.store), await slots.next_wake(self.store, now)
        latest = self.now() + (AGAIN if held_elsewhere else self.longest_wait)
        return max(min(wake for wake in (*wakes, latest) if wake), self.now())

    async def _see_to_lanes(self) -> bool:
        """Has every lane with work worked by us, and returns whether another holds one of them."""
        names = await slots.lanes_with_work(self.store, self.now())
        ours = [name for name in names if platform_of(name) in self.publishers]
        return not all([await self._see_to(name) for name in ours])

    async def _see_to(self, name: str) -> bool:
        """Has a lane worked by us; returns False where another holds it."""
        if name in self._lanes:
            self._lanes[name][0].poked.set()
            return True
        now = self.now()
        lease = timedelta(seconds=self.lease)
        hold = await lanes.take_lane(self.store, name, self.owner, now, lease, timedelta(seconds=self.request))
        if hold is None:
            return False
        publisher = self.publishers[platform_of(name)]
        grip = Grip(self.store, hold, now + lease, self.now, publisher.at_once, self.monotonic, self.lease)
        names = self.names.get(publisher.name, {})
        sending = Sending(self.store, publisher, grip, self.operators, self.now, self.tally)
        posting = Posting(sending, self.shelf, names)
        lane = Lane(self.store, grip, posting, self.now, self.linger)
        task = asyncio.create_task(self._worked(name, lane))
        self._lanes[name] = (lane, task)
        return True

    async def _worked(self, name: str, lane: Lane) -> None:
        """Works a lane; after trouble it waits for the next tick, or it would be in trouble again at once."""
        ended_well = False
        try:
            await lane.work()
            ended_well = True
        except Fenced as lost:
            log.warning("a lane was taken over", extra={"lane": name, "error": str(lost)})
        except StoreUnavailable as error:
            log.error("digests wait for the store", extra={"lane": name, "error": str(error)})
        except Exception:
            log.exception("a lane has ended by a fault of ours", extra={"lane": name})
        finally:
            del self._lanes[name]
        if ended_well:
            self.soon()  # what came while it was given back is nobody's yet

    async def finish(self) -> None:
        """Waits until every lane that we hold has nothing to do, or its platform takes nothing for a while."""
        while self._lanes:
            await asyncio.wait([task for _, task in self._lanes.values()], timeout=1.0)
            for lane, task in self._lanes.values():
                if lane.grip.is_shut(self.linger):
                    task.cancel()

    async def stop(self) -> None:
        """Sends nothing more, lets requests under way end, and hands the rest back."""
        tasks = [task for _, task in self._lanes.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def mend(self) -> None:
        """Resumes what was paused because its place could not be posted to, where it can be again.

        Where the platform does not let us ask that, as Slack does not without a scope of its own, the next digest is
        to find it out, once a day; its owner is not told again if it cannot be posted either.

        Raises:
            StoreUnavailable: not all could be looked at.
        """
        for one in await subscriptions.unreachable(self.store):
            publisher = self.publishers.get(platform_of(one.place))
            if publisher:
                try:
                    await self._mend(one, publisher)
                except (DeliveryError, InvalidSchedule) as still:  # its place was never one, or its zone is gone
                    log.info("a subscription stays paused", extra={"subscription": one.id, "reason": str(still)})

    async def _mend(self, one: Subscription, publisher: Publisher) -> None:
        now = self.now()
        reachable = await publisher.reachable(one.place)
        if reachable or (reachable is None and one.changed_at and now - one.changed_at >= TRIED_AGAIN):
            following = next_fire(one, now)
            if await subscriptions.resume(self.store, one.id, following, now, one.reason):
                log.info("a subscription goes on by itself", extra={"subscription": one.id})

    async def waiting(self) -> dict[str, int]:
        """Returns how many active subscriptions nothing is posted for from here, by platform: those that are off.

        Raises:
            StoreUnavailable: they cannot be read.
        """
        return await subscriptions.of_others(self.store, self.publishers)

    async def clean(self) -> None:
        """Deletes what is old, and what is kept of workspaces that have removed the bot.

        Raises:
            StoreUnavailable: not all could be looked at.
        """
        deleted = await upkeep.housekeeping(self.store, self.now())
        if any(deleted.values()):
            log.info("old rows are deleted", extra=deleted)
        await erase_left(self.store, self.publishers, self.now())
