"""What Discord's refusals of a message mean, code by code, with the way out.

Source: docs.discord.com/developers/topics/opcodes-and-status-codes.
"""

from collections.abc import Mapping
from typing import Any, Literal

from bot.publishing import DeliveryError

Outcome = Literal["permanent", "not_accepted", "ambiguous"]
Scope = Literal["message", "place", "lane"]
SHUT_OUT = 3600.0
"""Seconds for which Discord is left alone that does not say for how long it shuts us out."""

ELSEWHERE = 60.0
"""Seconds after which it is tried again where somebody else answers in Discord's name."""

FULL = 900.0
"""Seconds after which there may be room again for what people or moderators have to end first."""

FORBIDDEN = 403
UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_MESSAGE, UNKNOWN_TAG = 10003, 10004, 10008, 10087
NO_ACCESS, NO_PERMISSION = 50001, 50013
ARCHIVED, LOCKED = 50083, 160005
NO_TEXT, IN_FORUM, TAG_REQUIRED = 50008, 40058, 40067
ALREADY_PUBLISHED, BLOCKED = 40033, 40333
NOT_SEEN = "the bot does not see the channel; give it View Channel there"
NOT_WRITTEN = (
    "the bot may not write there; give it Send Messages in the channel, or Send Messages in Threads in a thread"
)
GONE = "the channel is gone; subscribe in another one"
REMOVED = "the bot is not in the server any more; invite it again"

_CODES: Mapping[int, tuple[Outcome, Scope, str]] = {
    UNKNOWN_CHANNEL: ("permanent", "place", GONE),
    UNKNOWN_GUILD: ("permanent", "place", REMOVED),
    10013: ("permanent", "place", "this person is not on Discord any more"),
    UNKNOWN_TAG: ("not_accepted", "place", "a tag of the forum was removed; it is posted without"),
    20009: ("permanent", "message", "Discord takes its text for explicit; look what it says"),
    20026: ("permanent", "place", "Discord has flagged the bot for spam; appeal at discord.com/developers"),
    30033: ("not_accepted", "place", "the thread is full; remove somebody from it"),
    40001: ("permanent", "lane", "Discord does not let the bot do that; look at discord.com/developers/applications"),
    40003: ("not_accepted", "place", "the bot has begun many conversations lately"),
    40004: ("not_accepted", "place", "Discord has turned sending off for a while"),
    40005: ("permanent", "message", "Discord takes it for too large"),
    IN_FORUM: ("permanent", "place", "it is a forum that the bot cannot read; give it View Channel there"),
    40060: ("permanent", "message", "Discord takes it for answered already"),
    TAG_REQUIRED: ("permanent", "place", "the forum asks for a tag; name a tag of it, or let posts have none"),
    NO_ACCESS: ("permanent", "place", NOT_SEEN),
    50006: ("permanent", "message", "Discord takes it for empty"),
    50007: ("permanent", "place", "this person takes no direct messages from the bot; they can allow them in a server"),
    NO_TEXT: ("permanent", "place", "nothing can be written in a channel of this kind; subscribe in another one"),
    NO_PERMISSION: ("permanent", "place", NOT_WRITTEN),
    50024: ("permanent", "place", "that cannot be done in a channel of this kind; subscribe in another one"),
    50033: ("permanent", "place", "this person cannot be written to"),
    50035: ("permanent", "message", "Discord does not take its form"),
    ARCHIVED: ("permanent", "place", "the thread is archived; open it again, or give the bot Manage Threads"),
    50278: ("permanent", "place", "the bot shares no server with this person; invite it to one of theirs"),
    LOCKED: ("permanent", "place", "the thread is locked; unlock it, or give the bot Manage Threads"),
    160006: ("not_accepted", "place", "the server has as many active threads as it may; close some"),
    200000: ("permanent", "message", "AutoMod of the server blocks it; let the bot pass there"),
    200001: ("permanent", "message", "AutoMod of the server blocks its title; let the bot pass there"),
    240000: ("permanent", "message", "Discord takes a link in it for harmful"),
}


class Refused(DeliveryError):
    """Says what Discord answered, too: the status, and the code of its error, 0 where it gave none."""

    def __init__(
        self,
        outcome: Outcome,
        scope: Scope,
        reason: str,
        retry_after: float | None = None,
        *,
        status: int = 0,
        code: int = 0,
    ) -> None:
        super().__init__(outcome, scope, reason, retry_after)
        self.status = status
        self.code = code


def refusal(status: int, headers: Mapping[str, str], body: Any, *, sending: bool) -> Refused:
    """Returns what an answer means; `sending` is whether what was asked must not be asked twice."""
    known = body if isinstance(body, dict) else {}
    code = known.get("code") if isinstance(known.get("code"), int) else 0
    outcome, scope, reason, retry_after = _meaning(status, headers, body, code or 0, sending=sending)
    said = str(known.get("message") or "")[:200]
    told = f"{reason} ({code}: {said})" if code else reason
    return Refused(outcome, scope, told, retry_after, status=status, code=code or 0)


def permanent(code: int, reason: str = "") -> Refused:
    """Returns the refusal of a code that is known without being asked for."""
    outcome, scope, usual = _CODES[code]
    return Refused(outcome, scope, reason or usual, code=code)


def _meaning(
    status: int, headers: Mapping[str, str], body: Any, code: int, *, sending: bool
) -> tuple[Outcome, Scope, str, float | None]:
    if status >= 500 or status < 300:  # also 200 with something else than Discord's answer
        return *unclear(sending=sending), f"Discord answered {status}", None
    if status == 401:
        return "permanent", "lane", "Discord refuses DISCORD_BOT_TOKEN; reset it under Bot and set the new one", None
    if status == 429:
        return _limited(headers, body)
    if code == BLOCKED:
        return "not_accepted", "lane", "Discord shuts this address out", _seconds(headers, body) or SHUT_OUT
    if not isinstance(body, dict):
        shut_out = status == FORBIDDEN
        reason = "Discord's shield shuts this address out" if shut_out else "somebody else answers for Discord"
        return "not_accepted", "lane", reason, _seconds(headers, body) or (SHUT_OUT if shut_out else ELSEWHERE)
    outcome, scope, reason = _CODES.get(code, ("permanent", "message", "Discord does not take it"))
    return outcome, scope, reason, FULL if outcome == "not_accepted" else None


def unclear(*, sending: bool) -> tuple[Outcome, Scope]:
    """Returns what it means that nothing is known of a request but that it was sent."""
    return ("ambiguous", "message") if sending else ("not_accepted", "place")


def _limited(headers: Mapping[str, str], body: Any) -> tuple[Outcome, Scope, str, float | None]:
    seconds = _seconds(headers, body)
    if "Via" not in headers or not isinstance(body, dict):
        return "not_accepted", "lane", "Discord's shield lets no request of this address pass", seconds or SHUT_OUT
    if body.get("global") or headers.get("X-RateLimit-Scope") == "global":
        return "not_accepted", "lane", "Discord lets the bot send nothing for a while", seconds
    return "not_accepted", "place", "Discord lets nothing more be sent there for a while", seconds


def _seconds(headers: Mapping[str, str], body: Any) -> float | None:
    """Returns after how many seconds it may be tried again: the body has it more exactly."""
    for told in (body.get("retry_after") if isinstance(body, dict) else None, headers.get("Retry-After")):
        try:
            return float(told or "")
        except (TypeError, ValueError):
            continue
    return None
