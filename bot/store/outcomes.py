"""What became of a part that was on its way, by the holder of its lane."""

from datetime import datetime
from typing import TypeVar

from bot.store import changes
from bot.store.changes import ended, intended, with_part, with_slot
from bot.store.opening import Store
from bot.store.steps import After, Take, step
from bot.store.values import Delivery, Hold, Json, Standing, State, Work, WrongState

T = TypeVar("T")
_UNDER_WAY: tuple[State, ...] = ("sending", "uncertain")


async def sending(store: Store, hold: Hold, id_: str, at: datetime) -> Delivery | None:
    """Commits the intent to send a part now, whose predecessors are sent, once more or for the first time.

    It is planned; or uncertain, where the platform does not take it twice. None, and the slot is skipped, where nothing
    of it was posted and its subscription is no longer active.

    Raises:
        Fenced: the lane has changed hands.
        WrongState: the part is not the next one to be sent.
    """

    def take(work: Work, subscription: Standing | None) -> After[Delivery | None]:
        one = _part(work, id_, "planned", "uncertain")
        if one != work.current:
            raise WrongState(f"the part {id_} waits for an earlier one")
        if one.part == 1 and one.state == "planned" and (reason := changes.stopped(work.slot, subscription)):
            return After(changes.skipped(work, reason, at), None)
        return _going_on(intended(work, one, at), one)

    return await _step(store, hold, id_, take)


async def sent(store: Store, hold: Hold, id_: str, receipt: Json, at: datetime) -> Delivery | None:
    """Records that a part was posted, and the intent to send the next one now, which is returned; None after the last.

    May be said again where it is not known whether it was recorded.

    Raises:
        Fenced: the lane has changed hands.
        WrongState: the part was not under way.
    """

    def take(work: Work, _: Standing | None) -> After[Delivery | None]:
        one = _part(work, id_, *_UNDER_WAY, "sent")
        following = next((later for later in work.deliveries if later.part == one.part + 1), None)
        if one.state == "sent":
            if one.receipt != receipt:
                raise WrongState(f"the part {id_} was posted before, as {one.receipt}")
            return After(work, following if following and following.state == "sending" else None)
        after = with_part(work, one, "sent", receipt=receipt, ended_at=at, retry_at=None, reason="")
        if following is None:
            return After(ended(after, "sent", "", at), None)
        return _going_on(intended(after, following, at), following)

    return await _step(store, hold, id_, take)


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

    def take(work: Work, _: Standing | None) -> After[None]:
        one = _part(work, id_, *_UNDER_WAY)
        after = with_part(work, one, "uncertain", reason=reason, retry_at=look_at, receipt=receipt)
        if look_at is None:
            return After(ended(after, "uncertain", reason, at), None)
        return After(with_slot(after, "sending", wake=look_at), None)

    await _step(store, hold, id_, take)


async def not_accepted(
    store: Store,
    hold: Hold,
    id_: str,
    reason: str,
    retry_at: datetime,
    *,
    refused: bool = False,
    unclear: bool = False,
) -> Delivery:
    """Records that a part was surely not posted this time, and when it is to be sent again; returns it.

    `refused` counts it as a refusal of this very message; `unclear` is whether an earlier attempt may have posted it,
    so that it stays uncertain, and is looked for before it is sent again.

    Raises:
        Fenced: the lane has changed hands.
        WrongState: the part was not under way.
    """

    def take(work: Work, _: Standing | None) -> After[Delivery]:
        one = _part(work, id_, *_UNDER_WAY)
        refusals = one.refusals + refused
        state: State = "uncertain" if unclear else "planned"
        after = with_part(work, one, state, reason=reason, retry_at=retry_at, refusals=refusals)
        return _going_on(with_slot(after, "sending", wake=retry_at), one)

    return await _step(store, hold, id_, take)


async def failed(store: Store, hold: Hold, id_: str, reason: str, at: datetime) -> None:
    """Gives a part up, with those after it, and what they had reserved.

    Raises:
        Fenced: the lane has changed hands.
        WrongState: the part was sent, or given up before.
    """

    def take(work: Work, _: Standing | None) -> After[None]:
        one = _part(work, id_, "planned", *_UNDER_WAY)
        return After(changes.failed(work, one, reason, at), None)

    await _step(store, hold, id_, take)


async def _step(store: Store, hold: Hold, id_: str, take: Take[T]) -> T:
    """Takes a step with the slot of a part, which its id begins with."""
    slot_id, dash, _ = id_.rpartition("-")
    if not dash:
        raise WrongState(f"there is no part {id_}")
    return await step(store, hold, slot_id, take)


def _going_on(after: Work, one: Delivery) -> After[Delivery]:
    return After(after, after.deliveries[one.part - 1])


def _part(work: Work, id_: str, *states: State) -> Delivery:
    """Returns a part that is in one of some states.

    Raises:
        WrongState: it is in another.
    """
    one = next((one for one in work.deliveries if one.id == id_), None)
    if one is None or one.state not in states:
        raise WrongState(f"the part {id_} is {one.state if one else 'gone'}, not {' or '.join(states)}")
    if one.state != "sent" and work.slot.state != "sending":
        raise WrongState(f"the slot {work.slot.id} is {work.slot.state}: a person is to say what became of it")
    return one
