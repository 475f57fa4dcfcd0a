"""Firing: subscriptions that are due get their slots, and their next fires, in one transaction."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import update

from bot.store.opening import Store
from bot.store.sql import insert, whole
from bot.store.tables import slot, subscription
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
        for one in sorted(fires, key=lambda fire: fire.read.id):  # in one order, so that no two writers wait in a ring
            same = (getattr(subscription.c, n) == getattr(one.read, n) for n in ("id", "schedule", "zone", "state"))
            unmoved = subscription.c.next_fire.is_not_distinct_from(one.read.next_fire)
            moved = await tx.execute(update(subscription).where(*same, unmoved).values(next_fire=one.next_fire))
            if moved.rowcount and one.slot:
                values = asdict(one.slot) | {"id": one.slot.id, "wake": one.slot.due}
                kept = insert(tx, slot).values(values).on_conflict_do_nothing().returning(slot.c.id)
                new += await tx.scalar(kept) is not None
    return new
