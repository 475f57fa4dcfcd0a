"""Firing: subscriptions that are due get their slots, and their next fires, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.opening import Store
from bot.store.slots import keep
from bot.store.sql import chunks, whole
from bot.store.tables import subscription
from bot.store.values import Slot, Subscription


@dataclass(frozen=True, slots=True)
class Fire:
    """Is a subscription as it was read, the slot for what it is due, if anything, and when it fires next."""

    read: Subscription
    slot: Slot | None
    next_fire: datetime | None


@whole
async def fire(store: Store, fires: Sequence[Fire]) -> int:
    """Keeps slots and next fires together, and returns how many slots were new.

    A subscription that was edited, paused or fired since it was read is left as it is.
    """
    new = 0
    async with store.writing() as tx:
        for some in chunks(fires):
            moved = await _moved(tx, some)
            new += await keep(tx, [one.slot for one in moved if one.slot])
    return new


async def _moved(tx: AsyncConnection, fires: Sequence[Fire]) -> list[Fire]:
    """Sets the next fires of subscriptions that are as they were read, and returns those."""
    of_them = subscription.c.id.in_([one.read.id for one in fires])
    locks = select(*_READ).where(of_them).order_by(subscription.c.id).with_for_update()
    now = set(await tx.execute(locks))
    moved = [one for one in fires if tuple(getattr(one.read, column.name) for column in _READ) in now]
    if moved:
        await tx.execute(_MOVE, [{"its_id": one.read.id, "next_fire": one.next_fire} for one in moved])
    return moved


_READ = [subscription.c[name] for name in ("id", "schedule", "zone", "state", "next_fire")]
_MOVE = update(subscription).where(subscription.c.id == bindparam("its_id")).values(next_fire=bindparam("next_fire"))
