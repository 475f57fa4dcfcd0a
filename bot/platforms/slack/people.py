"""What Slack tells of people: who they are in the workspace, and in which time zone they live."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from aiohttp import ClientError
from msgspec import Struct
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack.sending import needed, reason
from bot.platforms.slack.tokens import introduced
from bot.ports import TokenRefused

log = logging.getLogger("briefbot.slack")
KNOWN_FOR = 300.0
"""Seconds for which it is believed what Slack told of somebody."""

PATIENCE = 2.0
"""Seconds that Slack has to tell of somebody, for whom an answer waits."""

LONGEST_PAUSE = 60.0
MOST = 10_000


class Person(Struct, frozen=True):
    """Is somebody: a `member` is no guest and from no other workspace; an `admin` may do anything there."""

    member: bool = True
    admin: bool = False
    zone: str = ""


UNASKED = Person()
"""Is somebody of whom Slack could not be asked: no admin, and otherwise who it said with the request."""


class People:
    """Asks Slack for people and remembers them for some minutes; `workspace` is known once Slack knows us."""

    def __init__(self, client: AsyncWebClient, now: Callable[[], float] = time.monotonic) -> None:
        self.workspace = ""
        self._client = client
        self._now = now
        self._known: dict[str, tuple[float, Person]] = {}

    async def refused(self) -> TokenRefused | None:
        """Returns how Slack refuses the bot's token, None if it accepts it; waits until Slack says either."""
        pause = 1.0
        while True:
            try:
                await introduced(self._client)
            except TokenRefused as refused:
                return refused
            except (ClientError, TimeoutError, SlackApiError) as error:
                _tell(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                return None

    async def person(self, user: str) -> Person:
        """Returns somebody; `UNASKED` where Slack cannot be asked, or not soon enough."""
        until, person = self._known.get(user, (0.0, UNASKED))
        if self._now() < until:
            return person
        try:
            async with asyncio.timeout(PATIENCE):
                told = (await self._client.users_info(user=user)).get("user")
        except (SlackApiError, ClientError, TimeoutError) as error:
            _tell(error)
            return UNASKED
        if not isinstance(told, dict):
            return UNASKED
        person = _read(told, self.workspace)
        self._known = self._known if len(self._known) < MOST else {}
        self._known[user] = (self._now() + KNOWN_FOR, person)
        return person


def _read(user: dict[str, Any], workspace: str) -> Person:
    organisation = user.get("enterprise_user") or {}
    homes = {user.get("team_id"), organisation.get("enterprise_id"), *(organisation.get("teams") or ())}
    outside = bool(workspace and user.get("team_id")) and workspace not in homes
    guest = any(user.get(mark) for mark in ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted", "is_bot"))
    admin = any(user.get(mark) for mark in ("is_admin", "is_owner", "is_primary_owner"))
    member = not (outside or guest)
    return Person(member, member and admin, str(user.get("tz") or ""))


def _tell(error: Exception) -> None:
    said = reason(error) if isinstance(error, SlackApiError) else type(error).__name__
    missing = {"missing_scope": scope} if isinstance(error, SlackApiError) and (scope := needed(error)) else {}
    log.warning("Slack cannot be asked who somebody is; nobody is taken for an admin", extra={"error": said} | missing)
