"""What was shown where, what was first seen when, and why."""

from collections.abc import Collection, Iterable
from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, delete, func, or_, select, tuple_

from bot.store.opening import Store
from bot.store.sql import chunks, insert, whole
from bot.store.tables import decision, delivery, seen, shown, slot
from bot.store.values import Carried, ClaimRevision, Decision, Slot, taken_back

_IS_TOLD = shown.c.revision >= 0


class Background(Struct, frozen=True):
    """Is what a digest is composed against: what its place has been shown, or is being shown, and what came before.

    `last` is when the digest before it was due, `told` when the last one that was posted was.
    """

    shown: frozenset[ClaimRevision]
    last: datetime | None
    told: datetime | None


@whole
async def take_up(
    store: Store, revisions: Iterable[ClaimRevision], at: datetime, undone: Iterable[ClaimRevision] = ()
) -> dict[ClaimRevision, datetime]:
    """Notes when revisions were first seen here, and returns that of every one ever seen; the first time stays.

    What is `undone` is forgotten: seen again, it is new.
    """
    async with store.writing() as tx:
        for chunk in chunks(sorted(set(undone))):
            await tx.execute(delete(seen).where(tuple_(seen.c.claim, seen.c.revision).in_(chunk)))
        for chunk in chunks(sorted(set(revisions))):
            rows = [{**one._asdict(), "at": at} for one in chunk]
            await tx.execute(insert(tx, seen).values(rows).on_conflict_do_nothing())
    return await seen_here(store)


@whole
async def seen_here(store: Store) -> dict[ClaimRevision, datetime]:
    """Returns when each revision was first seen here."""
    async with store.reading() as tx:
        rows = await tx.execute(select(seen.c.claim, seen.c.revision, seen.c.at))
        return {ClaimRevision(row.claim, row.revision): row.at for row in rows}


@whole
async def shown_in(store: Store, place: str) -> dict[ClaimRevision, str]:
    """Returns what a place has been shown, or is being shown, with the part that carries it."""
    columns = (shown.c.claim, shown.c.revision, shown.c.delivery)
    async with store.reading() as tx:
        rows = await tx.execute(select(*columns).where(shown.c.place == place, _IS_TOLD))
        return {ClaimRevision(row.claim, row.revision): row.delivery for row in rows}


@whole
async def background(store: Store, of: Slot) -> Background:
    """Returns what the digest of a slot is composed against."""
    digests = slot.c.subscription == of.subscription, slot.c.kind.in_(("scheduled", "now"))
    ended = select(func.max(slot.c.due)).where(*digests, slot.c.due < of.due, slot.c.ended_at.is_not(None))
    async with store.reading() as tx:
        rows = await tx.execute(select(shown.c.claim, shown.c.revision).where(shown.c.place == of.place, _IS_TOLD))
        told = frozenset(ClaimRevision(*row) for row in rows)
        return Background(told, await tx.scalar(ended), await tx.scalar(ended.where(slot.c.state == "sent")))


@whole
async def carried(store: Store, claims: Collection[str]) -> list[Carried]:
    """Returns where claims have been shown, each place with the latest revision there; not if that was corrected.

    What is still on its way has not been shown: it may be composed anew without the claim.
    """
    found: dict[tuple[str, ClaimRevision], Carried] = {}
    columns = (shown.c.place, shown.c.claim, shown.c.revision, shown.c.at)
    async with store.reading() as tx:
        for chunk in chunks(sorted(claims)):
            of_them = select(*columns).where(shown.c.claim.in_(chunk), or_(~_IS_TOLD, ~_is_on_its_way()))
            for row in await tx.execute(of_them.order_by(shown.c.revision)):
                found[row.place, ClaimRevision(row.claim, row.revision)] = Carried(*row)
    latest = {(one.place, one.claim): one for one in found.values() if one.revision >= 0}
    return [
        one for one in latest.values() if (one.place, taken_back(ClaimRevision(one.claim, one.revision))) not in found
    ]


def _is_on_its_way() -> ColumnElement[bool]:
    carrying = select(delivery.c.id).join(slot, slot.c.id == delivery.c.slot)
    unsent = delivery.c.id == shown.c.delivery, delivery.c.state != "sent", slot.c.wake.is_not(None)
    return carrying.where(*unsent).exists()


@whole
async def decisions(store: Store, slot_id: str) -> list[Decision]:
    """Returns what was decided for a slot."""
    columns = (decision.c.claim, decision.c.revision, decision.c.chosen, decision.c.why)
    of_it = select(*columns).where(decision.c.slot == slot_id).order_by(decision.c.claim, decision.c.revision)
    async with store.reading() as tx:
        return [Decision(*row) for row in await tx.execute(of_it)]
