"""Firing: subscriptions that are due get their slots, and their next fires, in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.opening import Store
from bot.store.slots import keep
from bot.store.sql import whole
from bot.store.tables import subscription
from bot.store.values import Slot

TOGETHER = 100
"""How many subscriptions are fired in a transaction."""


@dataclass(frozen=True, slots=True)
class Firing:
    """Is what firing asks of a subscription; `catch_up` is in seconds."""

    id: str
    place: str
    schedule: str
    zone: str
    catch_up: int
    next_fire: datetime | None


@dataclass(frozen=True, slots=True)
class Fire:
    """Is the slot for what a subscription is due, if anything, and when it fires next."""

    subscription: str
    slot: Slot | None
    next_fire: datetime | None


Reckon = Callable[[Firing], Fire | None]
"""Reckons what becomes of a subscription that stays as it is meanwhile; None leaves it so."""


@whole
async def fire_due(store: Store, now: datetime, reckon: Reckon) -> tuple[int, bool]:
    """Fires of the active subscriptions whose next fire has come a hundred, those that are due longest.

    Returns how many slots were new, and whether to go on: there is more that is due, and something has fired.
    """
    come = subscription.c.state == "active", subscription.c.next_fire <= now
    longest = select(subscription.c.id).where(*come).order_by(subscription.c.next_fire).limit(TOGETHER)
    async with store.writing() as tx:
        fires = await _fire(tx, (subscription.c.id.in_(longest), *come), reckon)
        left = bool(fires) and await tx.scalar(select(exists().where(*come)))
        return await keep(tx, [one.slot for one in fires if one.slot]), bool(left)


@whole
async def fire(store: Store, ids: Sequence[str], reckon: Reckon) -> None:
    """Fires those of some subscriptions that are active, whether they are due or not."""
    async with store.writing() as tx:
        fires = await _fire(tx, (subscription.c.id.in_(ids), subscription.c.state == "active"), reckon)
        await keep(tx, [one.slot for one in fires if one.slot])


async def _fire(tx: AsyncConnection, which: Sequence[ColumnElement[bool]], reckon: Reckon) -> list[Fire]:
    # Locked by their ids in order, so that no two writers wait in a ring.
    rows = await tx.execute(select(*_FIRING).where(*which).order_by(subscription.c.id).with_for_update())
    fires = [fire for row in rows if (fire := reckon(Firing(*row)))]
    if fires:
        await tx.execute(_MOVE, [{"its_id": one.subscription, "following": one.next_fire} for one in fires])
    return fires


_FIRING = [subscription.c[one.name] for one in fields(Firing)]
_MOVE = update(subscription).where(subscription.c.id == bindparam("its_id")).values(next_fire=bindparam("following"))
