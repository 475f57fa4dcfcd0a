"""Workspaces that have removed the bot: all that is kept of them is erased, once that is sure."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.places import platform_of
from bot.publishing import DeliveryError, Publisher
from bot.store import absences
from bot.store.erasing import erase
from bot.store.opening import Store

log = logging.getLogger("briefbot.delivery")
SURE = timedelta(hours=24)
"""For how long a workspace must be found without the bot: an invitation that comes back finds its subscriptions."""


async def erase_left(store: Store, publishers: Mapping[str, Publisher], now: datetime) -> None:
    """Looks which workspaces have removed the bot, and erases those that did so a day ago.

    Where a platform cannot be asked, nothing is taken for removed.

    Raises:
        StoreUnavailable: not all could be looked at.
    """
    for workspace in await absences.workspaces(store):
        publisher = publishers.get(platform_of(workspace))
        left = await _left(publisher, workspace) if publisher else None
        if left is False:
            await absences.is_there(store, workspace)
        elif left and now - await absences.noted(store, workspace, now) >= SURE:
            await erase(store, workspace)
            log.warning("a workspace has removed the bot; all that was kept of it is erased")


async def _left(publisher: Publisher, workspace: str) -> bool | None:
    try:
        return await publisher.left(workspace)
    except DeliveryError as error:
        log.info("it cannot be told who has removed the bot", extra={"reason": error.reason})
        return None
