"""Several processes on one database: each digest once, and what one leaves another takes up."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.publishing import Post, Receipt
from bot.store.opening import Store
from tests.databases import Sqlite
from tests.made_platform import Platform
from tests.stored import subscription
from tests.world import START, World, knowing_of

DAY = timedelta(days=1)
SOON: dict[str, Any] = {"made_at": START - DAY, "next_fire": START + timedelta(seconds=1), "schedule": "daily 08:00"}


@dataclass
class Thawing:
    """Lets a process go on, or holds it as SIGSTOP does: what it was about to do, it does when it goes on."""

    _goes: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._goes.set()

    def freeze(self) -> None:
        self._goes.clear()

    def thaw(self) -> None:
        self._goes.set()

    async def passed(self) -> None:
        await self._goes.wait()


@dataclass
class Connection:
    """Sends for one process, which may be frozen before its turn, or after a message was taken."""

    platform: Platform
    thawing: Thawing
    freeze_at: str = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.platform, name)

    async def turn(self, place: str) -> None:
        self._reach("turn")
        await self.thawing.passed()

    async def publish(self, post: Post) -> Receipt:
        receipt = await self.platform.publish(post)
        self._reach("answer")
        await self.thawing.passed()
        return receipt

    def _reach(self, point: str) -> None:
        if self.freeze_at == point:
            self.freeze_at = ""
            self.thawing.freeze()


@dataclass
class Replica:
    """Is one process of several; they live in the same time and use the same file."""

    world: World
    store: Store
    freeze_at: str = ""
    thawing: Thawing = field(default_factory=Thawing)

    async def live(self) -> None:
        engine = self.world.engine(replace(self.store, turn=_Turn(self.store, self.thawing)))
        engine.publishers = {"slack": Connection(self.world.platform, self.thawing, self.freeze_at)}
        ticking = asyncio.Event()
        engine.soon = ticking.set
        try:
            while True:
                ticking.clear()
                await self.thawing.passed()
                wait = (await engine.tick() - self.world.now()).total_seconds()
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(wait, 0.001)):
                        await ticking.wait()
        finally:
            self.thawing.thaw()
            await engine.stop()


class _Turn:
    """Lets a process write when it is its turn, and not while it is frozen."""

    def __init__(self, store: Store, thawing: Thawing) -> None:
        self._turn, self._thawing = store.turn, thawing

    async def __aenter__(self) -> None:
        await self._thawing.passed()
        await self._turn.__aenter__()

    async def __aexit__(self, *told: Any) -> None:
        await self._turn.__aexit__(*told)


@pytest.fixture
def world(on_sqlite: Sqlite) -> World:
    return World(on_sqlite.ready(), knowing_of("a", "b"))


def living(world: World, does: Callable[[Replica, Replica], Coroutine[Any, Any, Any]], **first: Any) -> None:
    """Lets two processes live, of which the first may be odd, while something is done."""

    async def live() -> None:
        async with world.store() as store:
            both = Replica(world, store, **first), Replica(world, store)
            lives = []
            for one in both:
                lives.append(asyncio.ensure_future(one.live()))
                await asyncio.sleep(0.2)
            await does(*both)
            for life in lives:
                life.cancel()
            await asyncio.wait(lives)

    world.run(live())


async def an_hour(first: Replica, second: Replica) -> None:
    await asyncio.sleep(3_600)


def test_of_several_processes_one_posts_each_digest(world: World) -> None:
    places = [f"slack:T{n % 5}/C{n}" for n in range(25)]
    world.subscribe(*(subscription(f"s{n}", place, **SOON) for n, place in enumerate(places)))
    living(world, an_hour)
    assert sorted(place for place, some in world.platform.messages.items() if some) == sorted(places)
    assert set(world.platform.keys.values()) == {1}
    assert {work.slot.state for work in world.works()} == {"sent"}


def test_what_a_frozen_process_had_in_hand_another_takes_up_within_a_minute(world: World) -> None:
    world.subscribe(*(subscription(f"s{n}", f"slack:T1/C{n}", **SOON) for n in range(8)))
    living(world, an_hour, freeze_at="turn")
    at = [at for some in world.platform.messages.values() for at, _ in some]
    assert len(at) == 8
    assert max(at) < START + timedelta(seconds=61)


@pytest.mark.parametrize("point", ["turn", "answer"])
@pytest.mark.parametrize("seconds", [5, 25, 45, 300])
def test_a_process_that_was_frozen_past_its_lease_posts_nothing_twice(world: World, point: str, seconds: int) -> None:
    world.subscribe(*(subscription(f"s{n}", f"slack:T1/C{n}", **SOON) for n in range(8)))

    async def thaw(first: Replica, second: Replica) -> None:
        await asyncio.sleep(seconds)
        first.thawing.thaw()
        await asyncio.sleep(600)

    living(world, thaw, freeze_at=point)
    assert set(world.platform.keys.values()) == {1}
    assert len(world.platform.keys) == 8
    assert {work.slot.state for work in world.works()} == {"sent"}


def test_what_is_due_while_one_process_is_frozen_another_posts_in_time(world: World) -> None:
    later = {"made_at": START - DAY, "next_fire": START + timedelta(seconds=30)}
    world.subscribe(subscription("first", **SOON), subscription("later", "slack:T1/C2", **later))

    async def freeze(first: Replica, second: Replica) -> None:
        await asyncio.sleep(29)
        first.thawing.freeze()
        await asyncio.sleep(60)

    living(world, freeze)
    [(at, _)] = world.platform.messages["slack:T1/C2"]
    assert at < START + timedelta(seconds=32)
