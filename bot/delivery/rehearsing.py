"""A rehearsal: the same engine on a copy of the database, at made instants, printed instead of sent."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.delivery.engine import Engine
from bot.delivery.proposing import set_next_fires
from bot.delivery.shelf import Shelf
from bot.publishing import Absent, Found, Post, Publisher, Receipt, Unknown
from bot.store import slots, subscriptions
from bot.store.copying import copied
from bot.store.lanes import free_lanes
from bot.store.values import State
from briefings.paginate import Budget
from knowledge import Knowledge

Show = Callable[[datetime, Post], None]
"""Shows what would be posted at an instant."""


@dataclass
class Rehearsed:
    """Stands in for a platform and shows what it would be sent; implements `Publisher`."""

    name: str
    budget: Budget
    show: Show
    now: Callable[[], datetime]
    settle: float = 0.0
    at_once: int = 32

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Gives the context in which it posts."""
        yield

    async def turn(self, place: str) -> None:
        """Returns at once."""

    async def publish(self, post: Post) -> Receipt:
        """Shows a message."""
        self.show(self.now(), post)
        return Receipt(post.key)

    async def find(self, post: Post) -> Found | Absent | Unknown:  # noqa: ARG002
        """Says that nothing was posted."""
        return Absent()

    async def finish(self, post: Post, receipt: Receipt) -> None:
        """Has nothing left to do."""

    async def knock(self) -> None:
        """Finds nothing in the way."""

    async def reachable(self, place: str) -> bool | None:  # noqa: ARG002
        """Says that nobody was asked."""
        return None

    async def left(self, workspace: str) -> bool | None:  # noqa: ARG002
        """Says that nobody was asked."""
        return None


async def rehearse(
    url: str,
    knowledge: Knowledge,
    budgets: Mapping[str, Budget],
    names: Mapping[str, Mapping[str, str]],
    period: tuple[datetime, datetime],
    show: Show,
) -> list[tuple[State, str, int]]:
    """Shows all that would be posted in a period with the knowledge of now, if nothing else happened.

    The database of the plain `url` is only read, and need not be there.
    `budgets` and `names` are those of the platforms, by name. What fell due before the period is passed over. Returns
    what became of the digests: states with their reasons, counted.

    Raises:
        StoreUnavailable: the store cannot be read.
    """
    start, end = period
    now = start
    with TemporaryDirectory() as folder:
        async with copied(url, Path(folder)) as made:
            await free_lanes(made)
            clock = lambda: now  # noqa: E731  the instant of the moment, which the loop below moves
            publishers: dict[str, Publisher] = {
                name: Rehearsed(name, budget, show, clock) for name, budget in budgets.items()
            }
            engine = Engine(made, Shelf(made, lambda: knowledge), publishers, clock, names=names, linger=0.0)
            ids = [one.id for one in await subscriptions.everywhere(made)]
            await set_next_fires(made, ids, start - timedelta(microseconds=1))
            while now <= end:
                await engine.tick()
                await engine.finish()
                following = await subscriptions.earliest_fire(made)
                if following is None:
                    break
                now = max(following, now + timedelta(microseconds=1))
            return await slots.endings(made, start)
