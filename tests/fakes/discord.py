"""A fake Discord that really works, on loopback: an independent second opinion on how a bot gets along with Discord.

    with FakeDiscord() as discord_:
        anna = discord_.user("Anna")
        guild = discord_.do(discord_.guild("Airfield", [anna]))
        channel = discord_.do(discord_.channel(guild, "general"))
        ...  # a bot connects to discord_.api_url with discord_.token and registers its commands
        asked = discord_.do(discord_.command(anna, channel, "company", {"name": "Tencent"}))
        discord_.do(discord_.until(asked.messages))
        assert discord_.objections == []

It runs on a thread of its own. What is `async` must run there, by `discord_.do(...)`; everything else may be called
from anywhere.
"""

import time
from typing import Any

from aiohttp import web

from tests.fakes.discord_answers import Answers
from tests.fakes.discord_application import Application
from tests.fakes.discord_channels import Channels
from tests.fakes.discord_faults import Faults, Kind
from tests.fakes.discord_limits import Limits
from tests.fakes.discord_people import People
from tests.fakes.discord_posting import Posting
from tests.fakes.discord_records import Asked, Message, Modal, Request
from tests.fakes.discord_rest import Rest
from tests.fakes.discord_sessions import INVALID_SESSION, REASONS, RECONNECT
from tests.fakes.loopback import Loopback, reset

__all__ = ["Asked", "FakeDiscord", "Message", "Modal"]


class FakeDiscord(Loopback, People):
    """The server, and what can be done to its connections."""

    def __init__(self, guilds: int = 1, shards: int = 1) -> None:
        Loopback.__init__(self)
        People.__init__(self, guilds, shards)
        self.limits = Limits(clock=lambda: self.clock())
        self.faults = Faults()

    async def application(self) -> web.Application:
        """Returns the REST API and the Gateway."""
        rest, posting = Rest(self, self.faults, self.limits), Posting(self)
        Application(self, rest.routes)
        Channels(self, posting, rest.routes)
        Answers(self, posting, rest.routes)
        app = web.Application(client_max_size=26 * 2**20)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_get(self.gateway.resume_path, self.gateway.serve)
        app.router.add_route("*", "/api/v10/{path:.*}", rest.serve)
        return app

    async def close_connections(self) -> None:
        """Cuts the Gateway's connections."""
        for connection in list(self.gateway.all):
            reset(connection.transport)

    def fault(self, where: str, kind: Kind, times: int = 1, **options: Any) -> None:
        """Lets the next calls of a route, or of "callback" or "webhook", go wrong; see `Fault` for the options."""
        self.faults.add(where, kind, times, **options)

    def calls(self, route: str = "", status: int = 0) -> list[Request]:
        """Returns the calls of a route such as "POST /channels/{id}/messages", and with a status, of all if not given."""
        found = [one for one in list(self.requests) if route in ("", f"{one.method} {one.path}")]
        return [one for one in found if status in (0, one.status)]

    @property
    def connections(self) -> int:
        """How many shards something would arrive on."""
        return sum(session.hears for session in list(self.gateway.sessions.values()))

    async def reconnect(self, shard: int | None = None) -> None:
        """Asks a shard, or all, to connect anew and resume."""
        for connection in self.gateway.chosen(shard):
            connection.put({"op": RECONNECT, "d": None})

    async def invalidate(self, shard: int | None = None, resumable: bool = False) -> None:
        """Tells a shard, or all, that its session is not valid; one that is not resumable is forgotten."""
        for connection in self.gateway.chosen(shard):
            if connection.session is not None and not resumable:
                self.gateway.sessions.pop(connection.session.id, None)
                connection.session.connection, connection.session = None, None
            connection.put({"op": INVALID_SESSION, "d": resumable})

    async def close(self, shard: int | None = None, code: int = 4000) -> None:
        """Closes the connection of a shard, or all, with a code; the session can be resumed if the code lets it."""
        for connection in self.gateway.chosen(shard):
            connection.ended_with = code if code >= 4000 else 0
            await connection.socket.close(code=code, message=REASONS.get(code, "").encode())

    async def abort(self, shard: int | None = None) -> None:
        """Cuts the connection of a shard, or all."""
        for connection in self.gateway.chosen(shard):
            reset(connection.transport)

    async def go_deaf(self, shard: int | None = None, *, wholly: bool = False) -> None:
        """Leaves connections open but says nothing on them any more; wholly deaf, it does not even let them be closed."""
        for connection in self.gateway.chosen(shard):
            connection.deaf, connection.wholly_deaf = True, wholly

    def refuse_connections(self, times: int = 0, seconds: float = 0.0, status: int = 503) -> None:
        """Refuses so many connections to the Gateway, or all for so long."""
        self.gateway.refusals, self.gateway.refusing_with = times, status
        self.gateway.refusing_until = time.monotonic() + seconds
