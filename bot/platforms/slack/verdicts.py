"""What Slack's answer to a post means, or that there was none; the only place that classes it.

Sources: docs.slack.dev/reference/methods/chat.postMessage and docs.slack.dev/apis/web-api/rate-limits. Of
`fatal_error` and `internal_error` Slack says that "some aspect of the operation" may have succeeded; it says no such
thing of `service_unavailable`, but that comes from in front of what does the work, and may come too late.
"""

import re
from typing import Any, Literal, NamedTuple

from aiohttp import ClientConnectorError, ClientHttpProxyError, ConnectionTimeoutError
from slack_sdk.errors import SlackApiError

from bot.platforms.slack.limited import TOO_MANY
from bot.platforms.slack.sending import needed, reason
from bot.publishing import DeliveryError

USUAL_WAIT = 30.0
"""Seconds to wait where Slack limits us and does not say for how long."""

SERVER_ERROR, CLIENT_ERROR = 500, 400
_OF_THE_MESSAGE = {400, 413}
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]+)?")
_NO_LONGER_KNOWN = "account_inactive invalid_auth not_authed token_expired token_revoked"


class _Verdict(NamedTuple):
    """Is what a word of Slack's means: see `DeliveryError`."""

    outcome: Literal["permanent", "not_accepted", "ambiguous"]
    scope: Literal["message", "place", "lane"]
    reason: str
    words: str


_VERDICTS = (
    _Verdict(
        "permanent", "lane",
        "Slack refuses SLACK_BOT_TOKEN; copy the Bot User OAuth Token anew from OAuth & Permissions of the app",
        f"{_NO_LONGER_KNOWN} not_allowed_token_type",
    ),
    _Verdict(
        "permanent", "lane",
        "the app lacks the scope {needed}; add it under OAuth & Permissions of the app and install that anew",
        "missing_scope",
    ),
    _Verdict(
        "permanent", "lane",
        "the workspace does not let the app in; ask one of its admins",
        "accesslimited app_access_restricted enterprise_is_restricted two_factor_setup_required",
    ),
    _Verdict(
        "permanent", "lane",
        "this is not how Slack takes messages; check SLACK_API_URL and update briefbot",
        "deprecated_endpoint method_deprecated unknown_method",
    ),
    _Verdict(
        "permanent", "place",
        "the bot is not in the channel; invite it there with /invite",
        "access_denied no_permission not_in_channel",
    ),
    _Verdict(
        "permanent", "place",
        "there is no such channel, or it is private and the bot is not in it; invite it there with /invite",
        "channel_not_found",
    ),
    _Verdict("permanent", "place", "the channel is archived; unarchive it or choose another", "is_archived"),
    _Verdict("permanent", "place", "Slack lets no app post to a conversation of this kind; choose another",
             "channel_type_not_supported"),
    _Verdict(
        "permanent", "place",
        "a rule of the workspace keeps the bot from posting there; ask one of its admins, or choose another channel",
        "ekm_access_denied restricted_action restricted_action_non_threadable_channel"
        " restricted_action_read_only_channel restricted_action_thread_only_channel",
    ),
    _Verdict(
        "permanent", "place",
        "the thread is gone, or takes no more replies; choose the channel or another thread",
        "cannot_reply_to_message restricted_action_thread_locked thread_not_found",
    ),
    _Verdict(
        "permanent", "place",
        "this person takes no direct messages of the bot any more; choose a channel",
        "cannot_dm_bot user_disabled user_not_found user_not_visible",
    ),
    _Verdict(
        "permanent", "place",
        "the app takes no direct messages; switch on the Messages Tab under App Home of the app",
        "messages_tab_disabled",
    ),
    _Verdict("permanent", "place", "the app is not installed in that workspace; install it there",
             "team_access_not_granted team_not_found"),
    _Verdict("not_accepted", "lane", "the workspace is being moved to an organisation; wait until that is done",
             "org_login_required team_added_to_org"),
    _Verdict("not_accepted", "message", "Slack received only a part of the message", "request_timeout"),
    _Verdict("not_accepted", "place", "Slack wants fewer messages in this channel", "rate_limited ratelimited"),
    _Verdict("not_accepted", "lane", "Slack wants fewer messages in this workspace", "message_limit_exceeded"),
    _Verdict("ambiguous", "message", "Slack failed, and may have taken the message all the same",
             "fatal_error internal_error service_unavailable"),
)  # fmt: skip
_BY_WORD = {word: verdict for verdict in _VERDICTS for word in verdict.words.split()}
_LIMITED = {"message_limit_exceeded", "rate_limited", "ratelimited"}
_ABOUT_THE_MESSAGE = _Verdict("permanent", "message", "Slack refuses this very message", "")


