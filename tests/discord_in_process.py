"""The adapter for Discord in the process of the test, with a clock and a core of the test's."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path

from bot.admission import Admission
from bot.answer import Answers
from bot.desk.desk import StoreDesk
from bot.platforms.discord.adapter import Discord
from bot.platforms.discord.sessions import Sessions
from bot.platforms.discord.state import State
from bot.ports import Core
from bot.store.opening import open_store
from tests.builders import TODAY, airships
from tests.fakes.discord import FakeDiscord

KNOWN = airships()
NOW = datetime(2033, 6, 15, 6, tzinfo=UTC)


class FastClock:
    """Is a clock on which a day passes in a minute and a half, with a sleep to match."""

    def __init__(self, speed: float = 1_000) -> None:
        self._begin, self._speed = time.monotonic(), speed

    def now(self) -> float:
        return 1_800_000_000 + (time.monotonic() - self._begin) * self._speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)


class InProcess:
    """Runs the adapter on a thread of its own, with a clock and a core of the test's, which may have to be opened."""

    def __init__(
        self,
        discord: FakeDiscord,
        folder: Path,
        clock: FastClock,
        core: Core | AbstractAsyncContextManager[Core] | None = None,
    ) -> None:
        state = State(folder / "discord.json")
        self._adapter = Discord(discord.token, state, discord.api_url, sessions=Sessions(state, clock.now, clock.sleep))
        core = core or Answers(lambda: KNOWN, lambda: TODAY, admission=unhurried())
        self._core = core if isinstance(core, AbstractAsyncContextManager) else nullcontext(core)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._serve())
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))

    async def _serve(self) -> None:
        async with self._core as core:
            await self._adapter.serve(core)

    def __enter__(self) -> "InProcess":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(60)
        self._loop.close()


def unhurried() -> Admission:
    """Returns an admission that lets nobody wait."""
    return Admission(lambda: time.monotonic() * 1_000)


@asynccontextmanager
async def core(folder: Path, kind: type[Answers] = Answers, admission: Admission | None = None) -> AsyncIterator[Core]:
    """Gives a core that keeps subscriptions in a folder, on a morning in June."""
    async with open_store(f"sqlite:///{folder}/briefbot.db") as store:
        yield kind(lambda: KNOWN, lambda: TODAY, None, admission or unhurried(), StoreDesk(store, lambda: NOW))
