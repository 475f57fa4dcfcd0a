"""Signed requests to the app, as Slack sends them where there is no Socket Mode."""

import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import aiohttp

from tests.fakes.slack_records import Answer
from tests.fakes.slack_texts import Payload
from tests.fakes.slack_workspace import Workspace

AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"
FORM = "application/x-www-form-urlencoded"


def signed_headers(secret: str, body: bytes, content_type: str, timestamp: int | None = None) -> dict[str, str]:
    """Returns the headers of a request that Slack signs."""
    moment = str(int(time.time()) if timestamp is None else timestamp)
    digest = hmac.new(secret.encode(), b"v0:" + moment.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": content_type,
        "User-Agent": AGENT,
        "X-Slack-Request-Timestamp": moment,
        "X-Slack-Signature": f"v0={digest}",
    }


class SignedHttp:
    """Posts to the app and reads what it answers."""

    def __init__(self, slack: Workspace) -> None:
        self._slack = slack
        self.session: aiohttp.ClientSession | None = None

    async def deliver(self, url: str, kind: str, payload: Payload, *, attempt: int = 0, reason: str = "") -> Answer:
        """Sends a command, an interaction or an event, and waits for the answer."""
        retry = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason} if attempt else {}
        if kind == "events_api":
            body, content_type = json.dumps(payload).encode(), "application/json"
        else:
            form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
            body, content_type = urlencode(form).encode(), FORM
        return await self.send(url, body, content_type, retry)

    async def send(self, url: str, body: bytes, content_type: str, more: dict[str, str]) -> Answer:
        """Posts one signed body."""
        assert self.session is not None
        headers = signed_headers(self._slack.signing_secret, body, content_type) | more
        sent = time.monotonic()
        limit = aiohttp.ClientTimeout(total=self._slack.ack_within)
        try:
            async with self.session.post(
                url, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                text = await response.text()
        except TimeoutError:
            return Answer(delivered=True, reason="http_timeout")
        except aiohttp.ClientConnectorError:
            return Answer(delivered=False, reason="connection_failed")
        except aiohttp.ClientError:
            return Answer(delivered=True, reason="http_error")
        if response.status != 200:
            return Answer(delivered=True, body=text, status=response.status, reason="http_error")
        after = time.monotonic() - sent
        return Answer(delivered=True, after=after, body=_body(response.content_type, text), status=200)


def _body(content_type: str, text: str) -> Payload | str | None:
    if content_type == "application/json" and text:
        parsed = json.loads(text)
        return parsed if isinstance(parsed, dict) else text
    return text or None
