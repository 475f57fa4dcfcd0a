"""Drafts: what a person was shown and has not saved yet, kept for a day."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import Row, delete, select, update

from bot.store.opening import Store
from bot.store.sql import insert, whole
from bot.store.tables import draft

KEPT = timedelta(days=1)
MOST_OF_A_PERSON = 20


class Draft(Struct, frozen=True):
    """Is what somebody asked for in a place and has not saved yet: fields as they were given, by name.

    `edits` is the id of the subscription whose fields they change; without, the key is the id of the new one.
    """

    key: str
    made_by: str
    place: str
    fields: Mapping[str, str]
    made_at: datetime
    edits: str | None = None
    saved_at: datetime | None = None


@whole
async def keep(store: Store, new: Draft) -> bool:
    """Keeps a draft; False, and nothing written, if its key is taken. Of one person only the latest are kept."""
    async with store.writing() as tx:
        kept = insert(tx, draft).values(asdict(new)).on_conflict_do_nothing().returning(draft.c.key)
        if await tx.scalar(kept) is None:
            return False
        theirs = select(draft.c.key).where(draft.c.made_by == new.made_by, draft.c.place == new.place)
        latest = theirs.order_by(draft.c.made_at.desc(), draft.c.key).offset(MOST_OF_A_PERSON)
        await tx.execute(delete(draft).where(draft.c.key.in_(list(await tx.scalars(latest)))))
        return True


@whole
async def get(store: Store, key: str) -> Draft | None:
    """Returns a draft, one that was saved too."""
    async with store.reading() as tx:
        row = (await tx.execute(select(draft).where(draft.c.key == key))).first()
    return None if row is None else _value(row)


@whole
async def saved(store: Store, key: str, at: datetime) -> bool:
    """Notes that a draft was saved; False if that was noted before."""
    async with store.writing() as tx:
        unsaved = update(draft).where(draft.c.key == key, draft.c.saved_at.is_(None))
        return bool((await tx.execute(unsaved.values(saved_at=at))).rowcount)


def _value(row: Row[Any]) -> Draft:
    return Draft(**row._mapping)
