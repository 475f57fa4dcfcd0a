"""What Slack sends twice: told from what is new, for as long as it may come again."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.recently import Recently

REMEMBERED = 3600.0
"""Seconds for which an event is known to have come: Slack repeats one after 5 minutes at the latest."""

REPLAYED = 600.0
"""Seconds for which a command or a click is: Slack repeats neither, and a signature is good for five minutes."""


class Repeats:
    """Knows what has come."""

    def __init__(self) -> None:
        self._events = Recently(REMEMBERED)
        self._triggers = Recently(REPLAYED)

    def came_before(self, body: dict[str, Any]) -> bool:
        """Returns whether something has come before, and remembers it if not."""
        event, trigger = body.get("event_id"), body.get("trigger_id")
        if event:
            return self._events.seen(str(event))
        return bool(trigger) and self._triggers.seen(str(trigger))


class Once(AsyncMiddleware):
    """Acknowledges what came before, without doing it again."""

    def __init__(self, repeats: Repeats) -> None:
        self._repeats = repeats

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,  # noqa: ARG002
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002
    ) -> BoltResponse:
        """Lets bolt go on with what is new."""
        return BoltResponse(status=200) if self._repeats.came_before(req.body) else await next()
