"""Steps of slots, by the holders of their lanes: those that are taken at one time share a transaction.

What a step makes of a slot is reckoned from values, so that a hundred slots are read and written by as many statements
as one. Each has an outcome of its own: what one may not do keeps none of the others from being done.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from msgspec import Struct, field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import lanes
from bot.store.opening import Store
from bot.store.slots import locked_works
from bot.store.tables import slot, subscription
from bot.store.unavailable import StoreUnavailable
from bot.store.values import ClaimRevision, Decision, Fenced, Hold, Standing, Work, WrongState
from bot.store.writing import Change, release, reserve, write

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class After(Struct, Generic[T_co], frozen=True):
    """Is what a step makes of a slot, and what whoever takes it is `told`.

    `reserved` are revisions by the part that tells them in its place; where one of them is reserved already nothing is
    written, and `otherwise` is told.
    """

    work: Work
    told: T_co
    decisions: Sequence[Decision] = ()
    reserved: Mapping[ClaimRevision, str] = field(default_factory=dict)
    otherwise: T_co | None = None


Take = Callable[[Work, Standing | None], After[T]]
"""Reckons what becomes of a slot, whose subscription stands so; raises WrongState where the step may not be taken."""


class _Step(Struct, frozen=True):
    hold: Hold
    slot: str
    take: Take[Any]


async def step(store: Store, hold: Hold, slot_id: str, take: Take[T]) -> T:
    """Takes a step with a slot, and returns what is told then; all of it is committed, or nothing.

    Raises:
        Fenced: the lane has changed hands.
        WrongState: there is no such slot, or the step may not be taken.
    """
    told: T = await store.steps.ask(slot_id, _Step(hold, slot_id, take), partial(_carry_out, store))
    return told


async def _carry_out(store: Store, steps: Sequence[_Step]) -> list[Any]:
    """Takes steps with different slots in one transaction, and returns what came of each; of a fault of ours, alone."""
    is_committed = False
    try:
        async with store.writing() as tx:
            came = await _all(tx, steps)
            is_committed = True  # or it is not known
    except StoreUnavailable:
        raise
    except Exception:
        if is_committed or len(steps) == 1:
            raise
        return [await _alone(store, one) for one in steps]
    return came


async def _alone(store: Store, one: _Step) -> Any:
    try:
        return (await _carry_out(store, [one]))[0]
    except Exception as error:
        return error


async def _all(tx: AsyncConnection, steps: Sequence[_Step]) -> list[Any]:
    # Locks are always taken in this order, each kind by its ids, so that no two writers wait for each other.
    ids = [one.slot for one in steps]
    held = await lanes.checked(tx, {one.hold for one in steps})
    standings = await _standings(tx, ids)
    works = await locked_works(tx, ids)
    came = [_reckoned(one, held, works.get(one.slot), standings) for one in steps]
    afters = {one.slot: after for one, after in zip(steps, came, strict=True) if isinstance(after, After)}
    lost = await _reserve(tx, afters)
    kept = ((id_, after) for id_, after in afters.items() if id_ not in lost)
    await write(tx, [Change(id_, works[id_], after.work, after.decisions) for id_, after in kept])
    return [_told(after, is_lost=one.slot in lost) for one, after in zip(steps, came, strict=True)]


def _reckoned(
    one: _Step, held: set[Hold], work: Work | None, standings: Mapping[str, Standing]
) -> After[Any] | Exception:
    if one.hold not in held:
        return lanes.fenced(one.hold)
    if work is None:
        return WrongState(f"there is no slot {one.slot}")
    if work.slot.lane != one.hold.lane:
        return Fenced(f"the slot {one.slot} is of {work.slot.lane}, and {one.hold.lane} is what is held")
    try:
        return one.take(work, standings.get(work.slot.subscription or ""))
    except Exception as error:
        return error


async def _standings(tx: AsyncConnection, slots: Sequence[str]) -> dict[str, Standing]:
    """Returns how the subscriptions of slots stand, by id, which stays so until the transaction ends."""
    of_them = subscription.c.id.in_(select(slot.c.subscription).where(slot.c.id.in_(slots)))
    found = select(subscription.c.id, subscription.c.state, subscription.c.reason, subscription.c.changed_at)
    rows = await tx.execute(found.where(of_them).order_by(subscription.c.id).with_for_update(read=True))
    return {id_: Standing(*standing) for id_, *standing in rows}


async def _reserve(tx: AsyncConnection, afters: Mapping[str, After[Any]]) -> set[str]:
    """Reserves what steps want to reserve, and returns the slots that did not get all, and so keep nothing."""
    slots = {part: id_ for id_, after in afters.items() for part in after.reserved.values()}
    rows = [
        {"place": after.work.slot.place, **revision._asdict(), "delivery": part, "at": after.work.slot.begun_at}
        for after in afters.values()
        for revision, part in after.reserved.items()
    ]
    lost = {slots[part] for part in await reserve(tx, rows)}
    await release(tx, [part for part, id_ in slots.items() if id_ in lost])
    return lost


def _told(came: After[Any] | Exception, *, is_lost: bool) -> Any:
    if isinstance(came, Exception):
        return came
    return came.otherwise if is_lost else came.told
