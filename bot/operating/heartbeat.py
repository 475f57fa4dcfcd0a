"""The heartbeat: a dead man's switch, such as healthchecks.io, raises an alarm when it stops."""

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import urljoin, urlsplit

import aiohttp

from bot.operating.status import Status
from bot.tally import Tally

log = logging.getLogger("briefbot.heartbeat")
TIMEOUT = 10.0
MOST_REDIRECTS = 3
OK, MOVED, ERROR = 200, 300, 400


class Heartbeat:
    """Asks for an address while all is well, and not while anything is in trouble; tells of a change once."""

    def __init__(self, url: str, look: Callable[[], Awaitable[Status]], tally: Tally) -> None:
        self._url = url
        self._look = look
        self._tally = tally
        self._told: tuple[str, ...] = ()

    async def beat(self) -> None:
        """Beats once, or withholds the beat; never raises for what the network does."""
        trouble = (await self._look()).trouble
        if trouble:
            self._tell("withheld", trouble)
            return
        try:
            await self._ask()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            self._tell("failed", (type(error).__name__, str(getattr(error, "status", ""))))
        else:
            self._tell("sent", ())

    async def _ask(self) -> None:
        timeout, url = aiohttp.ClientTimeout(total=TIMEOUT), self._url
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
            for _ in range(MOST_REDIRECTS + 1):
                async with session.get(url, allow_redirects=False) as answer:
                    to = answer.headers.get("Location", "") if MOVED <= answer.status < ERROR else ""
                    if not to:
                        answer.raise_for_status()
                        return
                url = allowed(url, to)
        raise ValueError("too many redirects")

    def _tell(self, outcome: str, why: tuple[str, ...]) -> None:
        self._tally.count("heartbeats", outcome)
        told = (outcome, *why) if outcome == "failed" else (outcome,)
        if told != (self._told or ("sent",)):
            level = logging.INFO if outcome == "sent" else logging.WARNING
            log.log(level, f"the heartbeat is {outcome}", extra={"why": [part for part in why if part]})
        self._told = told


def allowed(url: str, to: str) -> str:
    """Returns where a redirect leads: by HTTP alone, and from https to nothing less.

    Raises:
        ValueError: it leads elsewhere.
    """
    there = urljoin(url, to)
    scheme = urlsplit(there).scheme
    if scheme not in ("http", "https") or (urlsplit(url).scheme, scheme) == ("https", "http"):
        raise ValueError("it redirects to what is no https")
    return there
