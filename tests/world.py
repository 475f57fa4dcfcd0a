"""A world in which time is made: the real engine on a real SQLite file, a platform that works, and crashes anywhere."""

import asyncio
import random
import selectors
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import aiosqlite.core

from bot.delivery.engine import Engine
from bot.delivery.shelf import Shelf
from bot.platforms.terminal.render import BUDGET, payload
from bot.publishing import Absent, DeliveryError, Found, Post, Receipt, Unknown
from bot.store import subscriptions
from bot.store.lanes import free_lanes
from bot.store.opening import Store, open_store
from bot.store.values import Subscription
from knowledge import Claim, Knowledge
from tests.builders import claim, knowing

START = datetime(2033, 6, 15, 6, 0, tzinfo=UTC)
TIMEOUT = 10.0


class Killed(BaseException):
    """Is raised where a process is killed; nothing of it runs on."""


class _Selector(selectors.DefaultSelector):
    """Lets time pass instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("nothing will ever happen again")
        self.time += max(timeout, 0.0)
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """Is a loop on which sleeping takes no time; `time` counts seconds from 0."""

    def __init__(self) -> None:
        self.made = _Selector()
        super().__init__(self.made)

    def time(self) -> float:
        return self.made.time


class Seams:
    """Counts the points at which something leaves the process, and kills it at one of them."""

    def __init__(self) -> None:
        self.passed = 0
        self.kill_at: int | None = None
        self.dead = False
        self.names: list[str] = []

    def passing(self, name: str) -> None:
        """Is called at each point.

        Raises:
            Killed: this is where the process dies, or it is dead already.
        """
        if self.dead:
            raise Killed(name)
        self.passed += 1
        self.names.append(name)
        if self.passed == self.kill_at:
            self.dead = True
            raise Killed(name)


_POINTS = ("execute", "commit")
"""What a killed process does no more; that its connection is rolled back and closed, SQLite sees to."""


@contextmanager
def inline(seams: Callable[[], Seams]) -> Iterator[None]:
    """Has aiosqlite run its statements at once instead of in threads, so that made time stands still meanwhile."""

    class Inline:
        def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
            future, function = item
            try:
                if (name := _named(function)).startswith(_POINTS):
                    seams().passing(name)
                result = function()
            except Exception as error:
                if future:
                    future.set_exception(error)
            else:
                if future:
                    future.set_result(result)

    begin = aiosqlite.core.Connection.__init__

    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        self._tx, self._thread = Inline(), SimpleNamespace(start=lambda: None, daemon=True)

    aiosqlite.core.Connection.__init__ = made  # type: ignore[method-assign]
    try:
        yield
    finally:
        aiosqlite.core.Connection.__init__ = begin  # type: ignore[method-assign]


def _named(function: Callable[[], Any]) -> str:
    called = getattr(function, "func", function)
    args = getattr(function, "args", ())
    said = str(args[0]).split("\n")[0][:60] if args and isinstance(args[0], str) else ""
    return f"{getattr(called, '__name__', '?')} {said}".strip()


@dataclass
class Faults:
    """Says how often, of a hundred requests, what goes wrong."""

    lost: float = 0.0
    cut: float = 0.0
    error: float = 0.0
    limited: float = 0.0
    refused: dict[str, DeliveryError] = field(default_factory=dict)
    """What is said of every message to a place."""


@dataclass
class Platform:
    """Takes messages and keeps them; `can_look` is whether it can be asked for them; implements `Publisher`."""

    clock: Callable[[], datetime]
    seams: Callable[[], Seams]
    dice: random.Random = field(default_factory=lambda: random.Random(0))
    name: str = "slack"
    can_look: bool = True
    faults: Faults = field(default_factory=Faults)
    rate: float = 0.0
    settle: float = 12.0
    budget: Any = BUDGET
    messages: dict[str, list[tuple[datetime, Post]]] = field(default_factory=lambda: defaultdict(list))
    attempts: Counter[str] = field(default_factory=Counter)
    before: Callable[[Post], object] = lambda _: None
    gone: set[str] = field(default_factory=set)
    _turn: float = 0.0

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        yield

    async def turn(self, place: str) -> None:
        loop = asyncio.get_running_loop()
        if self.rate:
            turn = max(self._turn, loop.time())
            self._turn = turn + 1 / self.rate
            await asyncio.sleep(turn - loop.time())

    async def publish(self, post: Post) -> Receipt:
        self.before(post)
        self.seams().passing("request")
        self.attempts[post.key] += 1
        await asyncio.sleep(self.dice.uniform(0.01, 0.3))
        self.seams().passing("arrival")
        if post.place in self.faults.refused:
            raise self.faults.refused[post.place]
        if post.place in self.gone:
            raise DeliveryError("permanent", "place", "the channel is gone")
        rolled = self.dice.random() * 100
        if (rolled := rolled - self.faults.limited) < 0:
            raise DeliveryError("not_accepted", "place", "too many", self.dice.choice((1, 5, 30)))
        if (rolled := rolled - self.faults.error) < 0:
            if self.dice.random() < 0.5:
                self._accept(post)
            raise DeliveryError("ambiguous", "message", "server error")
        if (rolled := rolled - self.faults.cut) < 0:
            raise DeliveryError("ambiguous", "message", "cut before")
        receipt = self._accept(post)
        if rolled - self.faults.lost < 0:
            await asyncio.sleep(TIMEOUT)
            raise DeliveryError("ambiguous", "message", "no answer")
        self.seams().passing("answer")
        return receipt

    def _accept(self, post: Post) -> Receipt:
        self.messages[post.place].append((self.clock(), post))
        return Receipt(f"m{len(self.messages[post.place])}")

    async def find(self, post: Post) -> Found | Absent | Unknown:
        self.seams().passing("look")
        await asyncio.sleep(0.05)
        if not self.can_look:
            return Unknown("it has no history to be read")
        found = [n for n, (_, one) in enumerate(self.messages[post.place], 1) if one.key == post.key]
        return Found(Receipt(f"m{found[0]}")) if found else Absent()

    async def finish(self, post: Post, receipt: Receipt) -> None:
        pass

    async def reachable(self, place: str) -> bool | None:
        return place not in self.gone

    @property
    def keys(self) -> Counter[str]:
        """How often each delivery was posted."""
        return Counter(post.key for of_place in self.messages.values() for _, post in of_place)


class World:
    """Runs the engine, kills it and starts it again, while time is made; `now` may be set off from the loop's time."""

    def __init__(self, url: str, knowledge: Knowledge, platform: Platform | None = None) -> None:
        self.url = url
        self.knowledge = knowledge
        self.offset = timedelta()
        self.seams = Seams()
        self.loop = Loop()
        self.platform = platform or Platform(self.now, lambda: self.seams)
        self.platform.clock, self.platform.seams = self.now, lambda: self.seams
        self.operators = "slack:T0/COPS"

    def now(self) -> datetime:
        """The wall clock."""
        return START + timedelta(seconds=self.loop.time()) + self.offset

    def run(self, does: Coroutine[Any, Any, Any]) -> Any:
        """Runs something to its end in made time."""
        with inline(lambda: self.seams):
            return self.loop.run_until_complete(does)

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        async with open_store(self.url) as store:
            yield store

    def engine(self, store: Store) -> Engine:
        shelf = Shelf(store, lambda: self.knowledge)
        return Engine(
            store, shelf, {self.platform.name: self.platform}, self.now, self.loop.time, operators=self.operators
        )

    async def lived(self, until: datetime) -> bool:
        """Lets a process live until an instant; returns False if it was killed before."""
        self.seams.dead = False
        living = asyncio.ensure_future(self._life(until))
        await asyncio.wait([living])
        if not self.seams.dead:
            living.result()
            return True
        living.exception()
        await self._bury()
        return False

    async def _life(self, until: datetime) -> None:
        async with self.store() as store:
            engine = self.engine(store)
            await free_lanes(store)
            ticking = asyncio.Event()
            engine.soon = ticking.set
            while self.now() < until and not self.seams.dead:
                ticking.clear()
                wanted = min(await engine.tick(), until)
                wait = max((wanted - self.now()).total_seconds(), 0.001)
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await ticking.wait()
            if not self.seams.dead:
                await engine.stop()

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

    async def subscribe(self, *new: Subscription) -> None:
        """Keeps subscriptions."""
        async with self.store() as store:
            await self.engine(store).shelf.refresh(self.now())
            for one in new:
                assert await subscriptions.add(store, one)

    async def told(self, read: Callable[[Store], Coroutine[Any, Any, Any]]) -> Any:
        """Returns what something reads from the store."""
        async with self.store() as store:
            return await read(store)


def shown_to(platform: Platform, place: str) -> list[str]:
    """Returns the messages of a place, as a reader of the terminal would see them."""
    return [payload(post.page) for _, post in platform.messages[place]]


def claims(*ids: str, **fields: Any) -> list[Claim]:
    return [claim(id_, f"The claim {id_} holds.", **fields) for id_ in ids]


def knowing_of(*ids: str) -> Knowledge:
    return knowing(*claims(*ids))
