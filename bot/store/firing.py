"""Firing: subscriptions that are due get their slots, and their next fires, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import bindparam, select, update

from bot.store.opening import Store
from bot.store.slots import keep
from bot.store.sql import whole
from bot.store.tables import subscription
from bot.store.values import Slot, Subscription


@dataclass(frozen=True, slots=True)
class Due:
    """Is what firing asks of a subscription; `catch_up` is in seconds."""

    id: str
    place: str
    schedule: str
    zone: str
    catch_up: int
    state: str
    next_fire: datetime | None


@dataclass(frozen=True, slots=True)
class Fire:
    """Is a subscription as it was read, the slot for what it is due, if anything, and when it fires next."""

    read: Due | Subscription
    slot: Slot | None
    next_fire: datetime | None


@whole
async def due(store: Store, now: datetime) -> list[Due]:
    """Returns the active subscriptions whose next fire has come, the longest due first."""
    come = subscription.c.state == "active", subscription.c.next_fire <= now
    async with store.reading() as tx:
        rows = await tx.execute(select(*_DUE).where(*come).order_by(subscription.c.next_fire, subscription.c.id))
        return [Due(*row) for row in rows]


@whole
async def fire(store: Store, fires: Sequence[Fire]) -> int:
    """Keeps slots and next fires together, and returns how many slots were new.

    A subscription that was edited, paused or fired since it was read is left as it is.
    """
    in_order = sorted(fires, key=lambda one: one.read.id)  # so that no two writers wait in a ring
    try:
        return await _all(store, in_order)
    except _Changed:
        return sum([await _alone(store, one) for one in in_order])


async def _all(store: Store, fires: Sequence[Fire]) -> int:
    """Keeps all, or nothing.

    Raises:
        _Changed: one of them is no longer as it was read.
    """
    rows = [
        {"its_id": one.read.id, "next_fire": one.next_fire} | {f"read_{n}": getattr(one.read, n) for n in _READ}
        for one in fires
    ]
    if not rows:
        return 0
    async with store.writing() as tx:
        if (await tx.execute(_MOVE, rows)).rowcount < len(rows):
            raise _Changed
        return await keep(tx, [one.slot for one in fires if one.slot])


async def _alone(store: Store, one: Fire) -> int:
    try:
        return await _all(store, [one])
    except _Changed:
        return 0


class _Changed(Exception):
    """Undoes what was fired together: a subscription is not as it was read."""


_DUE = [subscription.c[one.name] for one in fields(Due)]
_READ = ("schedule", "zone", "state", "next_fire")
_AS_READ = [subscription.c[name].is_not_distinct_from(bindparam(f"read_{name}")) for name in _READ]
_MOVE = (
    update(subscription)
    .where(subscription.c.id == bindparam("its_id"), *_AS_READ)
    .values(next_fire=bindparam("next_fire"))
)
