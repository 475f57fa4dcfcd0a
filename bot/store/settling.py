"""What a person says of a digest that stopped; it needs no lane, since no holder touches a slot that has stopped."""

from datetime import datetime
from typing import Literal

from bot.store.changes import anew, ended, failed, with_part, with_slot
from bot.store.opening import Store
from bot.store.slots import taken
from bot.store.sql import whole
from bot.store.values import Delivery, Work, WrongState
from bot.store.writing import Change, write

BY_A_PERSON = "said by a person"


@whole
async def settle(
    store: Store,
    slot_id: str,
    how: Literal["sent", "retry", "failed"],
    at: datetime,
    deadline: datetime | None = None,
) -> None:
    """Settles the uncertain part of a slot: it was posted, is to be sent again, or is given up.

    The parts after one that was posted, or that is sent again, are the lane's holder's work from then on, to be posted
    until the slot's deadline, or until a later one.

    Raises:
        WrongState: the slot does not wait for a person.
    """
    async with store.writing() as tx:
        work = await taken(tx, slot_id)
        one = work.current
        if work.slot.state != "uncertain" or one is None:
            raise WrongState(f"the slot {slot_id} is {work.slot.state}, and not to be settled")
        await write(
            tx,
            [
                Change(
                    slot_id, work, _settled(work, one, how, at, max(work.slot.deadline, deadline or work.slot.deadline))
                )
            ],
        )


def _settled(work: Work, one: Delivery, how: str, at: datetime, deadline: datetime) -> Work:
    if how == "failed":
        return failed(work, one, BY_A_PERSON, at)
    if how == "retry":
        after = with_part(work, one, "planned", retry_at=at)
    else:
        after = with_part(work, one, "sent", reason=BY_A_PERSON, ended_at=at)
        if one.part == len(work.deliveries):
            return ended(after, "sent", BY_A_PERSON, at)
    return with_slot(after, "sending", wake=at, deadline=deadline, ended_at=None, reason="")


@whole
async def reopen(store: Store, slot_id: str, deadline: datetime, at: datetime) -> None:
    """Makes a slot that failed or was skipped planned again, to be composed anew and posted until a new deadline.

    Raises:
        WrongState: it did neither, or a part of it was posted.
    """
    async with store.writing() as tx:
        work = await taken(tx, slot_id)
        if work.slot.state not in ("failed", "skipped") or any(one.state == "sent" for one in work.deliveries):
            raise WrongState(f"the slot {slot_id} is {work.slot.state}, or a part of it was posted")
        await write(tx, [Change(slot_id, work, anew(work, at, ended_at=None, deadline=deadline))])
