"""A fake Slack that really works, on loopback: an independent second opinion on how an app gets along with Slack.

    with FakeSlack() as slack:
        channel = slack.do(slack.channel("general", ["U0ANNA"]))
        ...  # an app connects to slack.api_url with slack.bot_token and slack.app_token
        asked = slack.do(slack.command("U0ANNA", channel, "/company", "Tencent"))
        slack.do(slack.until(asked.messages))
        assert slack.objections == []

It runs on a thread of its own. What is `async` must run there, by `slack.do(...)`; everything else may be called from
anywhere.
"""

import asyncio
import threading
import time
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from aiohttp import web

from tests.fakes.slack_api import WebApi
from tests.fakes.slack_faults import Faults, Kind, reset
from tests.fakes.slack_people import People
from tests.fakes.slack_records import Asked, Message, View
from tests.fakes.slack_respond import ResponseUrls

__all__ = ["Asked", "FakeSlack", "Message", "View"]

USUAL_SCOPES = frozenset({"commands", "chat:write", "app_mentions:read", "im:history", "users:read"})
PATIENCE = 60.0

Result = TypeVar("Result")


class FakeSlack(People):
    """The server, and what can be done to its connections."""

    def __init__(self, scopes: frozenset[str] = USUAL_SCOPES) -> None:
        super().__init__(scopes)
        self._faults = Faults()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake Slack", daemon=True)
        self._runner: web.AppRunner | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self.do(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def do(self, action: Coroutine[Any, Any, Result]) -> Result:
        """Does something on the loop of the fake and returns what came of it."""
        return asyncio.run_coroutine_threadsafe(action, self._loop).result(timeout=PATIENCE)

    async def _start(self) -> None:
        api, responses = WebApi(self, self._faults), ResponseUrls(self, self._faults)
        app = web.Application(client_max_size=4 * 2**20)
        app.router.add_route("*", "/api/{method}", api.serve)
        app.router.add_post("/respond/{secret}", responses.serve)
        app.router.add_get("/link/", self.sockets.serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.origin = f"http://{host}:{port}"
        self.http.session = aiohttp.ClientSession()

    async def _stop(self) -> None:
        await self.finish()
        await self.sockets.end()
        if self.http.session is not None:
            await self.http.session.close()
        if self._runner is not None:
            await self._runner.cleanup()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def fault(self, where: str, kind: Kind, times: int = 1, **options: Any) -> None:
        """Lets the next calls of a method, or of "response_url", go wrong in some way; see `Fault` for the options."""
        self._faults.add(where, kind, times, **options)

    @property
    def connections(self) -> int:
        """How many connections something would arrive on."""
        return len(self.sockets.hearing)

    @property
    def connected_times(self) -> list[float]:
        """When each connection was made, by the monotonic clock."""
        return list(self.sockets.connected_times)

    async def refresh(self, index: int | None = None, *, after: float = 0.3) -> None:
        """Asks the app to connect anew, sends nothing more on the old connection and closes it a moment later."""
        await self.sockets.refresh(index, after=after)

    async def warn(self, index: int | None = None) -> None:
        """Announces a refresh."""
        await self.sockets.warn(index)

    async def close(self, index: int | None = None, *, code: int = 1000) -> None:
        """Closes connections properly."""
        for connection in self.sockets.chosen(index):
            await connection.socket.close(code=code)

    async def abort(self, index: int | None = None, *, after_delivering: str | None = None) -> None:
        """Cuts connections, at once or right after an envelope of this type ("any": of any type) went out."""
        for connection in self.sockets.chosen(index):
            connection.abort_after = after_delivering
            if after_delivering is None:
                reset(connection.transport)

    async def go_deaf(self, index: int | None = None) -> None:
        """Leaves connections open, but neither sends, nor answers, nor reads on them any more."""
        for connection in self.sockets.chosen(index):
            connection.deaf = True

    def refuse_connections(self, times: int = 0, seconds: float = 0.0) -> None:
        """Refuses so many connections, or all for so long."""
        self.sockets.refusals = times
        self.sockets.refusing_until = time.monotonic() + seconds
