"""Firing: subscriptions that are due get their slots, and their next fires, in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import NamedTuple

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


class Fire(NamedTuple):
    """Is the slot for what a subscription is due, and when it fires next."""

    slot: Slot
    next_fire: datetime | None


@whole
async def fire_due(store: Store, now: datetime, reckon: Callable[[Firing], Fire | None]) -> tuple[int, bool]:
    """Fires of the active subscriptions whose next fire has come a hundred, those that are due longest.

    `reckon` tells what becomes of a subscription, which stays as it is meanwhile; None leaves it so. Returns how many
    slots were new, and whether anything is due still, what was left among it.
    """
    come = subscription.c.state == "active", subscription.c.next_fire <= now
    longest = select(subscription.c.id).where(*come).order_by(subscription.c.next_fire).limit(TOGETHER)
    async with store.writing() as tx:
        found = await _locked(tx, subscription.c.id.in_(longest), *come)
        fires = {one.id: fire for one in found if (fire := reckon(one))}
        await _move(tx, {id_: fire.next_fire for id_, fire in fires.items()})
        kept = await keep(tx, [fire.slot for fire in fires.values()])
        return kept, bool(await tx.scalar(select(exists().where(*come))))


@whole
async def move(store: Store, ids: Sequence[str], following: Callable[[Firing], datetime | None]) -> None:
    """Sets anew when those of some subscriptions fire next that are active."""
    async with store.writing() as tx:
        found = await _locked(tx, subscription.c.id.in_(ids), subscription.c.state == "active")
        await _move(tx, {one.id: following(one) for one in found})


async def _locked(tx: AsyncConnection, *which: ColumnElement[bool]) -> list[Firing]:
    # By their ids in order, so that no two writers wait in a ring.
    rows = await tx.execute(select(*_FIRING).where(*which).order_by(subscription.c.id).with_for_update())
    return [Firing(*row) for row in rows]


async def _move(tx: AsyncConnection, fires: Mapping[str, datetime | None]) -> None:
    if fires:
        await tx.execute(_MOVE, [{"its_id": id_, "following": next_fire} for id_, next_fire in fires.items()])


_FIRING = [subscription.c[one.name] for one in fields(Firing)]
_MOVE = update(subscription).where(subscription.c.id == bindparam("its_id")).values(next_fire=bindparam("following"))
