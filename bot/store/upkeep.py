"""Looking after the whole: figures, what is old, and what a workspace takes with it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Table, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.places import lane_of
from bot.store import drafts, lanes
from bot.store.opening import Store
from bot.store.slots import selected, slot_value
from bot.store.sql import in_workspace, whole
from bot.store.tables import absence, decision, delivery, draft, lane, seen, shown, slot, subscription
from bot.store.values import MISSED, Slot

KEPT = timedelta(days=90)
DAY = timedelta(days=1)
AHEAD = timedelta(hours=1)
"""By how much the clocks of several processes surely do not differ."""

KEPT_BACK = timedelta(days=14)
"""Longer than any platform asks to be left alone."""

_ENDED = ("sent", "uncertain", "failed", "skipped")


class Counts(Struct, frozen=True):
    """Is how much there is of what, by state.

    `waiting` are slots that want attention now, `missed` the digests whose time was over in the last day.
    """

    subscriptions: Mapping[str, int]
    slots: Mapping[str, int]
    waiting: int = 0
    missed: int = 0


class Overdue(Struct, frozen=True):
    """Is how many digests of a lane were due long ago and have not ended, and since when the first."""

    lane: str
    number: int
    since: datetime


@whole
async def counts(store: Store, now: datetime) -> Counts:
    """Returns the figures that tell how the engine is."""
    async with store.reading() as tx:
        awake = await tx.scalar(select(func.count()).where(slot.c.wake <= now).select_from(slot))
        missed = slot.c.reason.startswith(MISSED) & (slot.c.state == "skipped") & (slot.c.ended_at > now - DAY)
        gone = await tx.scalar(select(func.count()).where(missed).select_from(slot))
        subscriptions, slots = await _states(tx, subscription), await _states(tx, slot)
        return Counts(subscriptions, slots, awake or 0, gone or 0)


@whole
async def overdue(store: Store, before: datetime) -> list[Overdue]:
    """Returns, by lane, the digests that were due before an instant and have not ended, or have not even begun.

    What waits for a person is none: that is told of as uncertain.
    """
    digest = slot.c.wake.is_not(None) & slot.c.kind.in_(("scheduled", "now")) & (slot.c.due <= before)
    kept = select(slot.c.lane, func.count(), func.min(slot.c.due)).where(digest).group_by(slot.c.lane)
    unseen = (subscription.c.state == "active") & (subscription.c.next_fire <= before)
    async with store.reading() as tx:
        found = [Overdue(*row) for row in await tx.execute(kept)]
        # Not grouped there: SQLite would go through all places in order for it, due or not.
        places = await tx.execute(select(subscription.c.place, subscription.c.next_fire).where(unseen))
        found += [Overdue(lane_of(place), 1, since) for place, since in places]
    in_order = sorted(found, key=lambda one: one.lane)
    return [_together(list(some)) for _, some in groupby(in_order, key=lambda one: one.lane)]


def _together(of_lane: Sequence[Overdue]) -> Overdue:
    return Overdue(of_lane[0].lane, sum(one.number for one in of_lane), min(one.since for one in of_lane))


@whole
async def latest_notice(store: Store, key: str) -> Slot | None:
    """Returns the notice that was kept last of those whose key begins so."""
    begins = (slot.c.key >= key) & (slot.c.key < f"{key}~") & (slot.c.kind == "notice")
    async with store.reading() as tx:
        row = (await tx.execute(selected().where(begins).order_by(slot.c.due.desc()).limit(1))).first()
    return None if row is None else slot_value(row)


async def _states(tx: AsyncConnection, table: Table) -> dict[str, int]:
    rows = await tx.execute(select(table.c.state, func.count().label("number")).group_by(table.c.state))
    return {row.state: row.number for row in rows}


@whole
async def housekeeping(store: Store, now: datetime) -> dict[str, int]:
    """Deletes what ended 90 days ago and yesterday's drafts, and returns how many rows of each table.

    What a place was shown goes only with the place: when it has had no subscription and no slot for as long.
    """
    old = slot.c.state.in_(_ENDED) & (slot.c.ended_at < now - KEPT)
    removed = (subscription.c.state == "removed") & (subscription.c.changed_at < now - KEPT)
    slots = select(slot.c.id).where(old)
    no_slot = ~exists().where(slot.c.subscription == subscription.c.id)
    place = select(shown.c.place).distinct().subquery().c.place  # asked of each place once, not of each row
    living = or_(exists().where(subscription.c.place == place), exists().where(slot.c.place == place))
    return await _delete(
        store,
        removed,
        old,
        (decision, decision.c.slot.in_(slots)),
        (delivery, delivery.c.slot.in_(slots)),
        (slot, old),
        (subscription, removed & no_slot),
        (shown, shown.c.place.in_(select(place).where(~living))),
        (draft, draft.c.made_at < now - drafts.KEPT),
    )


@whole
async def set_back(store: Store, now: datetime) -> None:
    """Brings back what a clock that was far ahead has dated: it would not come, or not count, before that day."""
    ahead, beyond = now + AHEAD, now + KEPT_BACK
    async with store.writing() as tx:
        clock = lanes.clock(tx, now)
        far = lane.c.until > lanes.later(clock, AHEAD)
        await tx.execute(update(lane).where(far).values(until=lanes.later(clock, timedelta())))
        await tx.execute(update(subscription).where(subscription.c.made_at > ahead).values(made_at=now))
        await tx.execute(update(slot).where(slot.c.wake > beyond).values(wake=now))
        await tx.execute(update(seen).where(seen.c.at > ahead).values(at=now))


@whole
async def erase(store: Store, workspace: str) -> dict[str, int]:
    """Deletes all that is kept of a workspace (`platform:workspace`), and returns how many rows of each table."""
    subscriptions = in_workspace(subscription.c.place, workspace)
    of_them = slot.c.subscription.in_(select(subscription.c.id).where(subscriptions))
    of_it = in_workspace(slot.c.place, workspace) | of_them
    slots = select(slot.c.id).where(of_it)
    return await _delete(
        store,
        subscriptions,
        of_it,
        (decision, decision.c.slot.in_(slots)),
        (delivery, delivery.c.slot.in_(slots)),
        (shown, in_workspace(shown.c.place, workspace)),
        (slot, of_it),
        (subscription, subscriptions),
        (lane, lane.c.name == workspace),
        (draft, in_workspace(draft.c.place, workspace)),
        (absence, absence.c.workspace == workspace),
    )


@whole
async def export(store: Store, workspace: str) -> dict[str, list[dict[str, Any]]]:
    """Returns all that is kept of a workspace as plain values, by table; instants are in ISO 8601."""
    subscriptions = in_workspace(subscription.c.place, workspace)
    of_them = slot.c.subscription.in_(select(subscription.c.id).where(subscriptions))
    slots = select(slot.c.id).where(in_workspace(slot.c.place, workspace) | of_them)
    of_it: dict[Table, ColumnElement[bool]] = {
        subscription: subscriptions,
        slot: slot.c.id.in_(slots),
        delivery: delivery.c.slot.in_(slots),
        decision: decision.c.slot.in_(slots),
        shown: in_workspace(shown.c.place, workspace),
        lane: lane.c.name == workspace,
        draft: in_workspace(draft.c.place, workspace),
        absence: absence.c.workspace == workspace,
    }
    async with store.reading() as tx:
        return {table.name: await _rows(tx, table, only) for table, only in of_it.items()}


async def _rows(tx: AsyncConnection, table: Table, only: ColumnElement[bool]) -> list[dict[str, Any]]:
    rows = await tx.execute(select(table).where(only).order_by(*table.primary_key))
    return [{name: _plain(value) for name, value in row._mapping.items()} for row in rows]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


async def _delete(
    store: Store, subscriptions: ColumnElement[bool], slots: ColumnElement[bool], *tables: tuple[Table, Any]
) -> dict[str, int]:
    """Deletes rows of tables in one transaction; no step of a slot or subscription among them comes in between."""
    async with store.writing() as tx:
        for table, only in ((subscription, subscriptions), (slot, slots)):
            await tx.execute(select(table.c.id).where(only).order_by(table.c.id).with_for_update())
        return {table.name: (await tx.execute(delete(table).where(only))).rowcount for table, only in tables}
