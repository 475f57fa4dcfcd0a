"""What is to be posted: digests that are due, and corrections of what was retracted."""

import logging
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta

from bot.delivery.notices import paused
from bot.places import InvalidPlace, lane_of
from bot.schedule import InvalidSchedule, parse
from bot.store import firing, ledger, slots, subscriptions, upkeep
from bot.store.firing import Due, Fire
from bot.store.opening import Store
from bot.store.values import Slot
from bot.subscribing.subscriptions import next_fire

log = logging.getLogger("briefbot.delivery")
STOOD = timedelta(minutes=10)
"""How long a retraction must stand before those are told who were shown the claim."""

TOGETHER = 100


async def propose_due(store: Store, now: datetime) -> AsyncIterator[int]:
    """Keeps a slot for every subscription that is due, of fires that were missed the latest alone.

    Yields how many were kept at a time.

    Raises:
        StoreUnavailable: nothing, or not all, could be kept; it can be said again.
    """
    due = await firing.due(store, now)
    for start in range(0, len(due), TOGETHER):
        fires = [fired for one in due[start : start + TOGETHER] if (fired := await _fire(store, one, now))]
        yield await firing.fire(store, fires)


async def _fire(store: Store, subscription: Due, now: datetime) -> Fire | None:
    try:
        schedule = parse(subscription.schedule, subscription.zone)
        lane = lane_of(subscription.place)
    except InvalidSchedule as invalid:  # its zone left the zone database
        whole = await subscriptions.get(store, subscription.id)
        if whole:
            await paused(store, whole, str(invalid), now)
        return None
    except InvalidPlace as invalid:  # nothing like it is let in; but if it is there, the others go on
        await subscriptions.pause(store, subscription.id, str(invalid), now)
        return None
    expected = subscription.next_fire or now
    latest, following = expected, schedule.next(expected)
    if following and following <= now:
        latest, following = schedule.latest(now, expected) or expected, schedule.next(now)
    slot = Slot(
        key=f"{subscription.id}@{latest.isoformat()}",
        kind="scheduled",
        lane=lane,
        place=subscription.place,
        due=latest,
        deadline=latest + timedelta(seconds=subscription.catch_up),
        subscription=subscription.id,
        about={} if latest == expected else {"since": expected.isoformat()},
    )
    return Fire(subscription, slot, following)


async def propose_corrections(store: Store, retracted: Mapping[str, datetime], now: datetime) -> int:
    """Keeps a slot for each claim that is retracted, in every place that carried it and still subscribes.

    `retracted` tells when each retraction was first seen.

    Raises:
        StoreUnavailable: nothing, or not all, could be kept; it can be said again.
    """
    stood = [claim for claim, at in retracted.items() if at <= now - STOOD]
    number = 0
    for one in await ledger.carried(store, stood):
        subscribed = [s for s in await subscriptions.of_place(store, one.place) if s.state == "active"]
        if subscribed:
            slot = Slot(
                # Anew by another subscription if this one stops before; the ledger knows what was corrected.
                key=f"correction:{one.claim}.{one.revision}@{one.place}:{subscribed[0].id}@{retracted[one.claim]}",
                kind="correction",
                lane=lane_of(one.place),
                place=one.place,
                due=now,
                deadline=now + timedelta(days=1),
                subscription=subscribed[0].id,
                about={"claim": one.claim},
            )
            number += await slots.propose(store, slot)
    return number


async def mend_next_fires(store: Store, now: datetime) -> int:
    """Sets next fires anew that the zone database, or a clock that was wrong, no longer gives; returns how many.

    What such a clock has dated otherwise is brought back, too.

    Raises:
        StoreUnavailable: not all could be set; it can be said again.
    """
    await upkeep.set_back(store, now)
    wrong: list[Fire] = []
    for one in await subscriptions.everywhere(store):
        if one.state != "active" or (one.next_fire and one.next_fire <= now):
            continue
        try:
            expected = next_fire(one, now)
        except InvalidSchedule as invalid:
            await paused(store, one, str(invalid), now)
            continue
        if expected != one.next_fire:
            wrong.append(Fire(one, None, expected))
    for start in range(0, len(wrong), TOGETHER):
        await firing.fire(store, wrong[start : start + TOGETHER])
    if wrong:
        log.warning("clocks have changed; next digests were set anew", extra={"number": len(wrong)})
    return len(wrong)
