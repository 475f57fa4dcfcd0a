"""One lane worked through by its holder: many places at once, one digest a place at a time."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.delivery.grip import Grip
from bot.delivery.knocking import attend
from bot.delivery.posting import Posting
from bot.places import home_of
from bot.store import lanes, slots
from bot.store.opening import Store
from bot.store.unavailable import StoreUnavailable
from bot.store.values import Fenced, Work

log = logging.getLogger("briefbot.delivery")
TOGETHER = 256
"""Slots that are taken up before the store is asked again what there is."""

LONGEST_LOOK = 5.0
LONGEST_SHUT = 60.0
"""Seconds after which it is looked, in a lane in which nothing is sent, what cannot be posted in time any more."""

AFTER_FAULT = 60.0
LAST = 7.0
"""Seconds that requests under way have when the program ends."""


@dataclass
class Lane:
    """Works a lane through that is held; ends when nothing in it wants attention soon."""

    store: Store
    grip: Grip
    posting: Posting
    now: Callable[[], datetime]
    linger: float = LONGEST_LOOK
    poked: asyncio.Event = field(default_factory=asyncio.Event)
    _hands: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _freed: asyncio.Event = field(default_factory=asyncio.Event)
    _trouble: BaseException | None = None

    async def work(self) -> None:
        """Works until nothing wants attention within `linger` seconds, and gives the lane back.

        Cancelled, it sends nothing more, lets requests under way end, and hands the rest back.

        Raises:
            Fenced: another has taken the lane.
            StoreUnavailable: nothing can be written down; what was under way is looked for later.
        """
        keeping = asyncio.create_task(self.grip.keep())
        keeping.add_done_callback(lambda _: self._freed.set())
        try:
            await self._work(keeping)
        except StoreUnavailable:
            self.grip.end()
            if self._hands:  # what is posted they alone know, so they are let write it down, however long that takes
                await asyncio.wait(list(self._hands.values()))
            raise
        finally:
            await self._finish(keeping)

    async def _work(self, keeping: asyncio.Task[None]) -> None:
        while True:
            if keeping.done():
                keeping.result()
            if self._trouble:
                raise self._trouble
            self.poked.clear()
            await attend(self.posting.sending)
            shut = self.grip.is_paused()
            ready = await slots.open_work(self.store, self.grip.hold.lane, self.now(), most=5_000, over=shut)
            fresh = [work for work in in_turn(ready) if self._may_start(work)][:TOGETHER]
            if not fresh and not self._hands and await self._is_quiet():
                self.grip.trouble.forget()
                await attend(self.posting.sending)
                return
            for work in fresh:
                while len(self._hands) >= self.grip.trouble.width and not keeping.done():
                    self._freed.clear()
                    await self._freed.wait()
                if self._trouble or keeping.done() or self.poked.is_set():
                    break  # what has come meanwhile may be of a smaller workspace
                self._start(work)
            await self._something(keeping, await self._pause())

    def _may_start(self, work: Work) -> bool:
        place, id_, grip = work.slot.place, work.slot.id, self.grip
        if place in self._hands or not grip.is_firm or grip.is_held(place, id_):
            return False
        return not grip.is_paused() or self._is_over(work)

    def _is_over(self, work: Work) -> bool:
        """Whether the time of a digest is over and nothing of it is left to be looked for, so that nothing is asked."""
        current, is_late = work.current, self.now() > work.slot.deadline
        return is_late and not work.slot.doubted and (current is None or current.state == "planned")

    def _start(self, work: Work) -> None:
        if self._may_start(work):
            task = asyncio.create_task(self.posting.go_on(work))
            self._hands[work.slot.place] = task
            task.add_done_callback(lambda done: self._done(work, done))

    def _done(self, work: Work, task: asyncio.Task[None]) -> None:
        del self._hands[work.slot.place]
        self._freed.set()
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Fenced | StoreUnavailable):
            self._trouble = self._trouble or error
        elif error:
            log.error("a digest met a fault of ours; the others go on", exc_info=error, extra={"slot": work.slot.id})
            self.grip.pause(work.slot.id, AFTER_FAULT)

    async def _pause(self) -> float:
        """Returns for how many seconds there is nothing to start, unless something ends or is poked before."""
        if self._hands:
            return min(LONGEST_LOOK, max(self.grip.next_release, 0.0))
        if self.grip.is_held(""):
            return min(LONGEST_SHUT, max(self.grip.next_release, 0.0))
        wake = await slots.earliest_wake(self.store, self.grip.hold.lane)
        left = (wake - self.now()).total_seconds() if wake else LONGEST_LOOK
        return min(LONGEST_LOOK, max(left, self.grip.next_release if left <= 0 else 0.0, 0.0))

    async def _is_quiet(self) -> bool:
        if self.grip.trouble.in_doubt:
            return False
        wake = await slots.earliest_wake(self.store, self.grip.hold.lane)
        return wake is None or wake - self.now() > timedelta(seconds=self.linger)

    async def _something(self, keeping: asyncio.Task[None], seconds: float) -> None:
        """Waits until a digest is out of hand, the lane is lost, somebody pokes, or so many seconds are over."""
        poked = asyncio.create_task(self.poked.wait())
        try:
            await asyncio.wait(
                [poked, keeping, *self._hands.values()], timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            poked.cancel()

    async def _finish(self, keeping: asyncio.Task[None]) -> None:
        self.grip.end()
        hands = list(self._hands.values())
        if hands:
            _, late = await asyncio.wait(hands, timeout=LAST)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        keeping.cancel()
        await asyncio.wait([keeping])
        try:
            await lanes.leave_lane(self.store, self.grip.hold)
        except (Fenced, StoreUnavailable) as error:
            log.info("a lane was not given back", extra={"lane": self.grip.hold.lane, "error": str(error)})


def in_turn(works: Iterable[Work]) -> list[Work]:
    """Returns slots in the order of fairness: the first of every workspace, of small ones before, then the second."""
    sizes: Counter[str] = Counter()
    ranked = []
    for work in works:
        workspace = home_of(work.slot.place)
        ranked.append((sizes[workspace], workspace, work))
        sizes[workspace] += 1
    return [work for rank, workspace, work in sorted(ranked, key=lambda one: (one[0], sizes[one[1]]))]
