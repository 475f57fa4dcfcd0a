"""What is to be posted: digests that are due, and corrections of what was retracted."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from bot.delivery.notices import paused
from bot.places import InvalidPlace, lane_of
from bot.schedule import InvalidSchedule, parse
from bot.store import firing, ledger, slots, subscriptions, upkeep
from bot.store.firing import Fire, Firing
from bot.store.opening import Store
from bot.store.values import Slot
from bot.subscribing.subscriptions import next_fire

log = logging.getLogger("briefbot.delivery")
STOOD = timedelta(minutes=10)
"""How long a retraction must stand before those are told who were shown the claim."""


async def propose_due(store: Store, now: datetime) -> AsyncIterator[int]:
    """Keeps a slot for every subscription that is due, of fires that were missed the latest alone.

    Yields how many were kept at a time.

    Raises:
        StoreUnavailable: nothing, or not all, could be kept; it can be said again.
    """
    more = True
    while more:
        unfit: dict[str, Exception] = {}
        kept, more = await firing.fire_due(store, now, partial(_fire, now, unfit))
        for id_, why in unfit.items():
            await _stop(store, id_, why, now)  # or it would be due again and again
        yield kept


def _fire(now: datetime, unfit: dict[str, Exception], subscription: Firing) -> Fire | None:
    """Reckons the slot of what is due, and the next fire; puts it down among the `unfit` where there is none."""
    try:
        schedule = parse(subscription.schedule, subscription.zone)
        lane = lane_of(subscription.place)
    except (InvalidSchedule, InvalidPlace) as invalid:
        unfit[subscription.id] = invalid
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
    return Fire(slot, following)


async def _stop(store: Store, id_: str, why: Exception, now: datetime) -> None:
    """Pauses what cannot fire: its zone left the zone database; or its place is none, in which nobody can be told."""
    if isinstance(why, InvalidPlace):
        await subscriptions.pause(store, id_, str(why), now)
    elif subscription := await subscriptions.get(store, id_):
        await paused(store, subscription, str(why), now)


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
    wrong: list[str] = []
    for one in await subscriptions.everywhere(store):
        if one.state != "active" or (one.next_fire and one.next_fire <= now):
            continue
        try:
            if next_fire(one, now) != one.next_fire:
                wrong.append(one.id)
        except InvalidSchedule as invalid:
            await paused(store, one, str(invalid), now)
    await set_next_fires(store, wrong, now)
    if wrong:
        log.warning("clocks have changed; next digests were set anew", extra={"number": len(wrong)})
    return len(wrong)


async def set_next_fires(store: Store, ids: Sequence[str], after: datetime) -> None:
    """Has active subscriptions fire next at their first time after an instant.

    Raises:
        StoreUnavailable: not all could be set; it can be said again.
    """
    await firing.move(store, ids, lambda one: parse(one.schedule, one.zone).next(after))
