"""Firing: subscriptions that are due get their slots, and their next fires, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.store.opening import Store
from bot.store.slots import kept
from bot.store.sql import whole
from bot.store.subscriptions import moved
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
            if await moved(tx, one.read, one.next_fire) and one.slot:
                new += await kept(tx, one.slot)
    return new
