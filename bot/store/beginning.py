"""Beginning a slot: its parts are frozen, its revisions reserved, its first intent committed, all at once."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.opening import Store
from bot.store.outcomes import intend, skip_in, stopped
from bot.store.slots import drop_parts, end_slot, held, set_slot
from bot.store.sql import chunks, insert, whole
from bot.store.tables import decision, delivery, shown
from bot.store.values import (
    Begun,
    ClaimRevision,
    Decision,
    Delivery,
    Hold,
    Part,
    Subscription,
    Work,
    WrongState,
)


@dataclass(frozen=True, slots=True)
class ComposedFor:
    """Is the place that parts were composed for, and when the subscription was changed as it was read then."""

    place: str
    changed_at: datetime | None


@whole
async def begin(
    store: Store,
    hold: Hold,
    slot_id: str,
    parts: Sequence[Part],
    at: datetime,
    decisions: Sequence[Decision] = (),
    composed_for: ComposedFor | None = None,
) -> Begun:
    """Begins a planned slot, whose first part is to be sent as soon as this returns.

    Where another slot reserved one of its revisions for this place meanwhile, nothing is written, and the digest is to
    be composed anew. `composed_for` is what its parts are for.

    Raises:
        Fenced: the lane has changed hands.
        WrongState: the slot is not planned, or was moved or its subscription edited since it was composed.
    """
    if not parts:
        raise ValueError("a slot without parts is skipped, not begun")
    try:
        async with store.writing() as tx:
            work, subscription = await held(tx, hold, slot_id)
            _must_be_planned(work)
            _must_be_unedited(work, subscription, composed_for)
            if reason := stopped(work.slot, subscription):
                await end_slot(tx, slot_id, "skipped", reason, at)
                return Begun("skipped")
            deliveries = [_delivery(slot_id, number, part) for number, part in enumerate(parts, 1)]
            await tx.execute(delivery.insert(), [asdict(one) for one in deliveries])
            await _reserve(tx, work.slot.place, _reserved(parts, deliveries), at)
            await _decide(tx, slot_id, decisions)
            await set_slot(tx, slot_id, "sending", begun_at=at, wake=at)
            first = await intend(tx, deliveries[0], at)
    except _Taken:
        return Begun("taken")
    return Begun("begun", (first, *deliveries[1:]))


@whole
async def rebegin(store: Store, hold: Hold, slot_id: str) -> None:
    """Makes a slot planned again, as if it had not begun, to be composed anew; only while nothing may be posted.

    Raises:
        Fenced: the lane has changed hands.
        WrongState: a part was posted, or may be.
    """
    async with store.writing() as tx:
        work, _ = await held(tx, hold, slot_id)
        _must_be_unposted(work)
        await drop_parts(tx, work)
        await set_slot(tx, slot_id, "planned", begun_at=None, wake=work.slot.due, reason="")


@whole
async def skip(
    store: Store, hold: Hold, slot_id: str, reason: str, at: datetime, decisions: Sequence[Decision] = ()
) -> None:
    """Ends a slot of which nothing was posted, and gives up what it had reserved.

    Raises:
        Fenced: the lane has changed hands.
        WrongState: a part was posted, or may be.
    """
    async with store.writing() as tx:
        work, _ = await held(tx, hold, slot_id)
        _must_be_unposted(work)
        await skip_in(tx, work, reason, at)
        if not work.deliveries:
            await _decide(tx, slot_id, decisions)


def _must_be_planned(work: Work) -> None:
    if work.slot.state != "planned":
        raise WrongState(f"the slot {work.slot.id} is {work.slot.state}, not planned")


def _must_be_unedited(work: Work, subscription: Subscription | None, composed_for: ComposedFor | None) -> None:
    now = ComposedFor(work.slot.place, subscription.changed_at if subscription else None)
    if composed_for and composed_for != now:
        raise WrongState(f"the slot {work.slot.id} was composed for what has been edited since")


def _must_be_unposted(work: Work) -> None:
    posted = next((one for one in work.deliveries if one.state != "planned"), None)
    if work.slot.state not in ("planned", "sending") or posted:
        told = f"part {posted.part} is {posted.state}" if posted else f"it is {work.slot.state}"
        raise WrongState(f"the slot {work.slot.id} may be posted: {told}")


def _delivery(slot_id: str, number: int, part: Part) -> Delivery:
    return Delivery(f"{slot_id}-{number}", slot_id, number, part.page, "planned")


def _reserved(parts: Sequence[Part], deliveries: Sequence[Delivery]) -> dict[ClaimRevision, str]:
    """Returns the part that each revision is reserved for: the first that carries it."""
    reserved: dict[ClaimRevision, str] = {}
    for part, one in zip(parts, deliveries, strict=True):
        for revision in part.revisions:
            reserved.setdefault(revision, one.id)
    return reserved


async def _reserve(tx: AsyncConnection, place: str, reserved: dict[ClaimRevision, str], at: datetime) -> None:
    """Reserves revisions.

    Raises:
        _Taken: one of them was taken already.
    """
    for chunk in chunks(sorted(reserved.items())):  # in one order, so that no two writers wait for each other
        rows = [{"place": place, **one._asdict(), "delivery": by, "at": at} for one, by in chunk]
        kept = insert(tx, shown).values(rows).on_conflict_do_nothing().returning(shown.c.claim)
        if len((await tx.execute(kept)).all()) < len(chunk):
            raise _Taken


async def _decide(tx: AsyncConnection, slot_id: str, decisions: Sequence[Decision]) -> None:
    if decisions:
        await tx.execute(decision.insert(), [{"slot": slot_id, **asdict(one)} for one in decisions])


class _Taken(Exception):
    """Undoes what was begun: a revision was reserved meanwhile."""
