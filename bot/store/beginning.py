"""Beginning a slot: its parts are frozen, its revisions reserved, its first intent committed, all at once."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from bot.store.changes import anew, ended, intended, skipped, stopped, with_slot
from bot.store.opening import Store
from bot.store.steps import After, step
from bot.store.values import Begun, ClaimRevision, Decision, Delivery, Hold, Part, Standing, Work, WrongState


class ComposedFor(Struct, frozen=True):
    """Is the place that parts were composed for, and when the subscription was changed as it was read then."""

    place: str
    changed_at: datetime | None


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

    def take(work: Work, subscription: Standing | None) -> After[Begun]:
        _must_be_planned(work)
        _must_be_unedited(work, subscription, composed_for)
        if reason := stopped(work.slot, subscription):
            return After(ended(work, "skipped", reason, at), Begun("skipped"))
        planned = [_delivery(slot_id, number, part) for number, part in enumerate(parts, 1)]
        begun = with_slot(Work(work.slot, tuple(planned)), "sending", begun_at=at)
        after, reserved = intended(begun, planned[0], at), _reserved(parts, planned)
        return After(after, Begun("begun", after.deliveries), decisions, reserved, Begun("taken"))

    return await step(store, hold, slot_id, take)


async def rebegin(store: Store, hold: Hold, slot_id: str) -> None:
    """Makes a slot planned again, as if it had not begun, to be composed anew; only while nothing may be posted.

    Raises:
        Fenced: the lane has changed hands.
        WrongState: a part was posted, or may be.
    """

    def take(work: Work, _: Standing | None) -> After[None]:
        _must_be_unposted(work)
        return After(anew(work, work.slot.due), None)

    await step(store, hold, slot_id, take)


async def skip(
    store: Store, hold: Hold, slot_id: str, reason: str, at: datetime, decisions: Sequence[Decision] = ()
) -> None:
    """Ends a slot of which nothing was posted, and gives up what it had reserved.

    Raises:
        Fenced: the lane has changed hands.
        WrongState: a part was posted, or may be.
    """

    def take(work: Work, _: Standing | None) -> After[None]:
        _must_be_unposted(work)
        return After(skipped(work, reason, at), None, () if work.deliveries else decisions)

    await step(store, hold, slot_id, take)


def _must_be_planned(work: Work) -> None:
    if work.slot.state != "planned":
        raise WrongState(f"the slot {work.slot.id} is {work.slot.state}, not planned")


def _must_be_unedited(work: Work, subscription: Standing | None, composed_for: ComposedFor | None) -> None:
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
