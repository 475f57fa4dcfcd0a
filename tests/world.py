"""A world in which time is made: the real engine on a real SQLite file, a platform that works, and crashes anywhere."""

import asyncio
import logging
import random
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.delivery.engine import Engine
from bot.delivery.shelf import Shelf
from bot.platforms.terminal.render import payload
from bot.store import subscriptions
from bot.store.lanes import free_lanes
from bot.store.opening import Store, open_store
from bot.store.slots import selected, slot_value
from bot.store.tables import delivery, slot
from bot.store.unavailable import StoreUnavailable
from bot.store.values import Delivery, Subscription, Work
from knowledge import Claim, Knowledge
from tests.builders import claim, knowing
from tests.made_platform import Platform
from tests.made_time import Loop, Seams, inline

START = datetime(2033, 6, 15, 6, 0, tzinfo=UTC)
AFTER_FAULT = 30.0
"""Seconds after which a clock runs a job again that has failed."""

Act = Callable[[Store, Engine], Coroutine[Any, Any, Any]]
"""Is what people do while the process lives."""


class World:
    """Runs the engine, kills it and starts it again, while time is made; `now` may be set off from the loop's time.

    `acts` are what happens at which second of the loop's time; they are done while a process lives.
    """

    def __init__(self, url: str, knowledge: Knowledge, platform: Platform | None = None) -> None:
        self.url = url
        self.knowledge = knowledge
        self.offset = timedelta()
        self.seams = Seams()
        self.loop = Loop()
        self.platform = platform or Platform(self.now, lambda: self.seams)
        self.platform.clock, self.platform.seams = self.now, lambda: self.seams
        self.operators = "slack:T0/COPS"
        self.acts: list[tuple[float, Act]] = []
        self.longest_wait = timedelta(seconds=30)
        self.policy = "at_most_once"
        self.told_unavailable: list[str] = []

    def copied(self, url: str) -> "World":
        """Returns a world that has come as far as this one, with the file `url` of its own."""
        shutil.copy(_file(self.url), _file(url))
        platform = copy(self.platform)
        platform.messages, platform.attempts = platform.messages.copy(), platform.attempts.copy()
        for place, messages in platform.messages.items():
            platform.messages[place] = list(messages)
        platform.faults = copy(platform.faults)
        platform.faults.script = list(platform.faults.script)
        platform.dice = random.Random(0)
        other = World(url, self.knowledge, platform)
        other.offset, other.loop.made.time, other.acts = self.offset, self.loop.made.time, list(self.acts)
        other.policy, other.longest_wait = self.policy, self.longest_wait
        return other

    def now(self) -> datetime:
        """The wall clock."""
        return START + timedelta(seconds=self.loop.time()) + self.offset

    def run(self, does: Coroutine[Any, Any, Any]) -> Any:
        """Runs something to its end in made time."""
        log = logging.getLogger("briefbot.delivery")
        log.addFilter(self._is_alive)
        try:
            with inline(lambda: self.seams):
                return self.loop.run_until_complete(does)
        finally:
            log.removeFilter(self._is_alive)

    def _is_alive(self, record: logging.LogRecord) -> bool:
        return not self.seams.dead

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        async with open_store(self.url) as store:
            yield store

    def engine(self, store: Store) -> Engine:
        shelf = Shelf(store, lambda: self.knowledge)
        return Engine(
            store,
            shelf,
            {self.platform.name: self.platform},
            self.now,
            self.loop.time,
            operators=self.operators,
            longest_wait=self.longest_wait,
        )

    def live(self, *, hours: float = 0, minutes: float = 0, seconds: float = 0) -> bool:
        """Lets a process live for so long; returns False if it was killed before."""
        lasting = timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()
        alive: bool = self.run(self.lived(self.loop.time() + lasting))
        return alive

    def sleep(self, lasting: timedelta) -> None:
        """Lets time pass while no process lives."""
        self.loop.made.time += lasting.total_seconds()

    async def lived(self, until: float) -> bool:
        """Lets a process live until a second of the loop's time; returns False if it was killed before."""
        self.seams.dead = False
        living = asyncio.ensure_future(self._life(until))
        await asyncio.wait([living])
        if not self.seams.dead:
            living.result()
            return True
        living.exception()
        await self._bury()
        return False

    async def _life(self, until: float) -> None:
        async with self.store() as store:
            engine = self.engine(store)
            await free_lanes(store)
            ticking = asyncio.Event()
            engine.soon = ticking.set
            while self.loop.time() < until and not self.seams.dead:
                ticking.clear()
                await self._act(store, engine)
                wait = await self._ticked(engine)
                left = min([until, *(second for second, _ in self.acts)]) - self.loop.time()
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(min(wait, left), 0.001)):
                        await ticking.wait()
            if not self.seams.dead:
                await engine.stop()

    async def _ticked(self, engine: Engine) -> float:
        """Ticks, and returns for how many seconds there is no more to do, as the clock does it."""
        try:
            return (await engine.tick() - self.now()).total_seconds()
        except StoreUnavailable as error:
            self.told_unavailable.append(str(error))
            return AFTER_FAULT

    async def _act(self, store: Store, engine: Engine) -> None:
        for one in sorted((one for one in self.acts if one[0] <= self.loop.time()), key=lambda one: one[0]):
            self.acts.remove(one)
            await one[1](store, engine)

    async def _bury(self) -> None:
        """Ends what is left of a process that was killed."""
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others)
        for task in others:
            if not task.cancelled():
                task.exception()

    def subscribe(self, *new: Subscription) -> None:
        """Keeps subscriptions, and takes the knowledge up."""
        self.run(self._subscribed(*new))

    async def _subscribed(self, *new: Subscription) -> None:
        async with self.store() as store:
            await self.engine(store).shelf.refresh(self.now())
            for one in new:
                assert await subscriptions.add(store, one)

    def told(self, read: Callable[[Store], Coroutine[Any, Any, Any]]) -> Any:
        """Returns what something reads from the store, or does with it."""

        async def reading() -> Any:
            async with self.store() as store:
                return await read(store)

        return self.run(reading())

    def works(self) -> list[Work]:
        """Returns all slots with their parts."""

        async def read(store: Store) -> list[Work]:
            async with store.reading() as tx:
                parts = [
                    Delivery(**row._mapping) for row in await tx.execute(select(delivery).order_by(delivery.c.part))
                ]
                slots = [slot_value(row) for row in await tx.execute(selected().order_by(slot.c.due, slot.c.id))]
            return [Work(one, tuple(part for part in parts if part.slot == one.id)) for one in slots]

        works: list[Work] = self.told(read)
        return works


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def shown_to(platform: Platform, place: str) -> list[str]:
    """Returns the messages of a place, as a reader of the terminal would see them."""
    return [payload(post.page) for _, post in platform.messages[place]]


def claims(*ids: str, **fields: Any) -> list[Claim]:
    return [claim(id_, f"The claim {id_} holds.", **fields) for id_ in ids]


def knowing_of(*ids: str) -> Knowledge:
    return knowing(*claims(*ids))
