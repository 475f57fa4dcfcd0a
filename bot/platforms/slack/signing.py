"""Whether a request over HTTP comes from Slack (docs.slack.dev/authentication/verifying-requests-from-slack)."""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping

OLDEST = 5 * 60
"""Seconds that a request may be old; Slack's own figure."""

AHEAD = 60
"""Seconds that Slack's clock may be ahead of ours."""


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Returns Slack's signature, version 0, of a request's raw body at a Unix time."""
    signed = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return f"v0={signed.hexdigest()}"


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, now: Callable[[], float] = time.time) -> bool:
    """Returns whether headers, in lower case, sign a body with a secret, at a time that is not far from now."""
    timestamp = headers.get("x-slack-request-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return False
    if not -OLDEST <= int(timestamp) - now() <= AHEAD:
        return False
    given = headers.get("x-slack-signature", "").encode("utf-8", "surrogateescape")
    return hmac.compare_digest(signature(secret, timestamp, body).encode(), given)
