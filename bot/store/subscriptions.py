"""Subscriptions: made, changed, paused, removed; removing keeps the row, for its history."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Unpack

from msgspec.structs import asdict, fields
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.platforms import PLATFORMS
from bot.store.opening import Store
from bot.store.sql import in_workspace, insert, whole
from bot.store.tables import slot, subscription
from bot.store.values import Changes, Plan, Subscription, WrongState

_OF_A_DIGEST = ("scheduled", "now", "correction")
"""Kinds of slots that go with their subscription; a notice may be about its end."""

_FIELDS = [subscription.c[one.name] for one in fields(Subscription)]


@whole
async def add(store: Store, new: Subscription) -> bool:
    """Keeps a new subscription; False, and nothing written, if its id or its declared id is there already."""
    async with store.writing() as tx:
        return await _add(tx, new)


@whole
async def carry_out(store: Store, plan: Plan, at: datetime) -> None:
    """Does all that is planned in one transaction, or nothing.

    Raises:
        WrongState: what was planned for has changed since; plan anew.
    """
    touched = sorted({*plan.changed, *plan.paused, *plan.resumed})
    async with store.writing() as tx:
        # In one order and at once, so that no two writers wait for each other.
        locks = select(subscription.c.id).where(subscription.c.id.in_(touched)).order_by(subscription.c.id)
        await tx.execute(locks.with_for_update())
        done = [await _change(tx, id_, at, changes) for id_, changes in sorted(plan.changed.items())]
        done += [await _stop(tx, i, "paused", why, at, ("active", "paused")) for i, why in sorted(plan.paused.items())]
        done += [await _resume(tx, id_, next_fire, at) for id_, next_fire in sorted(plan.resumed.items())]
        done += [await _revive(tx, new) or await _add(tx, new) for new in plan.added]
        if not all(done):
            raise WrongState("a subscription was added, removed, paused or resumed meanwhile")


@whole
async def get(store: Store, id_: str) -> Subscription | None:
    """Returns a subscription, a removed one too."""
    return next(iter(await _some(store, subscription.c.id == id_)), None)


@whole
async def of_place(store: Store, place: str) -> list[Subscription]:
    """Returns the subscriptions of a place that are not removed, oldest first."""
    return await _some(store, subscription.c.place == place, subscription.c.state != "removed")


@whole
async def of_workspace(store: Store, workspace: str) -> list[Subscription]:
    """Returns the subscriptions of a workspace (`platform:workspace`) that are not removed, oldest first."""
    return await _some(store, in_workspace(subscription.c.place, workspace), subscription.c.state != "removed")


@whole
async def everywhere(store: Store) -> list[Subscription]:
    """Returns all subscriptions that are not removed, oldest first."""
    return await _some(store, subscription.c.state != "removed")


@whole
async def unreachable(store: Store) -> list[Subscription]:
    """Returns the subscriptions that are paused because their place could not be posted to, oldest first."""
    paused = await _some(store, subscription.c.state == "paused")
    return [one for one in paused if one.is_unreachable]


@whole
async def earliest_fire(store: Store) -> datetime | None:
    """Returns when the next active subscription fires."""
    first = select(func.min(subscription.c.next_fire)).where(subscription.c.state == "active")
    async with store.reading() as tx:
        found: datetime | None = await tx.scalar(first)
        return found


@whole
async def of_others(store: Store, platforms: Collection[str]) -> dict[str, int]:
    """Returns how many active subscriptions there are on other platforms than those, by platform."""
    active = select(func.count()).select_from(subscription).where(subscription.c.state == "active")
    found: dict[str, int] = {}
    async with store.reading() as tx:
        for name in sorted(set(PLATFORMS) - set(platforms)):
            theirs = (subscription.c.place >= f"{name}:") & (subscription.c.place < f"{name};")  # ; follows :
            found[name] = await tx.scalar(active.where(theirs)) or 0
    return {name: number for name, number in found.items() if number}


@whole
async def change(store: Store, id_: str, at: datetime, **changes: Unpack[Changes]) -> bool:
    """Edits a subscription that is not removed, from its next slot to begin on; False if there is none.

    Slots that wait move with it to another place, which has a ledger of its own.
    """
    async with store.writing() as tx:
        return await _change(tx, id_, at, changes)


@whole
async def pause(store: Store, id_: str, reason: str, at: datetime, *, anew: bool = False) -> bool:
    """Pauses an active subscription and skips its slots not begun; False if it was not active.

    `anew`: one that is paused already is paused for this reason from now on.
    """
    async with store.writing() as tx:
        return await _stop(tx, id_, "paused", reason, at, ("active", "paused") if anew else ("active",))


@whole
async def remove(store: Store, id_: str, reason: str, at: datetime) -> bool:
    """Removes a subscription and skips its slots not begun; False if there was none."""
    async with store.writing() as tx:
        return await _stop(tx, id_, "removed", reason, at, ("active", "paused"))


@whole
async def resume(store: Store, id_: str, next_fire: datetime | None, at: datetime, reason: str | None = None) -> bool:
    """Makes a paused subscription active again; False if it was not paused, or, with a `reason`, not for that one."""
    async with store.writing() as tx:
        return await _resume(tx, id_, next_fire, at, reason)


async def locked(tx: AsyncConnection, id_: str) -> Subscription | None:
    """Returns a subscription that stays as it is until the transaction ends."""
    row = (await tx.execute(select(*_FIELDS).where(subscription.c.id == id_).with_for_update(read=True))).first()
    return None if row is None else _value(row)


async def _add(tx: AsyncConnection, new: Subscription) -> bool:
    values = asdict(new) | {"changed_at": new.changed_at or new.made_at}
    kept = insert(tx, subscription).values(values).on_conflict_do_nothing().returning(subscription.c.id)
    return await tx.scalar(kept) is not None


async def _revive(tx: AsyncConnection, new: Subscription) -> bool:
    return await _update(tx, new.id, subscription.c.state == "removed", **asdict(new) | {"changed_at": new.made_at})


async def _change(tx: AsyncConnection, id_: str, at: datetime, changes: Changes) -> bool:
    if {"schedule", "zone"} & set(changes) and "next_fire" not in changes:
        raise ValueError("another schedule or zone comes with its next fire")
    if ("place" in changes) != ("lane" in changes):
        raise ValueError("another place comes with its lane")
    values = {name: value for name, value in changes.items() if name != "lane"}
    changed = await _update(tx, id_, subscription.c.state != "removed", changed_at=at, **values)
    if changed and "place" in changes:
        moved = {"place": changes["place"], "lane": changes["lane"]}
        await tx.execute(update(slot).where(*_waiting(id_)).values(moved))
    return changed


async def _resume(
    tx: AsyncConnection, id_: str, next_fire: datetime | None, at: datetime, reason: str | None = None
) -> bool:
    paused = subscription.c.state == "paused"
    if reason is not None:
        paused &= subscription.c.reason == reason
    return await _update(tx, id_, paused, state="active", reason="", next_fire=next_fire, changed_at=at)


async def _stop(tx: AsyncConnection, id_: str, state: str, reason: str, at: datetime, before: Sequence[str]) -> bool:
    stoppable = subscription.c.state.in_(before)
    stopped = await _update(tx, id_, stoppable, state=state, reason=reason, next_fire=None, changed_at=at)
    if stopped:
        ended = {"state": "skipped", "reason": f"{state}: {reason}", "wake": None, "ended_at": at}
        await tx.execute(update(slot).where(*_waiting(id_)).values(ended))
    return stopped


def _waiting(id_: str) -> tuple[ColumnElement[bool], ...]:
    return slot.c.subscription == id_, slot.c.state == "planned", slot.c.kind.in_(_OF_A_DIGEST)


async def _update(tx: AsyncConnection, id_: str, only: ColumnElement[bool], **values: Any) -> bool:
    changed = await tx.execute(update(subscription).where(subscription.c.id == id_, only).values(values))
    return bool(changed.rowcount)


async def _some(store: Store, *only: ColumnElement[bool]) -> list[Subscription]:
    found = select(*_FIELDS).where(*only).order_by(subscription.c.made_at, subscription.c.id)
    async with store.reading() as tx:
        return [_value(row) for row in await tx.execute(found)]


def _value(row: Sequence[Any]) -> Subscription:
    return Subscription(*row)
