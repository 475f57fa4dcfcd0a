"""Rate limits: of each route, of everything together, and of requests that were not in order."""

import hashlib
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from tests.fakes.discord_records import Payload

USUAL_LIMIT = (50, 1.0)
INTERACTIVE = ("/interactions/", "/webhooks/")
"""Calls of these do not count against the limit of all."""


@dataclass(eq=False)
class Bucket:
    """How often a route was called since its window began."""

    limit: int
    seconds: float
    began: float = 0.0
    used: int = 0


@dataclass(eq=False)
class Limits:
    """What is allowed, and what has been used of it; all of it may be set."""

    routes: dict[str, tuple[int, float]] = field(
        default_factory=lambda: {
            "POST /channels/{id}/messages": (5, 5.0),
            "PATCH /channels/{id}/messages/{message_id}": (5, 5.0),
            "POST /channels/{id}/messages/{message_id}/crosspost": (10, 3600.0),
        }
    )
    all_a_second: int = 50
    of_routes: bool = True
    of_all: bool = True
    """Whether these limits are kept; for what is about other things, they can be switched off."""
    clock: Callable[[], float] = time.time
    invalid_most: int = 10_000
    invalid_seconds: float = 600.0
    _buckets: dict[str, Bucket] = field(default_factory=dict)
    _recent: deque[float] = field(default_factory=deque)
    _invalid: deque[float] = field(default_factory=deque)

    def banned(self) -> bool:
        """Whether the address made so many requests that were not in order that Cloudflare lets none through."""
        while self._invalid and self._invalid[0] < self.clock() - self.invalid_seconds:
            self._invalid.popleft()
        return len(self._invalid) >= self.invalid_most

    def note_invalid(self) -> None:
        """Counts a request that was not in order."""
        self._invalid.append(self.clock())

    def over_all(self, path: str) -> float:
        """Counts a call against the limit of all; returns how long to wait if it is one too many."""
        if path.startswith(INTERACTIVE) or not self.of_all:
            return 0.0
        now = self.clock()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= self.all_a_second:
            return self._recent[0] + 1 - now
        self._recent.append(now)
        return 0.0

    def spend(self, route: str, major: str) -> tuple[dict[str, str], float]:
        """Counts a call of a route; returns the headers about it, and how long to wait if it is one too many."""
        if not self.of_routes:
            return {}, 0.0
        limit, seconds = self.routes.get(route, USUAL_LIMIT)
        now, key = self.clock(), f"{route} {major}"
        bucket = self._buckets.get(key)
        if bucket is None or now >= bucket.began + bucket.seconds:
            bucket = self._buckets[key] = Bucket(limit, seconds, now)
        bucket.limit = limit
        left = bucket.began + bucket.seconds - now
        over = bucket.used >= bucket.limit
        bucket.used += not over
        headers = {
            "X-RateLimit-Limit": str(bucket.limit),
            "X-RateLimit-Remaining": str(bucket.limit - bucket.used),
            "X-RateLimit-Reset": f"{self.clock() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": hashlib.md5(route.encode(), usedforsecurity=False).hexdigest(),
        }
        return headers, left if over else 0.0


def too_many(wait: float, scope: str, headers: dict[str, str] | None = None) -> tuple[Payload, dict[str, str]]:
    """Returns body and headers of the answer to a call too many; the scope is user, shared or global."""
    body: Payload = {
        "message": "You are being rate limited.",
        "retry_after": round(wait, 3),
        "global": scope == "global",
    }
    more = {"Retry-After": str(math.ceil(wait)), "X-RateLimit-Scope": scope} | (headers or {})
    if scope == "global":
        body["message"], more["X-RateLimit-Global"] = (
            "You are being blocked from accessing our API temporarily.",
            "true",
        )
    return body, more


def cloudflare(retry_after: float) -> web.Response:
    """Returns the answer of Cloudflare, which stands before Discord and does not say `Via`."""
    headers = {"Retry-After": str(math.ceil(retry_after)), "Server": "cloudflare"}
    return web.Response(status=429, text="error code: 1015", content_type="text/plain", headers=headers)
