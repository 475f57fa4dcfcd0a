"""Lanes: one holder each, with a number that grows at each change of hands."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.opening import Store
from bot.store.sql import insert, whole
from bot.store.tables import lane
from bot.store.values import Fenced, Hold

_NONE = timedelta()


@whole
async def take_lane(
    store: Store, name: str, owner: str, now: datetime, until: datetime, wait: timedelta = _NONE
) -> Hold | None:
    """Takes a lane that is free, or whose lease ended `wait` ago; None where another has it.

    `owner` is a name that no other process has or had; `wait` is how long a request of the last one may be under way.
    """
    async with store.writing() as tx:
        free = {"name": name, "owner": None, "fence": 0, "until": None}
        await tx.execute(insert(tx, lane).values(free).on_conflict_do_nothing())
        taken = (
            update(lane)
            .where(lane.c.name == name, or_(lane.c.owner.is_(None), lane.c.until <= now - wait))
            .values(owner=owner, fence=lane.c.fence + 1, until=until)
            .returning(lane.c.fence)
        )
        fence = await tx.scalar(taken)
    return None if fence is None else Hold(name, owner, fence)


@whole
async def keep_lane(store: Store, hold: Hold, until: datetime) -> None:
    """Lengthens a lease.

    Raises:
        Fenced: another has taken the lane.
    """
    await _change(store, hold, owner=hold.owner, until=until)


@whole
async def leave_lane(store: Store, hold: Hold) -> None:
    """Gives a lane back, for anyone to take at once.

    Raises:
        Fenced: another has taken the lane.
    """
    await _change(store, hold, owner=None, until=None)


@whole
async def free_lanes(store: Store) -> None:
    """Gives back all lanes, whoever had them; only for who knows that no other process delivers."""
    async with store.writing() as tx:
        await tx.execute(update(lane).values(owner=None, until=None))


async def check(tx: AsyncConnection, hold: Hold) -> None:
    """Keeps the lane from changing hands until the transaction ends.

    Raises:
        Fenced: it has changed hands.
    """
    held = select(lane.c.name).where(*_is(hold)).with_for_update(read=True)
    if await tx.scalar(held) is None:
        raise _fenced(hold)


async def _change(store: Store, hold: Hold, owner: str | None, until: datetime | None) -> None:
    async with store.writing() as tx:
        changed = update(lane).where(*_is(hold)).values(owner=owner, until=until)
        if not (await tx.execute(changed)).rowcount:
            raise _fenced(hold)


def _is(hold: Hold) -> tuple[ColumnElement[bool], ...]:
    return (lane.c.name == hold.lane, lane.c.owner == hold.owner, lane.c.fence == hold.fence)


def _fenced(hold: Hold) -> Fenced:
    return Fenced(f"{hold.owner} no longer holds {hold.lane} (fence {hold.fence}): another has taken it")
