"""How the process is, told to probes, people and monitoring over HTTP, and by heartbeats.

It answers whoever reaches it, so it listens on loopback unless told otherwise.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

from bot.delivery.engine import Engine
from bot.http import listened
from bot.knowledge_folder import KnowledgeFolder
from bot.operating.figures import Census
from bot.operating.heartbeat import Heartbeat
from bot.operating.metrics import exposition
from bot.operating.status import Status, looking
from bot.operating.watching import Watch
from bot.ports import HttpRequest, HttpResponse, Platform, Receive
from bot.settings import Settings
from bot.tally import Tally

Look = Callable[[], Awaitable[Status]]


class Health:
    """Watches the platforms of a process; `beat` is to be called each minute, where a heartbeat is wanted."""

    def __init__(
        self,
        settings: Settings,
        folder: KnowledgeFolder,
        engine: Engine,
        platforms: Collection[Platform],
        tally: Tally,
    ) -> None:
        self._settings = settings
        self._tally = tally
        self._watch = Watch(platforms, engine.now)
        self._census = Census(engine.store, engine.publishers, engine.now)
        self.look = looking(folder, self._watch, self._census.figures, engine.now)
        self._serving: Mapping[str, asyncio.Task[object]] = {}
        url = settings.heartbeat_url
        self.beat = Heartbeat(url.get_secret_value(), self.look, tally).beat if url else None

    @asynccontextmanager
    async def told(self) -> AsyncIterator[None]:
        """Gives the context in which it watches, and answers over HTTP unless that is off.

        Raises:
            InvalidSettings: the address cannot be listened at.
        """
        async with AsyncExitStack() as stack:
            watching = asyncio.create_task(self._watch.watch())
            stack.push_async_callback(self._ended, watching)
            if self._settings.health_address:
                routes = health_routes(self.look, self._tally, self.unready)
                way_out = "give another address and port, or off"
                await stack.enter_async_context(
                    listened("BRIEFBOT_HEALTH_LISTEN", self._settings.health_address, routes, way_out, "GET")
                )
            yield

    def serves(self, tasks: Mapping[str, asyncio.Task[object]]) -> None:
        """Takes the tasks that serve the platforms, by name, once all that they need is there."""
        self._serving = tasks
        for name, task in tasks.items():
            task.add_done_callback(partial(self._over, name))

    def _over(self, name: str, _: object) -> None:
        self._watch.ended(name)

    def unready(self) -> str:
        """Returns why no command can be answered here now; empty where one can."""
        if not self._serving:
            return "starting"
        if all(task.done() or task.cancelling() for task in self._serving.values()):
            return "ending"
        return ""

    async def _ended(self, watching: asyncio.Task[None]) -> None:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await self._census.close()


def health_routes(look: Look, tally: Tally, unready: Callable[[], str]) -> Mapping[str, Receive]:
    """Returns what answers each path; `unready` tells why no command can be answered here, empty where one can.

    Digests and the database make no probe fail: a process started anew would post them no sooner.
    """

    async def alive(_: HttpRequest) -> HttpResponse:
        return HttpResponse(200, "ok\n")

    async def ready(_: HttpRequest) -> HttpResponse:
        reason = unready()
        return HttpResponse(503, f"{reason}\n") if reason else HttpResponse(200, "ok\n")

    async def status(_: HttpRequest) -> HttpResponse:
        told = json.dumps((await look()).values(), ensure_ascii=False, indent=2)
        return HttpResponse(200, f"{told}\n", "application/json")

    async def metrics(_: HttpRequest) -> HttpResponse:
        return HttpResponse(200, exposition(tally, await look()))

    return {"/healthz": alive, "/readyz": ready, "/status": status, "/metrics": metrics}
