"""What a back-up does not know: all that it has as open may have been posted since it was made."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.changes import with_part, with_slot
from bot.store.opening import Store
from bot.store.slots import taken
from bot.store.sql import whole
from bot.store.tables import slot
from bot.store.values import DOUBTED, Work
from bot.store.writing import Change, write

MAY_BE_OUT = "it may have been posted before the database was restored"


@whole
async def doubt(store: Store, at: datetime) -> int:
    """Has whatever is open be looked for before it is posted, and returns how much that is."""
    async with store.writing() as tx:
        ids = list(await tx.scalars(select(slot.c.id).where(slot.c.wake.is_not(None)).order_by(slot.c.id)))
        for id_ in ids:
            work = await taken(tx, id_)
            about = {**work.slot.about, DOUBTED: at.isoformat()}
            await tx.execute(update(slot).where(slot.c.id == id_).values(about=about))
            await _look_for_part(tx, work, at)
        return len(ids)


async def _look_for_part(tx: AsyncConnection, work: Work, at: datetime) -> None:
    part = work.current
    if part and part.state == "planned":
        since = {"intended_at": part.intended_at or work.slot.begun_at, "attempted_at": part.attempted_at or at}
        after = with_part(work, part, "uncertain", reason=MAY_BE_OUT, retry_at=at, **since)
        await write(tx, [Change(work.slot.id, work, with_slot(after, "sending", wake=at))])
