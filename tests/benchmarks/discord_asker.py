"""A Discord that asks as fast as it is answered: commands over the Gateway, answered by callbacks.

The first command goes through the fake in full, which checks the answer; the others are copies of it, for the fake's
own work must not be seen in how long an answer takes.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from itertools import cycle
from time import perf_counter

from aiohttp import web

from tests.benchmarks.served import START, Took
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord_records import Payload

PEOPLE = 100
Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


class AskingDiscord(FakeDiscord):
    """Lets people ask for one and the same briefing; `latest` is the answer that came last."""

    def __init__(self) -> None:
        super().__init__()
        self.latest = b""
        self.answer_within = START  # this machine may be busy
        self._people = cycle([self.user(f"person {number}") for number in range(PEOPLE)])
        self._asked: Payload = {}
        self._answer: web.StreamResponse = web.Response()
        self._waiting: dict[str, asyncio.Future[float]] = {}

    async def application(self) -> web.Application:
        """Returns the application of the fake, which takes the answers to copies in short."""
        app = await super().application()
        app.middlewares.append(self._taken)
        return app

    async def first(self) -> None:
        """Sends the command that the others are copies of.

        Raises:
            AssertionError: the fake objects to the answer.
        """
        user = next(self._people)
        channel = await self.channel(await self.guild("square", [user]), "square")
        asked = await self.command(user, channel, "company", {"name": "zephyr"})
        if asked.error or self.objections:
            raise AssertionError(f"{asked.error} {self.objections}")
        self._asked = asked.payload

    async def over_gateway(self) -> Took:
        """Sends a command over the Gateway, and waits until it is answered."""
        id_, member = self.new_id(), self._asked["member"]
        member |= {"user": member["user"] | {"id": next(self._people)}}
        waiting = self._waiting[id_] = asyncio.get_running_loop().create_future()
        (session,) = self.gateway.sessions.values()
        began = perf_counter()
        more = {"id": id_, "token": secrets.token_urlsafe(90), "member": member}
        session.tell("INTERACTION_CREATE", self._asked | more)
        took = await waiting - began
        return Took(took, took)

    @web.middleware
    async def _taken(self, request: web.Request, handler: Handle) -> web.StreamResponse:
        if not request.path.endswith("/callback"):
            return await handler(request)
        self.latest = await request.read()
        waiting = self._waiting.pop(request.path.split("/")[-3], None)
        if waiting is None:
            self._answer = await handler(request)
            return self._answer
        waiting.set_result(perf_counter())
        return self._like_the_first()

    def _like_the_first(self) -> web.Response:
        first = self._answer
        assert isinstance(first, web.Response)
        headers = {name: value for name, value in first.headers.items() if name.startswith(("X-", "Via"))}
        if first.body is None:
            return web.Response(status=first.status, headers=headers)
        return web.Response(status=first.status, body=first.body, content_type=first.content_type, headers=headers)
