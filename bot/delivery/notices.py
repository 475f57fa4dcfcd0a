"""Telling people of trouble: each notice is a slot like any other, so that it is posted once, too."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bot.places import InvalidPlace, home_of, lane_of, person_of
from bot.store import slots, subscriptions, upkeep
from bot.store.opening import Store
from bot.store.upkeep import Overdue
from bot.store.values import UNREACHABLE, Delivery, Slot, Subscription

log = logging.getLogger("briefbot.delivery")
KEPT = timedelta(days=1)
"""How long it is tried to post a notice."""

DAY = timedelta(days=1)
"""Within which an owner is told once of one reason."""

KEPT_LONG = timedelta(days=30)
"""How long it is tried to tell what was missed: a platform may take nothing for long, which is then why."""


async def paused(store: Store, subscription: Subscription, reason: str, now: datetime, operators: str = "") -> None:
    """Pauses a subscription whose digests cannot be posted, and tells its owner once.

    The owner is told by a direct message, else in the place, else the operators are; not again of the same reason
    before a digest was posted, and a day is over.
    """
    if subscription.state != "active":
        return
    log.warning("a subscription is paused", extra={"subscription": subscription.id, "reason": reason})
    told = {
        "title": subscription.title,
        "id": subscription.id,
        "place": subscription.place,
        "reason": reason.removeprefix(UNREACHABLE),
    }
    if not await _was_told(store, subscription.id, told["reason"], now):
        key = f"paused:{subscription.id}:{subscription.changed_at}"  # the same if we die before it is paused
        places = [*_owner(subscription), subscription.place, operators]
        await _notify(store, key, "paused", told, places, now, subscription.id)
    await subscriptions.pause(store, subscription.id, reason, now)


async def _was_told(store: Store, subscription: str, reason: str, now: datetime) -> bool:
    """Returns whether it was told already why a subscription is paused: within a day, or since a digest was posted."""
    told, posted = await slots.pauses_told(store, subscription)
    since = min(posted, now - DAY) if posted else datetime.min.replace(tzinfo=UTC)
    return any(one.due > since and one.about["told"]["reason"] == reason for one in told)


def _owner(subscription: Subscription) -> list[str]:
    """Returns where the one who made a subscription takes direct messages; a file may name anybody as its maker."""
    home, person = home_of(subscription.place), subscription.made_by.rpartition("/")[2].removeprefix("@")
    try:
        return [] if home.startswith("terminal:") else [person_of(f"{home}/@{person}")]
    except InvalidPlace:
        return []


async def missed(store: Store, slot: Slot, subscription: Subscription | None, why: str, now: datetime) -> None:
    """Tells in its place that a digest was missed, and `why` if that is not that the bot was not running.

    As long as that waits to be posted, it stands for those that are missed after it, too.
    """
    if subscription and slot.kind in ("scheduled", "now"):
        waiting = await slots.open_notices(store, subscription.id)
        if not any(one.about["trouble"] == "missed" for one in waiting):
            told = _of_digest(slot, subscription) | {"reason": why}
            await _notify(store, f"missed:{slot.key}", "missed", told, [slot.place], now, subscription.id, KEPT_LONG)


async def failed(store: Store, slot: Slot, subscription: Subscription | None, reason: str, now: datetime) -> None:
    """Tells in its place that a digest failed."""
    if subscription and slot.kind in ("scheduled", "now"):
        told = _of_digest(slot, subscription) | {"reason": reason}
        await _notify(store, f"failed:{slot.key}", "failed", told, [slot.place], now, subscription.id)


async def uncertain(store: Store, slot: Slot, part: Delivery, reason: str, operators: str, now: datetime) -> None:
    """Tells the operators that a part may be out, for a person to look."""
    log.warning("it is not known whether a digest was posted", extra={"delivery": part.id, "reason": reason})
    told = {
        "title": str(slot.about.get("title", "")),
        "part": str(part.part),
        "id": slot.short_id,
        "place": slot.place,
        "reason": reason,
    }
    if slot.kind != "notice":
        await _notify(store, f"uncertain:{part.id}", "uncertain", told, [operators], now)


async def shut_out(store: Store, lane: str, reason: str, operators: str, now: datetime) -> None:
    """Tells the operators, once a day, that a platform takes nothing of the bot any more; not through that itself."""
    if operators and lane_of(operators) != lane:
        await _notify(
            store, f"shut_out:{lane}:{now:%Y-%m-%d}", "shut_out", {"title": lane, "reason": reason}, [operators], now
        )


async def overdue(store: Store, late: Overdue, operators: str, now: datetime) -> None:
    """Tells the operators that digests of a lane are overdue: once, until all of those are out or given up.

    The key is made from the notice before, so that several processes that find it out at one time tell it once.
    """
    if not operators:
        return
    key = f"overdue:{late.lane}@"
    last = await upkeep.latest_notice(store, key)
    if last is None or late.since > last.due:
        told = {"title": late.lane, "number": str(late.number), "due": late.since.isoformat()}
        await _notify(store, f"{key}{last.id if last else ''}", "overdue", told, [operators], now)


async def told_elsewhere(store: Store, slot: Slot, now: datetime) -> None:
    """Tells the next one of a notice that could not be posted where it belongs first."""
    places = slot.about.get("then", [])
    told: Mapping[str, str] = slot.about["told"]
    await _notify(store, f"{slot.key}|", slot.about["trouble"], told, places, now, slot.subscription)


async def _notify(
    store: Store,
    key: str,
    trouble: str,
    told: Mapping[str, str],
    places: Sequence[str],
    now: datetime,
    subscription: str | None = None,
    kept: timedelta = KEPT,
) -> None:
    first, *then = list(filter(None, places)) or [""]
    if first:
        about = {"trouble": trouble, "told": dict(told), "title": told.get("title", ""), "then": then}
        await slots.propose(store, Slot(key, "notice", lane_of(first), first, now, now + kept, subscription, about))


def _of_digest(slot: Slot, subscription: Subscription) -> dict[str, str]:
    return {"title": subscription.title, "due": slot.due.isoformat()}
