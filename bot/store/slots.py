"""Slots: proposed once each, found again as work that is open."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import fields
from sqlalchemy import Select, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ids import alike
from bot.store.opening import Store
from bot.store.sql import chunks, insert, values_of, whole
from bot.store.subscriptions import locked
from bot.store.tables import delivery, lane, slot
from bot.store.values import SHORT, Delivery, Slot, State, Work, WrongState

OPEN = ("planned", "sending")
_FIELDS = [one.name for one in fields(Slot)]
_PROPOSED = _FIELDS[: _FIELDS.index("state")]
"""What is known of a slot before it begins."""
_OF_SLOT = [*(slot.c[name] for name in _FIELDS), slot.c.id]
_OF_PART = [delivery.c[one.name] for one in fields(Delivery)]


def selected() -> Select[Any]:
    """Returns the query for slots; a row is one's fields in order, and then its id."""
    return select(*_OF_SLOT)


@whole
async def propose(store: Store, new: Slot) -> bool:
    """Keeps a slot, to be begun when it is due; returns whether it was new, by its key.

    A slot of a subscription that was erased meanwhile is not kept.
    """
    async with store.writing() as tx:
        if new.subscription and await locked(tx, new.subscription) is None:
            return False
        return bool(await keep(tx, [new]))


@whole
async def lanes_with_work(store: Store, now: datetime) -> list[str]:
    """Returns the lanes in which something wants attention now, or whose platform took nothing when it was asked."""
    awake = select(slot.c.lane.label("name")).where(slot.c.wake <= now)
    troubled = select(lane.c.name).where(lane.c.trouble != "")
    async with store.reading() as tx:
        return list(await tx.scalars(awake.union(troubled).order_by("name")))


@whole
async def earliest_wake(store: Store, lane: str) -> datetime | None:
    """Returns when something of a lane wants attention next."""
    async with store.reading() as tx:
        awake = select(func.min(slot.c.wake)).where(slot.c.lane == lane, slot.c.wake.is_not(None))
        found: datetime | None = await tx.scalar(awake)
        return found


@whole
async def next_wake(store: Store, after: datetime) -> datetime | None:
    """Returns when something, in whatever lane, wants attention next after an instant."""
    async with store.reading() as tx:
        found: datetime | None = await tx.scalar(select(func.min(slot.c.wake)).where(slot.c.wake > after))
        return found


@whole
async def open_work(store: Store, lane: str, now: datetime, most: int = 1_000, *, over: bool = False) -> list[Work]:
    """Returns what wants attention in a lane: slots to begin, and begun ones whose current part is to go on.

    What was due first comes first; `over` leaves out what there is still time for. A part that is `sending` is in the
    caller's own hands, or was in those of a process that is gone; `uncertain`: it is to be looked for.
    """
    ready = selected().where(slot.c.lane == lane, slot.c.wake <= now)
    ready = ready.where(slot.c.deadline < now) if over else ready
    return await _some(store, ready.order_by(slot.c.due, slot.c.id).limit(most))


@whole
async def uncertain(store: Store) -> list[Work]:
    """Returns the slots that wait for a person to say whether a part was posted, oldest first."""
    return await _some(store, selected().where(slot.c.state == "uncertain").order_by(slot.c.due, slot.c.id))


@whole
async def latest(store: Store, most: int) -> list[Work]:
    """Returns the slots that were due last with their parts, newest first."""
    return await _some(store, selected().order_by(slot.c.due.desc(), slot.c.id).limit(most))


@whole
async def endings(store: Store, since: datetime) -> list[tuple[State, str, int]]:
    """Returns what became of the digests that were due since an instant: states with their reasons, counted."""
    of_digests = slot.c.kind.in_(("scheduled", "now")), slot.c.due >= since
    counted = select(slot.c.state, slot.c.reason, func.count()).where(*of_digests)
    async with store.reading() as tx:
        rows = await tx.execute(counted.group_by(slot.c.state, slot.c.reason).order_by(func.count().desc()))
        return [(state, reason, number) for state, reason, number in rows]


@whole
async def work_of(store: Store, subscription: str, most: int = 50) -> list[Work]:
    """Returns the latest slots of a subscription with their parts, newest first."""
    of_it = selected().where(slot.c.subscription == subscription).order_by(slot.c.due.desc(), slot.c.id).limit(most)
    return await _some(store, of_it)


