"""A server on loopback with a thread and a loop of its own, for fakes that tests and other processes use together."""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

PATIENCE = 60.0

Result = TypeVar("Result")


class Loopback:
    """Runs a web application while its context lasts; what is `async` runs on its loop, by `do`."""

    origin = ""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=type(self).__name__, daemon=True)
        self._runner: web.AppRunner | None = None

    async def application(self) -> web.Application:
        """Returns what is served."""
        raise NotImplementedError

    async def close_connections(self) -> None:
        """Ends what would keep the server from ending."""

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
        return self.begin(action).result(timeout=PATIENCE)

    def begin(self, action: Coroutine[Any, Any, Result]) -> "Future[Result]":
        """Does something on the loop of the fake, and does not wait for it."""
        return asyncio.run_coroutine_threadsafe(action, self._loop)

    async def _start(self) -> None:
        self._runner = web.AppRunner(await self.application(), access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.origin = f"http://{host}:{port}"

    async def _stop(self) -> None:
        await self.close_connections()
        if self._runner is not None:
            await self._runner.cleanup()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def reset(transport: asyncio.BaseTransport | None) -> None:
    """Cuts a connection so that the other side sees a reset, not an end."""
    if isinstance(transport, asyncio.Transport) and not transport.is_closing():
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
