"""Lanes: one holder each, with a number that grows at each change of hands."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

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
        free = {"name": name, "owner": None, "fence": 0, "until": None, "trouble": ""}
        await tx.execute(insert(tx, lane).values(free).on_conflict_do_nothing())
        taken = (
            update(lane)
            .where(lane.c.name == name, or_(lane.c.owner.is_(None), lane.c.until <= now - wait))
            .values(owner=owner, fence=lane.c.fence + 1, until=until)
            .returning(lane.c.fence, lane.c.trouble)
        )
        row = (await tx.execute(taken)).first()
    return None if row is None else Hold(name, owner, row.fence, row.trouble)


@whole
async def keep_lane(store: Store, hold: Hold, until: datetime) -> None:
    """Lengthens a lease.

    Raises:
        Fenced: another has taken the lane.
    """
    await _change(store, hold, owner=hold.owner, until=until)


@whole
async def keep_trouble(store: Store, hold: Hold, reason: str) -> None:
    """Notes why nothing is taken in a lane; empty if that is over.

    Raises:
        Fenced: another has taken the lane.
    """
    await _change(store, hold, trouble=reason)


@whole
async def troubles(store: Store) -> dict[str, str]:
    """Returns why nothing is taken in the lanes in which that is so, by name."""
    async with store.reading() as tx:
        rows = await tx.execute(select(lane.c.name, lane.c.trouble).where(lane.c.trouble != ""))
        return {row.name: row.trouble for row in rows}


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


def trouble_in(troubles: Mapping[str, str], place: str) -> str:
    """Returns which of some lanes' troubles a place has; empty if none."""
    return next((why for name, why in troubles.items() if place.startswith((f"{name}/", f"{name}:"))), "")


async def check(tx: AsyncConnection, hold: Hold) -> None:
    """Keeps the lane from changing hands until the transaction ends.

    Raises:
        Fenced: it has changed hands.
    """
    held = select(lane.c.name).where(*_is(hold)).with_for_update(read=True)
    if await tx.scalar(held) is None:
        raise _fenced(hold)


async def _change(store: Store, hold: Hold, **values: Any) -> None:
    async with store.writing() as tx:
        changed = update(lane).where(*_is(hold)).values(values)
        if not (await tx.execute(changed)).rowcount:
            raise _fenced(hold)


def _is(hold: Hold) -> tuple[ColumnElement[bool], ...]:
    return (lane.c.name == hold.lane, lane.c.owner == hold.owner, lane.c.fence == hold.fence)


def _fenced(hold: Hold) -> Fenced:
    return Fenced(f"{hold.owner} no longer holds {hold.lane} (fence {hold.fence}): another has taken it")
