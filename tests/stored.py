"""What tests keep in a store: each builder asks only for what matters to the test."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.store import beginning, lanes, slots, subscriptions
from bot.store.opening import Store
from bot.store.values import Begun, ClaimRevision, Hold, Part, Plan, Slot, Subscription

NOW = datetime(2033, 6, 15, 9, 0, 0, 123_457, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WORKSPACE = "slack:T1"
PLACE = f"{WORKSPACE}/C1"


def subscription(id_: str = "airships", place: str = PLACE, **fields: Any) -> Subscription:
    values: dict[str, Any] = {
        "title": "Airships",
        "schedule": "daily 09:00",
        "zone": "Europe/Berlin",
        "made_by": "U1",
        "made_at": NOW,
    }
    values |= {"id": id_, "place": place, "next_fire": NOW}
    return Subscription(**(values | fields))


def slot(key: str = "one", **fields: Any) -> Slot:
    values: dict[str, Any] = {
        "kind": "scheduled",
        "lane": WORKSPACE,
        "place": PLACE,
        "due": NOW,
        "deadline": NOW + 6 * HOUR,
    }
    return Slot(**({"key": key} | values | fields))


def notice(key: str = "one", **fields: Any) -> Slot:
    return slot(key, kind="notice", **fields)


def revisions(*claims: str) -> tuple[ClaimRevision, ...]:
    return tuple(ClaimRevision(claim, 0) for claim in claims)


def parts(*claims: str) -> list[Part]:
    """Returns a part for each word, which carries the claims that it is the letters of."""
    return [Part({"page": number}, revisions(*letters)) for number, letters in enumerate(claims, 1)]


async def subscribed(store: Store, id_: str = "airships", **fields: Any) -> Subscription:
    """Keeps a subscription."""
    new = subscription(id_, **fields)
    assert await subscriptions.add(store, new)
    return new


async def all_subscribed(store: Store, some: Iterable[Subscription]) -> None:
    """Keeps many subscriptions in one transaction."""
    await subscriptions.carry_out(store, Plan(tuple(some)), NOW)


async def proposed(store: Store, key: str = "one", **fields: Any) -> Slot:
    """Keeps a slot."""
    new = slot(key, **fields)
    assert await slots.propose(store, new)
    return new


async def held(store: Store, lane: str = WORKSPACE, owner: str = "me") -> Hold:
    """Takes a lane for a minute."""
    hold = await lanes.take_lane(store, lane, owner, NOW, timedelta(minutes=1))
    assert hold
    return hold


async def begun(
    store: Store, hold: Hold, key: str = "one", of: Sequence[Part] = (), at: datetime = NOW, **fields: Any
) -> Begun:
    """Keeps a slot and begins it, with two parts unless told otherwise."""
    new = await proposed(store, key, **fields)
    return await beginning.begin(store, hold, new.id, of or parts("ab", "c"), at)


async def states(store: Store, slot_id: str) -> tuple[str, ...]:
    """Returns the state of a slot, and then of each part."""
    work = await slots.get(store, slot_id)
    assert work
    return (work.slot.state, *(one.state for one in work.deliveries))
