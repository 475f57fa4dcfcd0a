"""A load balancer on loopback that hands requests to processes by turns, and to another where one does not take them."""

from collections.abc import Sequence

import aiohttp
from aiohttp import web

from tests.fakes.loopback import Loopback

UNAVAILABLE = 503


class Balancer(Loopback):
    """Passes requests on to ports of this machine, as nginx does that may ask the next upstream after a 503."""

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__()
        self._ports = list(ports)
        self._turn = 0
        self._session: aiohttp.ClientSession | None = None

    async def application(self) -> web.Application:
        """Returns what passes requests on."""
        self._session = aiohttp.ClientSession()
        app = web.Application()
        app.router.add_post("/{path:.*}", self._pass)
        return app

    async def close_connections(self) -> None:
        """Ends those to the processes."""
        if self._session:
            await self._session.close()

    async def _pass(self, request: web.Request) -> web.Response:
        assert self._session
        body = await request.read()
        self._turn += 1
        for step in range(len(self._ports)):
            port = self._ports[(self._turn + step) % len(self._ports)]
            url = f"http://127.0.0.1:{port}{request.path}"
            try:
                async with self._session.post(url, data=body, headers=request.headers) as answer:
                    if answer.status != UNAVAILABLE:
                        said = await answer.read()
                        return web.Response(status=answer.status, body=said, headers={"Content-Type": _kind(answer)})
            except aiohttp.ClientConnectorError:
                continue  # nothing was sent
        return web.Response(status=UNAVAILABLE)


def _kind(answer: aiohttp.ClientResponse) -> str:
    return answer.headers.get("Content-Type", "text/plain")
