"""What is done when the app was uninstalled."""

import logging
from collections.abc import Callable
from typing import Any

from bot.platforms.slack.origin import team_of
from bot.platforms.slack.people import People
from bot.ports import Core, TokenRefused

log = logging.getLogger("briefbot.slack")


class Leaving:
    """Has a workspace forgotten that has uninstalled the app, and then ends.

    Slack says so by `app_uninstalled`. `tokens_revoked` is not asked for: it comes where a token is only replaced, too,
    and an app is not uninstalled until its final token is revoked (docs.slack.dev/reference/events/app_uninstalled).
    """

    def __init__(self, core: Core, people: People, stop: Callable[[TokenRefused], None]) -> None:
        self._core = core
        self._people = people
        self._stop = stop

    async def leave(self, body: dict[str, Any]) -> None:
        """Has the workspace forgotten, unless Slack accepts its token: the event came late, and it is installed again.

        It waits until Slack says either.
        """
        refused = await self._people.refused()
        if refused is None:
            log.warning("Slack says that the app was uninstalled, and accepts its token; nothing is erased")
            return
        await self._core.left(f"slack:{team_of(body)}")
        self._stop(refused)
