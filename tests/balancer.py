"""A load balancer on loopback, which passes requests by turns to the processes that are ready."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import aiohttp
from aiohttp import web

from tests.fakes.loopback import Loopback

UNAVAILABLE = 503
PROBED = 0.25
"""Seconds after which it is asked again who is ready."""


class Balancer(Loopback):
    """Passes requests on to addresses of this machine, each of which has another at which it tells whether it is ready.

    What one refuses or answers with 503 it passes on to another, as proxies do; anything else is lost.
    """

    def __init__(self, processes: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._processes = processes
        self._ready: list[str] = []
        self._turn = 0
        self._session: aiohttp.ClientSession | None = None
        self._probing: asyncio.Task[None] | None = None

    @property
    def ready(self) -> int:
        """How many processes are ready."""
        return len(self._ready)

    async def application(self) -> web.Application:
        """Returns what passes requests on."""
        self._session = aiohttp.ClientSession()
        self._probing = asyncio.create_task(self._probe())
        app = web.Application()
        app.router.add_post("/{path:.*}", self._pass)
        return app

    async def close_connections(self) -> None:
        """Ends those to the processes."""
        if self._probing:
            self._probing.cancel()
        if self._session:
            await self._session.close()

    async def _probe(self) -> None:
        while True:
            self._ready = [address for address, health in self._processes if await self._is_ready(health)]
            await asyncio.sleep(PROBED)

    async def _is_ready(self, health: str) -> bool:
        assert self._session
        with suppress(aiohttp.ClientError, TimeoutError):
            async with self._session.get(f"http://{health}/readyz", timeout=aiohttp.ClientTimeout(1)) as answer:
                return answer.status == 200
        return False

    async def _pass(self, request: web.Request) -> web.Response:
        body = await request.read()
        self._turn += 1
        first = self._turn % max(1, len(self._ready))
        for address in [*self._ready[first:], *self._ready[:first]]:
            with suppress(aiohttp.ClientConnectorError):
                answer = await self._ask(f"http://{address}{request.path}", body, request)
                if answer.status != UNAVAILABLE:
                    return answer
        return web.Response(status=UNAVAILABLE)

    async def _ask(self, url: str, body: bytes, request: web.Request) -> web.Response:
        assert self._session
        async with self._session.post(url, data=body, headers=request.headers) as answer:
            kind = answer.headers.get("Content-Type", "text/plain")
            return web.Response(status=answer.status, body=await answer.read(), headers={"Content-Type": kind})
