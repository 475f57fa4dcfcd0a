"""A load balancer on loopback: as a Service of Kubernetes does, it passes requests by turns to who is ready."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import aiohttp
from aiohttp import web

from tests.fakes.loopback import Loopback

PROBED = 0.25
"""Seconds after which it is asked again who is ready."""


class Balancer(Loopback):
    """Passes requests on to addresses of this machine, each of which has another at which it tells whether it is ready.

    It asks nobody twice: a request that is not taken is lost.
    """

    def __init__(self, processes: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._processes = processes
        self._ready: list[str] = []
        self._turn = 0
        self._session: aiohttp.ClientSession | None = None
        self._probing: asyncio.Task[None] | None = None

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
        assert self._session
        if not self._ready:
            return web.Response(status=503)
        self._turn += 1
        url = f"http://{self._ready[self._turn % len(self._ready)]}{request.path}"
        async with self._session.post(url, data=await request.read(), headers=request.headers) as answer:
            kind = answer.headers.get("Content-Type", "text/plain")
            return web.Response(status=answer.status, body=await answer.read(), headers={"Content-Type": kind})
