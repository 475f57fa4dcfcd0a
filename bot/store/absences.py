"""Workspaces that were found to have removed the bot, and since when."""

from datetime import datetime

from sqlalchemy import delete, select, union

from bot.places import home_of
from bot.store.opening import Store
from bot.store.sql import insert, whole
from bot.store.tables import absence, draft, slot, subscription


@whole
async def workspaces(store: Store) -> list[str]:
    """Returns the workspaces of which something is kept, by name."""
    places = union(*(select(table.c.place) for table in (subscription, slot, draft)))
    async with store.reading() as tx:
        found = [*await tx.scalars(places), *await tx.scalars(select(absence.c.workspace))]
    return sorted({home_of(one) for one in found})


@whole
async def noted(store: Store, workspace: str, at: datetime) -> datetime:
    """Notes that a workspace was found to have removed the bot, and returns when that was found first."""
    async with store.writing() as tx:
        await tx.execute(insert(tx, absence).values(workspace=workspace, since=at).on_conflict_do_nothing())
        found = await tx.scalar(select(absence.c.since).where(absence.c.workspace == workspace))
        return at if found is None else min(found, at)


@whole
async def is_there(store: Store, workspace: str) -> None:
    """Forgets that a workspace was found to have removed the bot."""
    async with store.reading() as tx:
        kept = await tx.scalar(select(absence.c.since).where(absence.c.workspace == workspace))
    if kept is not None:
        async with store.writing() as tx:
            await tx.execute(delete(absence).where(absence.c.workspace == workspace))
