"""The composition root: settings to a program that serves and delivers."""

import asyncio
import logging
import os
import signal
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Any

from bot.admission import Admission
from bot.answer import Answers
from bot.commands import names_outside
from bot.delivering import deliver_always, engine_of, take_up
from bot.delivery.engine import Engine
from bot.desk.desk import StoreDesk
from bot.knowledge_folder import KnowledgeFolder
from bot.platforms import limits
from bot.ports import Platform, Receive, TokenRefused, Turns
from bot.settings import InvalidSettings, Settings
from bot.store.opening import open_store
from bot.store.values import StoreUnavailable
from bot.subscribing.rights import Rights
from bot.wiring import Wiring

log = logging.getLogger("briefbot.app")


async def run(settings: Settings, *, terminal: bool) -> None:
    """Serves every platform that is on until it ends, and the terminal where it is wanted.

    A platform that refuses its token is left out, and the others go on.

    Raises:
        InvalidKnowledge: the knowledge folder cannot be used.
        TokenRefused: no platform is left.
        InvalidSettings: the address for HTTP cannot be listened at.
        StoreUnavailable: the database cannot be used.
        InvalidSubscriptions: the declared file cannot be used.
    """
    folder = KnowledgeFolder(settings.knowledge)
    admission = Admission()
    routes: dict[str, Receive] = {}
    on = Wiring(settings)

    def answers(platform: Platform) -> Answers:
        names = names_outside(limits(platform.name).RESERVED)
        desk = _desk(settings, engine, platform.name) if engine else None
        return Answers(lambda: folder.current, names=names, admission=admission, desk=desk)

    async with AsyncExitStack() as stack:
        watching = asyncio.create_task(folder.watch())
        stack.push_async_callback(_ended, watching)
        engine = await _engine(settings, folder, on, stack, terminal=terminal)
        platforms = list(on.platforms(routes, lambda name: _seat(engine, name), terminal=terminal))
        delivering = _delivering(settings, engine, on, stack) if engine else []
        serving = [asyncio.create_task(_served(p, answers(p), alone=len(platforms) == 1)) for p in platforms]
        for task in serving:
            stack.push_async_callback(_ended, task)
        await _listen(settings, routes, stack)
        ending_on_sigterm([*serving, *delivering])
        await asyncio.wait(serving, return_when=asyncio.FIRST_EXCEPTION)
        refusals = [error for task in serving if task.done() and (error := task.result())]
    if len(refusals) == len(platforms):
        raise refusals[0]


async def _engine(
    settings: Settings, folder: KnowledgeFolder, on: Wiring, stack: AsyncExitStack, *, terminal: bool
) -> Engine | None:
    """Opens the store for an engine; in a terminal alone answers are given without one, too."""
    try:
        store = await stack.enter_async_context(open_store(settings.database))
        engine = engine_of(settings, store, lambda: folder.current, on.publishers(terminal=terminal))
        await take_up(settings, engine)
    except StoreUnavailable as error:
        if settings.platforms:
            raise
        log.warning("there are no digests", extra={"reason": str(error)})
        return None
    return engine


def _delivering(settings: Settings, engine: Engine, on: Wiring, stack: AsyncExitStack) -> list[asyncio.Task[None]]:
    """Begins to deliver, but not into a pipe."""
    if not settings.platforms and not on.is_attended:
        return []
    task = asyncio.create_task(deliver_always(settings, engine))
    stack.push_async_callback(_ended, task)
    return [task]


def _desk(settings: Settings, engine: Engine, platform: str) -> StoreDesk:
    """Returns where a platform's people ask for digests; whoever sits at the terminal owns it."""

    def soon() -> None:
        engine.soon()  # set anew whenever delivering begins

    rights = Rights() if platform == "terminal" else Rights(settings.allowed)
    return StoreDesk(engine.store, engine.now, soon, rights)


def _seat(engine: Engine | None, name: str) -> Turns | None:
    """Returns what lets one process of several do something; SQLite has but one."""
    if engine is None or engine.store.engine.dialect.name != "postgresql":
        return None
    from bot.operating.seat import Seat

    return Seat(engine.store, name, engine.now).turn


async def _served(platform: Platform, core: Answers, *, alone: bool) -> TokenRefused | None:
    """Serves a platform; returns why it lets us in no longer, if so, and ends quietly where it is told to end."""
    try:
        await platform.serve(core)
    except TokenRefused as refused:
        if not alone:
            log.error("%s; the other platforms go on", refused)
        return refused
    except asyncio.CancelledError:
        pass
    return None


async def _listen(settings: Settings, routes: Mapping[str, Receive], stack: AsyncExitStack) -> None:
    if routes:
        from bot.http import listening

        try:
            await stack.enter_async_context(listening(*settings.listen_address, routes))
        except OSError as error:
            reason = f"BRIEFBOT_LISTEN: {settings.listen} cannot be listened at: {os.strerror(error.errno or 0)}"
            raise InvalidSettings(f"{reason}; give another address") from None


def ending_on_sigterm(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Has SIGTERM end the platforms, which finish what they are answering, and the deliveries."""

    def end() -> None:
        for task in tasks:
            task.cancel()

    with suppress(NotImplementedError):  # Windows has no such signals
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)


async def _ended(task: asyncio.Task[Any]) -> None:
    if not task.cancelling():  # or what it does before it ends would be cut off
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task
