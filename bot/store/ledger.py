"""What was shown where, what was first seen when, and why."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, tuple_

from bot.store.opening import Store
from bot.store.slots import get
from bot.store.sql import chunks, insert, whole
from bot.store.tables import decision, seen, shown, slot
from bot.store.values import Carried, ClaimRevision, Decided, Decision, Slot


@dataclass(frozen=True, slots=True)
class Background:
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
    async with store.reading() as tx:
        rows = await tx.execute(select(shown.c.claim, shown.c.revision, shown.c.delivery).where(shown.c.place == place))
        return {ClaimRevision(row.claim, row.revision): row.delivery for row in rows}


@whole
async def background(store: Store, of: Slot) -> Background:
    """Returns what the digest of a slot is composed against."""
    digests = slot.c.subscription == of.subscription, slot.c.kind.in_(("scheduled", "now"))
    ended = select(func.max(slot.c.due)).where(*digests, slot.c.due < of.due, slot.c.ended_at.is_not(None))
    async with store.reading() as tx:
        rows = await tx.execute(select(shown.c.claim, shown.c.revision).where(shown.c.place == of.place))
        told = frozenset(ClaimRevision(*row) for row in rows)
        return Background(told, await tx.scalar(ended), await tx.scalar(ended.where(slot.c.state == "sent")))


@whole
async def carried(store: Store, claims: Collection[str]) -> list[Carried]:
    """Returns where claims have been shown, each place with the latest revision there."""
    latest: dict[tuple[str, str], Carried] = {}
    columns = (shown.c.place, shown.c.claim, shown.c.revision, shown.c.at)
    async with store.reading() as tx:
        for chunk in chunks(sorted(claims)):
            of_them = select(*columns).where(shown.c.claim.in_(chunk)).order_by(shown.c.revision)
            latest |= {(row.place, row.claim): Carried(*row) for row in await tx.execute(of_them)}
    return list(latest.values())


@whole
async def decisions(store: Store, id_: str) -> Decided | None:
    """Returns what was decided for a slot, by the id that people see."""
    work = await get(store, id_)
    if work is None:
        return None
    columns = (decision.c.claim, decision.c.revision, decision.c.chosen, decision.c.why)
    of_it = select(*columns).where(decision.c.slot == work.slot.id).order_by(decision.c.claim, decision.c.revision)
    async with store.reading() as tx:
        return Decided(work.slot, tuple(Decision(*row) for row in await tx.execute(of_it)))