def verdict(error: Exception) -> DeliveryError:
    """Returns what it means for a message that sending it ended in an error of the SDK's or of its HTTP client's."""
    if isinstance(error, ClientConnectorError | ConnectionTimeoutError | ClientHttpProxyError):
        return DeliveryError("not_accepted", "lane", f"Slack cannot be reached ({type(error).__name__})")
    if not isinstance(error, SlackApiError):
        kind = type(error).__name__
        return DeliveryError("ambiguous", "message", f"Slack's answer was lost, or was none ({kind})")
    status, word = _status(error), reason(error)
    if status == TOO_MANY:
        return _said(_BY_WORD[word if word in _LIMITED else "ratelimited"], error)
    if status >= SERVER_ERROR:
        return _said(_BY_WORD["internal_error"], error)
    if not word.startswith("HTTP "):
        return _said(_BY_WORD.get(word, _ABOUT_THE_MESSAGE), error)
    if status in _OF_THE_MESSAGE:
        return _said(_ABOUT_THE_MESSAGE, error)
    if status >= CLIENT_ERROR:
        return DeliveryError("not_accepted", "lane", f"something before Slack refuses its requests ({word})")
    return DeliveryError("ambiguous", "message", f"Slack's answer cannot be read ({word})")


def meaning(word: str) -> str:
    """Returns what a word of Slack's for why it takes no message means, with the way out after a semicolon."""
    return f"{_BY_WORD.get(word, _ABOUT_THE_MESSAGE).reason} ({word})"


def untold(error: Exception) -> DeliveryError | None:
    """Returns why it could not be looked for a message now; None where Slack does not let us look for it at all."""
    known = verdict(error)
    said = reason(error) if isinstance(error, SlackApiError) else ""
    if known.outcome == "permanent" and said not in _NO_LONGER_KNOWN.split():
        return None
    failed = isinstance(error, SlackApiError) and _status(error) >= SERVER_ERROR
    scope: Literal["place", "lane"] = "lane" if failed or known.scope == "lane" else "place"
    return DeliveryError("not_accepted", scope, f"it cannot be looked for now: {known.reason}", known.retry_after)


def shut(error: Exception) -> DeliveryError:
    """Returns why Slack lets nothing in, where it was asked no more than who we are."""
    known = verdict(error)
    if known.outcome == "ambiguous":
        kind = reason(error) if isinstance(error, SlackApiError) else type(error).__name__
        return DeliveryError("not_accepted", "lane", f"Slack does not answer as it should ({kind})")
    return DeliveryError(known.outcome, "lane", known.reason, known.retry_after)


def _said(known: _Verdict, error: SlackApiError) -> DeliveryError:
    word = reason(error)
    why = f"{known.reason.format(needed=needed(error) or 'chat:write')} ({word})"
    limited = word in _LIMITED or _status(error) == TOO_MANY
    return DeliveryError(known.outcome, known.scope, why, _retry_after(error) if limited else None)


def _retry_after(error: SlackApiError) -> float:
    """Returns for how many seconds Slack wants to be left alone."""
    headers: Any = getattr(error.response, "headers", None) or {}
    said = str(headers.get("Retry-After", "")).strip()
    return float(said) if _SECONDS.fullmatch(said) else USUAL_WAIT


def _status(error: SlackApiError) -> int:
    """Returns the HTTP status of an answer, which is elsewhere where the SDK could not read its body."""
    response: Any = error.response
    return int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
