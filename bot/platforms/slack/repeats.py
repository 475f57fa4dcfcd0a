"""What Slack sends twice: told from what is new, for as long as it may come again."""

from typing import Any

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
