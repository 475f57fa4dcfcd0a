"""A platform that works, in made time: it keeps what it takes, and fails as often as it is told to."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.platforms.terminal.render import BUDGET
from bot.publishing import Absent, DeliveryError, Found, Post, Receipt, Unknown
from briefings.paginate import Budget
from tests.made_time import Seams

TIMEOUT = 10.0


def budget_of(pieces: int) -> Budget:
    """Returns the budget of a message that holds so many blocks and sources."""
    return Budget(capacity=(pieces, 0, 0), cost=lambda _: (1, 0, 0), frame=(0, 0, 0))


@dataclass
class Faults:
    """Says how often, of a hundred requests, what goes wrong.

    `lost`: it is taken, and the answer never comes; `cut`: the line breaks before it is taken; `error`: a server error,
    which half of them are taken with; `limited`: too many requests.
    """

    lost: float = 0.0
    cut: float = 0.0
    error: float = 0.0
    limited: float = 0.0
    refused: dict[str, DeliveryError] = field(default_factory=dict)
    """What is said of every message to a place."""

    down: DeliveryError | None = None
    """What is said when it is asked whether it answers, while it takes nothing."""

    script: list[str] = field(default_factory=list)
    """What becomes of the next requests, by the names above; `ok` for nothing."""

    def next(self, dice: random.Random) -> str:
        """Returns what goes wrong with this request."""
        if self.script:
            return self.script.pop(0)
        rolled = dice.random() * 100
        for name in ("limited", "error", "cut", "lost"):
            rolled -= getattr(self, name)
            if rolled < 0:
                return name
        return "ok"


@dataclass
class Platform:
    """Takes messages and keeps them; implements `Publisher`.

    `can_look` is whether it can be asked for them, `knows_keys` whether it takes no second one with the same key.
    """

    clock: Callable[[], datetime]
    seams: Callable[[], Seams]
    dice: random.Random = field(default_factory=lambda: random.Random(0))
    name: str = "slack"
    can_look: bool = True
    knows_keys: bool = False
    faults: Faults = field(default_factory=Faults)
    rate: float = 0.0
    settle: float = 12.0
    at_once: int = 32
    budget: Any = BUDGET
    messages: dict[str, list[tuple[datetime, Post]]] = field(default_factory=lambda: defaultdict(list))
    attempts: Counter[str] = field(default_factory=Counter)
    tells_reachable: bool = True
    knocks: int = 0
    unclear: int = 0
    """How many requests had an outcome that the sender could not know."""

    before: Callable[[Post], object] = lambda _: None
    gone: set[str] = field(default_factory=set)
    left_by: set[str] = field(default_factory=set)
    """Workspaces that have removed the bot."""

    silent: set[str] = field(default_factory=set)
    """Workspaces of which it cannot be told."""

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
        if self.faults.down:
            refused = self.faults.down.outcome == "permanent"
            self.unclear += not refused
            raise self.faults.down if refused else DeliveryError("ambiguous", "message", "a server error")
        fault = self.faults.next(self.dice)
        if fault == "limited":
            raise DeliveryError("not_accepted", "place", "too many", self.dice.choice((1, 5, 30)))
        if fault in ("error", "cut", "lost"):
            self.unclear += 1
        if fault == "cut" or (fault == "error" and self.dice.random() < 0.5):
            raise DeliveryError("ambiguous", "message", "cut before, or a server error")
        receipt = self._accept(post)
        if fault == "error":
            raise DeliveryError("ambiguous", "message", "a server error")
        if fault == "lost":
            await asyncio.sleep(TIMEOUT)
            raise DeliveryError("ambiguous", "message", "no answer")
        self.seams().passing("answer")
        return receipt

    def _accept(self, post: Post) -> Receipt:
        before = self._number(post)
        if self.knows_keys and before:
            return Receipt(f"m{before}")
        self.messages[post.place].append((self.clock(), post))
        return Receipt(f"m{len(self.messages[post.place])}")

    async def find(self, post: Post) -> Found | Absent | Unknown:
        self.seams().passing("look")
        await asyncio.sleep(0.05)
        if not self.can_look:
            return Absent(sure=False) if self.knows_keys else Unknown("it has no history to be read")
        found = self._number(post)
        return Found(Receipt(f"m{found}")) if found else Absent()

    def _number(self, post: Post) -> int:
        """Returns which message of its place one is, from 1; 0 if it is not there."""
        return next((n for n, (_, one) in enumerate(self.messages[post.place], 1) if one.key == post.key), 0)

    async def finish(self, post: Post, receipt: Receipt) -> None:
        pass

    async def knock(self) -> None:
        self.knocks += 1
        await asyncio.sleep(0.05)
        if self.faults.down:
            raise self.faults.down

    async def left(self, workspace: str) -> bool | None:
        return None if workspace in self.silent else workspace in self.left_by

    async def reachable(self, place: str) -> bool | None:
        return place not in self.gone if self.tells_reachable else None

    @property
    def keys(self) -> Counter[str]:
        """How often each part was posted."""
        return Counter(post.key for post in self.posts())

    def posts(self) -> Iterator[Post]:
        """Yields all messages, those of a place in their order."""
        for of_place in self.messages.values():
            yield from (post for _, post in of_place)

    def out_of_order(self) -> list[str]:
        """Returns the parts that came before an earlier one of the same digest."""
        last: dict[str, int] = {}
        wrong = []
        for post in self.posts():
            slot, _, part = post.key.rpartition("-")
            if int(part) < last.get(slot, 1) or int(part) > last.get(slot, 0) + 1:
                wrong.append(post.key)
            last[slot] = max(int(part), last.get(slot, 0))
        return wrong
