"""What becomes of a slot and its parts, reckoned from values alone."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from bot.store.values import Delivery, Slot, Standing, State, Work


def with_slot(work: Work, state: State, **values: Any) -> Work:
    """Returns a slot in another state."""
    return Work(replace(work.slot, state=state, **values), work.deliveries)


def with_part(work: Work, one: Delivery, state: State, **values: Any) -> Work:
    """Returns a slot of which one part is in another state."""
    changed = replace(one, state=state, **values)
    return Work(work.slot, tuple(changed if part.id == one.id else part for part in work.deliveries))


def ended(work: Work, state: State, reason: str, at: datetime) -> Work:
    """Returns a slot in its last state."""
    return with_slot(work, state, reason=reason, wake=None, ended_at=at)


def intended(work: Work, one: Delivery, at: datetime) -> Work:
    """Returns a slot of which a part is being sent, from now on."""
    counted = {"attempts": one.attempts + 1, "intended_at": one.intended_at or at, "attempted_at": at}
    return with_part(with_slot(work, "sending", wake=at), one, "sending", retry_at=None, **counted)


def failed(work: Work, one: Delivery, reason: str, at: datetime) -> Work:
    """Returns a slot of which a part is given up, with those after it."""
    after = _skipped(work, work.deliveries[one.part :], f"part {one.part} failed", at)
    after = with_part(after, one, "failed", reason=reason, ended_at=at, retry_at=None)
    return ended(after, "failed", reason, at)


def skipped(work: Work, reason: str, at: datetime) -> Work:
    """Returns a slot of which nothing is posted."""
    return ended(_skipped(work, work.deliveries, reason, at), "skipped", reason, at)


def anew(work: Work, wake: datetime, **values: Any) -> Work:
    """Returns a slot as if it had not begun."""
    return with_slot(Work(work.slot), "planned", wake=wake, begun_at=None, reason="", **values)


def stopped(slot: Slot, subscription: Standing | None) -> str:
    """Returns why a slot is not to be begun; empty if it is. A notice goes out whatever became of its subscription."""
    if slot.kind == "notice" or subscription is None or subscription.state == "active":
        return ""
    return f"{subscription.state}: {subscription.reason}"


def _skipped(work: Work, parts: Iterable[Delivery], reason: str, at: datetime) -> Work:
    for one in parts:
        work = with_part(work, one, "skipped", reason=reason, ended_at=at, retry_at=None)
    return work
