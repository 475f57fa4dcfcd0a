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

import time
from typing import Any

import aiohttp
from aiohttp import web

from tests.fakes.loopback import Loopback, reset
from tests.fakes.slack_api import WebApi
from tests.fakes.slack_faults import Faults, Kind
from tests.fakes.slack_people import People
from tests.fakes.slack_records import Asked, Message, View
from tests.fakes.slack_respond import ResponseUrls

__all__ = ["Asked", "FakeSlack", "Message", "View"]

USUAL_SCOPES = frozenset({"commands", "chat:write", "app_mentions:read", "im:history", "users:read"})


class FakeSlack(Loopback, People):
    """The server, and what can be done to its connections."""

    def __init__(self, scopes: frozenset[str] = USUAL_SCOPES) -> None:
        Loopback.__init__(self)
        People.__init__(self, scopes)
        self.faults = Faults()

    async def application(self) -> web.Application:
        """Returns the Web API, the addresses to answer at, and Socket Mode."""
        self.http.session = aiohttp.ClientSession()
        api, responses = WebApi(self, self.faults), ResponseUrls(self, self.faults)
        app = web.Application(client_max_size=4 * 2**20)
        app.router.add_route("*", "/api/{method}", api.serve)
        app.router.add_post("/respond/{secret}", responses.serve)
        app.router.add_get("/link/", self.sockets.serve)
        return app

    async def close_connections(self) -> None:
        """Ends deliveries and cuts connections."""
        await self.finish()
        await self.sockets.end()
        if self.http.session is not None:
            await self.http.session.close()

    def fault(self, where: str, kind: Kind, times: int = 1, **options: Any) -> None:
        """Lets the next calls of a method, or of "response_url", go wrong in some way; see `Fault` for the options."""
        self.faults.add(where, kind, times, **options)

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