@whole
async def latest_now(store: Store, subscription: str) -> Slot | None:
    """Returns the latest slot of a subscription that a person asked for."""
    asked = selected().where(slot.c.subscription == subscription, slot.c.kind == "now")
    async with store.reading() as tx:
        row = (await tx.execute(asked.order_by(slot.c.due.desc(), slot.c.id).limit(1))).first()
    return None if row is None else slot_value(row)


@whole
async def pauses_told(store: Store, subscription: str, most: int = 20) -> tuple[list[Slot], datetime | None]:
    """Returns the latest notices of why a subscription was paused, and when its last posted digest was due."""
    of_it = slot.c.subscription == subscription
    told = selected().where(of_it, slot.c.kind == "notice", slot.c.key.startswith("paused:"))
    posted = select(func.max(slot.c.due)).where(of_it, slot.c.kind.in_(("scheduled", "now")), slot.c.state == "sent")
    async with store.reading() as tx:
        rows = await tx.execute(told.order_by(slot.c.due.desc()).limit(most))
        return [slot_value(row) for row in rows], await tx.scalar(posted)


@whole
async def open_notices(store: Store, subscription: str) -> list[Slot]:
    """Returns the notices about a subscription that are not at their end."""
    of_it = slot.c.subscription == subscription, slot.c.kind == "notice", slot.c.wake.is_not(None)
    async with store.reading() as tx:
        return [slot_value(row) for row in await tx.execute(selected().where(*of_it))]


@whole
async def get(store: Store, typed: str) -> Work | None:
    """Returns a slot by its id as people type it, whole or as much of its beginning as they see."""
    id_ = alike(typed)
    if len(id_) < SHORT or not (id_.isascii() and id_.isalnum()):
        return None
    found = await _some(store, selected().where(slot.c.id >= id_, slot.c.id < f"{id_}~"))
    return found[0] if len(found) == 1 else None


async def _some(store: Store, found: Select[Any]) -> list[Work]:
    async with store.reading() as tx:
        return list((await _by_id(tx, await tx.execute(found))).values())


async def _by_id(tx: AsyncConnection, rows: Iterable[Sequence[Any]]) -> dict[str, Work]:
    """Returns the slots of rows with their parts, in order, by id."""
    slots = {row[-1]: slot_value(row) for row in rows}
    parts: dict[str, list[Delivery]] = {id_: [] for id_, one in slots.items() if one.begun_at}
    async for found in _parts(tx, list(parts)):
        parts[found.slot].append(found)
    return {id_: Work(one, tuple(parts.get(id_, ()))) for id_, one in slots.items()}


async def _parts(tx: AsyncConnection, slots: list[str]) -> AsyncIterator[Delivery]:
    for some in chunks(slots):
        of_these = select(*_OF_PART).where(delivery.c.slot.in_(some))
        for row in await tx.execute(of_these.order_by(delivery.c.slot, delivery.c.part)):
            yield Delivery(*row)


async def keep(tx: AsyncConnection, new: Sequence[Slot]) -> int:
    """Keeps slots as planned, and returns how many were new, by their keys."""
    if not new:
        return 0
    rows = [values_of(one, _PROPOSED) | {"id": one.id, "wake": one.due} for one in new]
    kept = insert(tx, slot).values(state=literal_column("'planned'"), reason=literal_column("''"))
    kept = kept.on_conflict_do_nothing()
    return (await tx.execute(kept, rows, execution_options={"preserve_rowcount": True})).rowcount


def slot_value(row: Sequence[Any]) -> Slot:
    """Returns a row of what `selected` asks for as its value."""
    return Slot(*row[:-1])


async def locked_works(tx: AsyncConnection, ids: Sequence[str]) -> dict[str, Work]:
    """Returns slots and their parts by id, locked until the transaction ends."""
    locks = selected().where(slot.c.id.in_(ids)).order_by(slot.c.id).with_for_update()
    return await _by_id(tx, await tx.execute(locks))


async def taken(tx: AsyncConnection, id_: str) -> Work:
    """Returns a slot and its parts, locked until the transaction ends.

    Raises:
        WrongState: there is none.
    """
    works = await locked_works(tx, [id_])
    if id_ not in works:
        raise WrongState(f"there is no slot {id_}")
    return works[id_]
