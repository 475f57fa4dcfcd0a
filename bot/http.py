"""The HTTP server: answers requests of known paths, within bounds of size, time and number."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal, cast

from aiohttp import hdrs, web

from bot.ports import HttpRequest, Receive
from bot.settings import InvalidSettings

log = logging.getLogger("briefbot.http")
Method = Literal["GET", "POST"]
MOST_BODY = 1024 * 1024
MOST_CONNECTIONS = 1_000
OK = 200
SERVER = "http"
PATIENCE = 10.0
"""Seconds in which a request must have arrived whole; whoever is slower is cut off."""

LAST = 0.5
"""Seconds that a request which is still arriving has when the program ends, twice."""

IDLE = 620.0
"""Seconds that a connection may stay open after a request that was answered well, longer than load balancers keep
theirs (Google's: 600)."""


@asynccontextmanager
async def listening(host: str, port: int, routes: Mapping[str, Receive], method: Method = "POST") -> AsyncIterator[int]:
    """Serves requests of the given paths while the context lasts, and yields the port; port 0 takes a free one.

    Raises:
        OSError: the address cannot be listened on.
    """
    application = web.Application(client_max_size=MOST_BODY)
    for path, receive in routes.items():
        application.router.add_route(method, path, _handler(receive))
    runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=LAST)
    await runner.setup()
    server = cast("web.Server", runner.server)  # there since `setup`
    listener = await asyncio.get_running_loop().create_server(lambda: _Connection(server), host, port)
    bound: int = listener.sockets[0].getsockname()[1]
    log.info("listening", extra={"host": host, "port": bound, "paths": list(routes)})
    try:
        yield bound
    finally:
        listener.close()
        await runner.cleanup()


@asynccontextmanager
async def listened(
    setting: str, at: tuple[str, int], routes: Mapping[str, Receive], way_out: str, method: Method = "POST"
) -> AsyncIterator[int]:
    """Serves as `listening` does, at the address that a setting gives.

    Raises:
        InvalidSettings: the address cannot be listened at.
    """
    host, port = at
    async with AsyncExitStack() as stack:
        try:
            bound = await stack.enter_async_context(listening(host, port, routes, method))
        except OSError as error:
            where, why = f"[{host}]:{port}" if ":" in host else f"{host}:{port}", os.strerror(error.errno or 0)
            raise InvalidSettings(f"{setting}: {where} cannot be listened at: {why}; {way_out}") from None
        yield bound


def _handler(receive: Receive) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        connection = cast("_Connection", request.protocol)
        body = await request.read()
        connection.rest()
        answer = await receive(HttpRequest({k.lower(): v for k, v in request.headers.items()}, body))
        said = web.Response(status=answer.status, text=answer.body, content_type=answer.content_type, charset="utf-8")
        if answer.last:
            said.force_close()
        if answer.status == OK:
            connection.wait(IDLE)
        else:
            connection.wait(PATIENCE)
            said.force_close()  # a stranger holds no connection
        return said

    return handle


class _Connection(web.RequestHandler):
    """Is a connection that is cut when the next request takes too long to arrive, or when there are too many."""

    __slots__ = ("_deadline", "_timer")

    def __init__(self, server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # off
            keepalive_timeout=IDLE,
            auto_decompress=False,  # a signature is over the bytes as they came
        )
        self._deadline: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Starts the clock; a connection too many is closed at once."""
        super().connection_made(transport)
        self.wait(PATIENCE)
        if self._manager and len(self._manager.connections) > MOST_CONNECTIONS:
            self._cut()

    def data_received(self, data: bytes) -> None:
        """Gives a request that begins after a pause the same time as the first."""
        if self._deadline and self._deadline > self._loop.time() + PATIENCE:
            self.wait(PATIENCE)
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stops the clock."""
        if self._timer:
            self._timer.cancel()
        super().connection_lost(exc)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Tells nobody by which versions of what an answer was made."""
        resp.headers[hdrs.SERVER] = SERVER
        return await super().finish_response(request, resp, start_time)

    def wait(self, seconds: float) -> None:
        """Gives the next request so many seconds to arrive."""
        self._deadline = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._deadline:  # one that is early looks again: few are set
            self._look_at(self._deadline)

    def rest(self) -> None:
        """Stops the clock: a request has arrived and is being answered."""
        self._deadline = None

    def _look_at(self, when: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._deadline is None:
            return
        if self._loop.time() < self._deadline:
            self._look_at(self._deadline)
        else:
            self._cut()

    def _cut(self) -> None:
        if self.transport:
            self.transport.abort()
