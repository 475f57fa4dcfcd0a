"""What became of a part that was on its way, by the holder of its lane."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.opening import Store
from bot.store.slots import end_slot, held, release, set_slot
from bot.store.sql import whole
from bot.store.tables import delivery
from bot.store.values import Delivery, Hold, Json, Slot, State, Subscription, Work, WrongState

_UNDER_WAY: tuple[State, ...] = ("sending", "uncertain")


@whole
async def sending(store: Store, hold: Hold, id_: str, at: datetime) -> Delivery | None:
    """Commits the intent to send a part now, whose predecessors are sent, once more or for the first time.

    It is planned; or uncertain, where the platform does not take it twice. None, and the slot is skipped, where nothing
    of it was posted and its subscription is no longer active.

    Raises:
        Fenced: the lane has changed hands.
        WrongState: the part is not the next one to be sent.
    """
    async with store.writing() as tx:
        work, one, subscription = await _held(tx, hold, id_, "planned", "uncertain")
        if one != work.current:
            raise WrongState(f"the part {id_} waits for an earlier one")
        if one.part == 1 and one.state == "planned" and (reason := stopped(work.slot, subscription)):
            await skip_in(tx, work, reason, at)
            return None
        await set_slot(tx, work.slot.id, "sending", wake=at)
        return await intend(tx, one, at)


@whole
async def sent(store: Store, hold: Hold, id_: str, receipt: Json, at: datetime) -> Delivery | None:
    """Records that a part was posted, and the intent to send the next one now, which is returned; None after the last.

    May be said again where it is not known whether it was recorded.

    Raises:
        Fenced: the lane has changed hands.
        WrongState: the part was not under way.
    """
    async with store.writing() as tx:
        work, one, _ = await _held(tx, hold, id_, *_UNDER_WAY, "sent")
        following = next((later for later in work.deliveries if later.part == one.part + 1), None)
        if one.state == "sent":
            if one.receipt != receipt:
                raise WrongState(f"the part {id_} was posted before, as {one.receipt}")
            return following if following and following.state == "sending" else None
        await set_part(tx, one, "sent", receipt=receipt, ended_at=at, retry_at=None, reason="")
        if following is None:
            await end_slot(tx, work.slot.id, "sent", "", at)
            return None
        await set_slot(tx, work.slot.id, "sending", wake=at)
        return await intend(tx, following, at)


@whole
async def uncertain(
    store: Store,
    hold: Hold,
    id_: str,
    reason: str,
    at: datetime,
    look_at: datetime | None,
    receipt: Json | None = None,
) -> None:
    """Records that a part may have been posted; it is to be looked for at `look_at`, or a person is to say (None).

    With a `receipt` it is posted, but something is left to do.

    Raises:
        Fenced: the lane has changed hands.
        WrongState: the part was not under way.
    """
    async with store.writing() as tx:
        work, one, _ = await _held(tx, hold, id_, *_UNDER_WAY)
        await set_part(tx, one, "uncertain", reason=reason, retry_at=look_at, receipt=receipt)
        if look_at is None:
            await end_slot(tx, work.slot.id, "uncertain", reason, at)
        else:
            await set_slot(tx, work.slot.id, "sending", wake=look_at)


@whole
async def not_accepted(
    store: Store, hold: Hold, id_: str, reason: str, retry_at: datetime, *, refused: bool = False
) -> Delivery:
    """Records that a part was surely not posted, and when it is to be sent again; returns it.

    `refused` counts it as a refusal of this very message.

    Raises:
        Fenced: the lane has changed hands.
        WrongState: the part was not under way.
    """
    async with store.writing() as tx:
        work, one, _ = await _held(tx, hold, id_, *_UNDER_WAY)
        await set_slot(tx, work.slot.id, "sending", wake=retry_at)
        refusals = one.refusals + refused
        return await set_part(tx, one, "planned", reason=reason, retry_at=retry_at, refusals=refusals)


@whole
async def failed(store: Store, hold: Hold, id_: str, reason: str, at: datetime) -> None:
    """Gives a part up, with those after it, and what they had reserved.

    Raises:
        Fenced: the lane has changed hands.
        WrongState: the part was sent, or given up before.
    """
    async with store.writing() as tx:
        work, one, _ = await _held(tx, hold, id_, "planned", *_UNDER_WAY)
        await fail_in(tx, work, one, reason, at)


async def fail_in(tx: AsyncConnection, work: Work, one: Delivery, reason: str, at: datetime) -> None:
    """Gives a part up, with those after it, and what they had reserved."""
    given_up = work.deliveries[one.part - 1 :]
    await release(tx, given_up)
    for later in given_up[1:]:
        await set_part(tx, later, "skipped", reason=f"part {one.part} failed", ended_at=at, retry_at=None)
    await set_part(tx, one, "failed", reason=reason, ended_at=at, retry_at=None)
    await end_slot(tx, work.slot.id, "failed", reason, at)


async def skip_in(tx: AsyncConnection, work: Work, reason: str, at: datetime) -> None:
    """Ends a slot of which nothing was posted, and gives up what it had reserved."""
    await release(tx, work.deliveries)
    for one in work.deliveries:
        await set_part(tx, one, "skipped", reason=reason, ended_at=at, retry_at=None)
    await end_slot(tx, work.slot.id, "skipped", reason, at)


def stopped(slot: Slot, subscription: Subscription | None) -> str:
    """Returns why a slot is not to be begun; empty if it is. A notice goes out whatever became of its subscription."""
    if slot.kind == "notice" or subscription is None or subscription.state == "active":
        return ""
    return f"{subscription.state}: {subscription.reason}"


async def intend(tx: AsyncConnection, one: Delivery, at: datetime) -> Delivery:
    """Marks a part as being sent."""
    counted = {"attempts": one.attempts + 1, "intended_at": one.intended_at or at, "attempted_at": at}
    return await set_part(tx, one, "sending", retry_at=None, **counted)


async def set_part(tx: AsyncConnection, one: Delivery, state: State, **values: Any) -> Delivery:
    """Sets the state of a part, and returns it so."""
    await tx.execute(update(delivery).where(delivery.c.id == one.id).values(state=state, **values))
    return replace(one, state=state, **values)


async def _held(
    tx: AsyncConnection, hold: Hold, id_: str, *states: State
) -> tuple[Work, Delivery, Subscription | None]:
    slot_id = await tx.scalar(select(delivery.c.slot).where(delivery.c.id == id_))
    if slot_id is None:
        raise WrongState(f"there is no part {id_}")
    work, subscription = await held(tx, hold, slot_id)
    one = next((one for one in work.deliveries if one.id == id_), None)
    if one is None or one.state not in states:
        raise WrongState(f"the part {id_} is {one.state if one else 'gone'}, not {' or '.join(states)}")
    if one.state != "sent" and work.slot.state != "sending":
        raise WrongState(f"the slot {slot_id} is {work.slot.state}: a person is to say what became of it")
    return work, one, subscription
