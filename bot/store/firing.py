"""Firing: subscriptions that are due get their slots, and their next fires, in one transaction."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.opening import Store
from bot.store.slots import keep
from bot.store.sql import ROWS, chunks, whole
from bot.store.tables import subscription
from bot.store.values import Slot


class Firing(NamedTuple):
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
    """Fires those active subscriptions that are due longest, as many as are written at a time.

    `reckon` tells what becomes of a subscription, which stays as it is meanwhile; None leaves it so. Returns how many
    slots were new, and whether more may be due.
    """
    async with store.writing() as tx:
        found = await _locked(tx, _DUE, now=now)
        fires = {one.id: fire for one in found if (fire := reckon(one))}
        await _move(tx, {id_: fire.next_fire for id_, fire in fires.items()})
        return await keep(tx, [fire.slot for fire in fires.values()]), len(found) == ROWS


async def move(store: Store, ids: Iterable[str], following: Callable[[Firing], datetime | None]) -> None:
    """Sets anew when those of some subscriptions fire next that are active."""
    for some in chunks(ids):
        await _move_some(store, some, following)


@whole
async def _move_some(store: Store, ids: list[str], following: Callable[[Firing], datetime | None]) -> None:
    async with store.writing() as tx:
        found = await _locked(tx, _ACTIVE, ids=ids)
        await _move(tx, {one.id: following(one) for one in found})


async def _locked(tx: AsyncConnection, statement: Select[Any], **values: Any) -> list[Firing]:
    return list(map(Firing._make, await tx.execute(statement, values)))


async def _move(tx: AsyncConnection, fires: Mapping[str, datetime | None]) -> None:
    if fires:
        await tx.execute(_MOVE, [{"its_id": id_, "following": next_fire} for id_, next_fire in fires.items()])


_COLUMNS = subscription.c
_COME = _COLUMNS.state == "active", _COLUMNS.next_fire <= bindparam("now")
_LONGEST = select(_COLUMNS.id).where(*_COME).order_by(_COLUMNS.next_fire).limit(ROWS)
# Locked by their ids in order, so that no two writers wait in a ring.
_LOCKED = select(*(_COLUMNS[name] for name in Firing._fields)).order_by(_COLUMNS.id).with_for_update()
_DUE = _LOCKED.where(_COLUMNS.id.in_(_LONGEST), *_COME)
_ACTIVE = _LOCKED.where(_COLUMNS.id.in_(bindparam("ids", expanding=True)), _COLUMNS.state == "active")
_MOVE = update(subscription).where(_COLUMNS.id == bindparam("its_id")).values(next_fire=bindparam("following"))
