"""Lanes: one holder each, with a number that grows at each change of hands."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, extract, func, literal, or_, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.opening import Store
from bot.store.sql import insert, whole
from bot.store.tables import EPOCH, MICROSECOND, Instant, lane
from bot.store.values import Fenced, Hold

_NONE = timedelta()


@whole
async def take_lane(
    store: Store, name: str, owner: str, now: datetime, lease: timedelta, wait: timedelta = _NONE
) -> Hold | None:
    """Takes a lane that is free, or whose lease ended `wait` ago; None where another has it.

    `owner` is a name that no other process has or had; `wait` is how long a request of the last one may be under way.
    `now` is by the clock of this process, which counts only where the database has none.
    """
    async with store.writing() as tx:
        asked = clock(tx, now)
        free = {"name": name, "owner": None, "fence": 0, "until": None, "trouble": ""}
        await tx.execute(insert(tx, lane).values(free).on_conflict_do_nothing())
        taken = (
            update(lane)
            .where(lane.c.name == name, or_(lane.c.owner.is_(None), lane.c.until <= later(asked, -wait)))
            .values(owner=owner, fence=lane.c.fence + 1, until=later(asked, lease))
            .returning(lane.c.fence, lane.c.trouble)
        )
        row = (await tx.execute(taken)).first()
    return None if row is None else Hold(name, owner, row.fence, row.trouble)


@whole
async def keep_lane(store: Store, hold: Hold, now: datetime, lease: timedelta) -> None:
    """Lengthens a lease from now on.

    Raises:
        Fenced: another has taken the lane.
    """
    async with store.writing() as tx:
        await _change(tx, hold, until=later(clock(tx, now), lease))


@whole
async def keep_trouble(store: Store, hold: Hold, reason: str) -> None:
    """Notes why nothing is taken in a lane; empty if that is over.

    Raises:
        Fenced: another has taken the lane.
    """
    async with store.writing() as tx:
        await _change(tx, hold, trouble=reason)


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
    async with store.writing() as tx:
        await _change(tx, hold, owner=None, until=None)


@whole
async def free_lanes(store: Store) -> None:
    """Gives back all lanes, whoever had them; only for who knows that no other process delivers."""
    async with store.writing() as tx:
        await tx.execute(update(lane).values(owner=None, until=None))


def trouble_in(troubles: Mapping[str, str], place: str) -> str:
    """Returns which of some lanes' troubles a place has; empty if none."""
    return next((why for name, why in troubles.items() if place.startswith((f"{name}/", f"{name}:"))), "")


async def checked(tx: AsyncConnection, holds: Collection[Hold]) -> set[Hold]:
    """Returns the holds that stand, whose lanes do not change hands until the transaction ends."""
    names = {one.lane for one in holds}
    of_them = select(lane.c.name, lane.c.owner, lane.c.fence).where(lane.c.name.in_(names))
    rows = set(await tx.execute(of_them.order_by(lane.c.name).with_for_update(read=True)))
    return {one for one in holds if (one.lane, one.owner, one.fence) in rows}


def clock(tx: AsyncConnection, now: datetime) -> ColumnElement[int]:
    """Returns the instant by which leases count, in microseconds since 1970.

    Of processes on several machines none can be trusted to have the time of the others, so PostgreSQL's is taken; with
    SQLite all are on one machine.
    """
    if tx.dialect.name == "postgresql":
        seconds = extract("epoch", func.clock_timestamp())
        return cast(seconds * 1_000_000, BigInteger)
    return literal((now - EPOCH) // MICROSECOND, BigInteger)


def later(instant: ColumnElement[int], by: timedelta) -> ColumnElement[datetime]:
    """Returns an instant so much later, as it is kept."""
    return type_coerce(instant + literal(by // MICROSECOND, BigInteger), Instant)


async def _change(tx: AsyncConnection, hold: Hold, **values: Any) -> None:
    changed = update(lane).where(*_is(hold)).values(values)
    if not (await tx.execute(changed)).rowcount:
        raise fenced(hold)


def _is(hold: Hold) -> tuple[ColumnElement[bool], ...]:
    return (lane.c.name == hold.lane, lane.c.owner == hold.owner, lane.c.fence == hold.fence)


def fenced(hold: Hold) -> Fenced:
    """Returns what to raise where another has a lane."""
    return Fenced(f"{hold.owner} no longer holds {hold.lane} (fence {hold.fence}): another has taken it")
