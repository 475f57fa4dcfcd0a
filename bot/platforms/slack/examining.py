"""What a doctor looks at in Slack: whether the app is let in, may do what it has to, and reaches its places."""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.findings import Finding, clock, not_tried, ok, trouble, wrong
from bot.platforms.slack import limits
from bot.platforms.slack.lookup import person_left, shut
from bot.platforms.slack.manifest import OPTIONAL_SCOPES, SCOPES
from bot.platforms.slack.sending import TIMEOUT, needed, reason, retry_handlers
from bot.platforms.slack.tokens import refusal, socket_url
from bot.platforms.slack.verdicts import meaning, verdict
from bot.ports import TokenRefused

MOST_PLACES = 40
"""Places that are asked for: Slack lets some fifty be in a minute."""

GRANT = "add it under OAuth & Permissions of the app, and install that anew"
Now = Callable[[], datetime]


async def examine(
    bot_token: str, app_token: str, api_url: str, places: Mapping[str, str], now: Now
) -> AsyncIterator[Finding]:
    """Yields how the app stands; `places` are those that it posts to, each with whose it is.

    Nothing is sent and nothing is connected to: of Socket Mode only the address is asked for.
    """
    client = AsyncWebClient(bot_token, api_url, timeout=TIMEOUT, retry_handlers=retry_handlers())
    asked = now()
    try:
        answer: Any = await client.auth_test()
        known, headers = answer.data, answer.headers
    except Exception as error:  # an answer that cannot be read is none
        yield _not_let_in(error, api_url)
        for finding in _clock(getattr(getattr(error, "response", None), "headers", {}), asked, now()):
            yield finding
        yield not_tried("Slack's scopes and places", "Slack does not let us in", "mend that first")
        return
    for finding in (_introduced(known), *_clock(headers, asked, now()), *_scopes(headers)):
        yield finding
    yield await _app_token(client, app_token)
    for place, whose in list(places.items())[:MOST_PLACES]:
        yield await _place(client, place, whose, str(known.get("team_id") or ""))
    if len(places) > MOST_PLACES:
        yield not_tried("Slack's other places", f"{len(places) - MOST_PLACES} more than Slack lets be asked at once")
    yield not_tried(
        "Slack's manifest",
        "Slack shows an app's manifest only to its owners",
        "compare `briefbot manifest slack` with App Manifest at api.slack.com/apps",
    )


def _not_let_in(error: Exception, api_url: str) -> Finding:
    if isinstance(error, SlackApiError):
        refused = refusal("SLACK_BOT_TOKEN", reason(error))
        return trouble("SLACK_BOT_TOKEN", str(refused or verdict(error).reason).removeprefix("SLACK_BOT_TOKEN: "))
    way_out = f"see that this machine can reach {api_url}, through its firewall"
    return trouble("Slack", verdict(error).reason, way_out)


def _introduced(known: Mapping[str, Any]) -> Finding:
    where = f"{known.get('user')} in {known.get('team')} ({known.get('team_id')})"
    if not known.get("bot_id"):
        way_out = "copy the Bot User OAuth Token (xoxb-...) from OAuth & Permissions"
        return wrong("SLACK_BOT_TOKEN", f"it is a person's, not a bot's: {where}", way_out)
    return ok("SLACK_BOT_TOKEN", f"a bot's: {where}")


def _clock(headers: Mapping[str, str], asked: datetime, answered: datetime) -> Iterator[Finding]:
    try:
        there = parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return
    between = (answered - asked).total_seconds()
    yield clock("Slack", (there - asked).total_seconds(), between + 1)


def _scopes(headers: Mapping[str, str]) -> Iterator[Finding]:
    if "x-oauth-scopes" not in headers:
        yield not_tried("Slack's scopes", "Slack did not say which are granted", "see OAuth & Permissions of the app")
        return
    granted = {scope.strip() for scope in headers["x-oauth-scopes"].split(",")}
    missing = [scope for scope in SCOPES if scope not in granted]
    for scope in missing:
        yield wrong(f"Slack's scope {scope}", f"it is not granted; it is for {SCOPES[scope]}", GRANT)
    if not missing:
        yield ok("Slack's scopes", f"all {len(SCOPES)} that are needed are granted")
    for scopes, loss in OPTIONAL_SCOPES.items():
        left_out = [scope for scope in scopes.split(", ") if scope not in granted]
        if left_out:
            yield ok(f"Slack's scope {', '.join(left_out)}", f"optional, and not granted: {loss}")


async def _app_token(client: AsyncWebClient, app_token: str) -> Finding:
    if not app_token:
        way_out = "compare it with Basic Information of the app"
        return not_tried("SLACK_SIGNING_SECRET", "Slack confirms it to nobody", way_out)
    try:
        await socket_url(client, app_token)
    except TokenRefused as refused:
        return trouble("SLACK_APP_TOKEN", str(refused).removeprefix("SLACK_APP_TOKEN: "))
    except Exception as error:  # an answer that cannot be read is none
        return trouble("SLACK_APP_TOKEN", verdict(error).reason)
    return ok("SLACK_APP_TOKEN", "Socket Mode would let us in")


async def _place(client: AsyncWebClient, place: str, whose: str, team: str) -> Finding:
    about = f"{place} ({whose})"
    found = re.fullmatch(f"slack:{limits.PLACE}", place, re.ASCII)
    if found is None:
        return wrong(about, "it is no place of Slack's", "choose another one")
    if team.startswith("T") and found["workspace"] != team:
        return wrong(about, f"it is in another workspace than the token's, {team}", "set that workspace's token")
    try:
        return await _reached(client, about, found["channel"], found["thread"] or "")
    except SlackApiError as error:
        if reason(error) == "missing_scope":
            return not_tried(about, f"Slack tells of it only with the scope {needed(error)}", f"{GRANT}, if it matters")
        return not_tried(about, verdict(error).reason, "ask again in a minute")
    except Exception as error:  # an answer that cannot be read is none
        return trouble(about, verdict(error).reason)


async def _reached(client: AsyncWebClient, about: str, channel: str, thread: str) -> Finding:
    if channel.startswith("@"):
        if await person_left(client, channel[1:]):
            return trouble(about, meaning("user_not_found"))
        return ok(about, "they are there; whether they take direct messages shows when one is sent")
    word = await shut(client, channel, thread)
    return trouble(about, meaning(word)) if word else ok(about, "the bot can post there")
