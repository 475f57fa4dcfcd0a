"""Answers to the address that an interaction carries, its response_url."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import ClientConnectorError, ClientSession

from bot.platforms.slack.limited import TOO_MANY

PAUSES = (0.5, 1.0)
"""Seconds between the attempts to connect."""

LONGEST_WAIT = 5
_JSON = {"Content-Type": "application/json;charset=utf-8"}


async def respond(session: ClientSession, url: str, message: Mapping[str, Any], proxy: str | None) -> tuple[int, str]:
    """Posts a message and returns status and body of what is answered; repeats what Slack certainly did not take.

    The SDK's client for such addresses does the same, at almost twice the cost.

    Raises:
        aiohttp.ClientError, TimeoutError: it is not known whether Slack took it, or it could not be reached.
    """
    raw = json.dumps(message)
    for pause in PAUSES:
        try:
            status, said, wait = await _posted(session, url, raw, proxy)
        except ClientConnectorError:
            wait = pause
        else:
            if wait is None:
                return status, said
        await asyncio.sleep(wait)
    return (await _posted(session, url, raw, proxy))[:2]


async def _posted(session: ClientSession, url: str, raw: str, proxy: str | None) -> tuple[int, str, float | None]:
    async with session.post(url, data=raw, headers=_JSON, proxy=proxy) as answer:
        return answer.status, await answer.text(errors="replace"), short_wait(answer.status, answer.headers)


def short_wait(status: int, headers: Mapping[str, Any]) -> float | None:
    """Returns for how many seconds Slack wants to be left alone, where that is no longer than a reader waits."""
    if status != TOO_MANY:
        return None
    asked = headers.get("retry-after") or headers.get("Retry-After")
    seconds = str(asked[0] if isinstance(asked, list) else asked or "1")
    return float(seconds) if seconds.isdecimal() and int(seconds) <= LONGEST_WAIT else None
