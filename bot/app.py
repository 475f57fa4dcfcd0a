"""The composition root: settings to a program that serves and delivers."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from bot.admission import Admission
from bot.answer import Answers
from bot.commands import names_outside
from bot.delivering import deliver_always, engine_of, take_up
from bot.delivery.engine import Engine
from bot.desk.desk import StoreDesk
from bot.knowledge_folder import KnowledgeFolder
from bot.platforms import limits
from bot.ports import Platform, Receive, TokenRefused, Turns
from bot.settings import Settings
from bot.store.opening import open_store
from bot.store.unavailable import StoreUnavailable
from bot.subscribing.rights import Rights
from bot.tally import Tally
from bot.wiring import Wiring

if TYPE_CHECKING:
    from bot.operating.health import Health

log = logging.getLogger("briefbot.app")
T = TypeVar("T")
Beat = Callable[[], Awaitable[object]]
LAST = 8.5
"""Seconds after SIGTERM in which the process ends; those who asked for it wait for 10."""


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
    admission, tally = Admission(), Tally()
    routes: dict[str, Receive] = {}
    on = Wiring(settings, tally)

    def answers(platform: Platform) -> Answers:
        names = names_outside(limits(platform.name).RESERVED)
        desk = _desk(settings, engine, platform.name) if engine else None
        return Answers(
            lambda: folder.current, names=names, admission=admission, desk=desk, platform=platform.name, tally=tally
        )

    async with AsyncExitStack() as stack:
        _begun(folder.watch(), stack)
        engine = await _engine(settings, folder, on, stack, tally, terminal=terminal)
        platforms = list(on.platforms(routes, lambda name: _seat(engine, name), terminal=terminal))
        health = await _health(settings, folder, engine, platforms, stack, tally) if engine else None
        delivering = _delivering(settings, engine, on, stack, health.beat if health else None) if engine else []
        alone = len(platforms) == 1
        serving = {one.name: _begun(_served(one, answers(one), alone=alone), stack) for one in platforms}
        await _listen(settings, routes, stack)
        if health:
            health.serves(serving)
        ending_on_sigterm([*serving.values(), *delivering])
        await asyncio.wait(serving.values(), return_when=asyncio.FIRST_EXCEPTION)
        refusals = [error for task in serving.values() if task.done() and (error := task.result())]
    if len(refusals) == len(platforms):
        raise refusals[0]


async def _engine(
    settings: Settings, folder: KnowledgeFolder, on: Wiring, stack: AsyncExitStack, tally: Tally, *, terminal: bool
) -> Engine | None:
    """Opens the store for an engine; in a terminal alone answers are given without one, too."""
    try:
        store = await stack.enter_async_context(open_store(settings.database))
        publishers = on.publishers(terminal=terminal)
        engine = engine_of(settings, store, lambda: folder.current, publishers, tally=tally)
        await take_up(settings, engine)
    except StoreUnavailable as error:
        if settings.platforms:
            raise
        log.warning("there are no digests", extra={"reason": str(error)})
        return None
    return engine


async def _health(
    settings: Settings,
    folder: KnowledgeFolder,
    engine: Engine,
    platforms: Sequence[Platform],
    stack: AsyncExitStack,
    tally: Tally,
) -> "Health | None":
    """Begins to watch the platforms, and to tell how they are; a terminal alone is watched by whoever sits there."""
    if not settings.platforms:
        return None
    from bot.operating.health import Health

    health = Health(settings, folder, engine, platforms, tally)
    await stack.enter_async_context(health.told())
    return health


def _delivering(
    settings: Settings, engine: Engine, on: Wiring, stack: AsyncExitStack, beat: Beat | None
) -> list[asyncio.Task[None]]:
    """Begins to deliver, but not into a pipe."""
    if not settings.platforms and not on.is_attended:
        return []
    return [_begun(deliver_always(settings, engine, beat), stack)]


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
        from bot.http import listened

        await stack.enter_async_context(
            listened("BRIEFBOT_LISTEN", settings.listen_address, routes, "give another address")
        )


def ending_on_sigterm(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Has SIGTERM end the platforms, which finish what they are answering, and the deliveries."""

    def end() -> None:
        leaving_at_last(LAST)
        for task in tasks:
            task.cancel()

    with suppress(NotImplementedError):  # Windows has no such signals
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)


def _begun(does: Coroutine[Any, Any, T], stack: AsyncExitStack) -> asyncio.Task[T]:
    """Begins something that ends with the stack."""
    task = asyncio.create_task(does)
    stack.push_async_callback(_ended, task)
    return task


def leaving_at_last(seconds: float) -> None:
    """Has the process end in so many seconds whatever it waits for, such as a database that does not answer.

    What is under way then is as it is after a crash: looked for before it is sent again.
    """

    def leave() -> None:
        log.warning("the end was waited for in vain; what is under way is looked for at the next start")
        os._exit(0)

    last = threading.Timer(seconds, leave)
    last.daemon = True
    last.start()


async def _ended(task: asyncio.Task[Any]) -> None:
    if not task.cancelling():  # or what it does before it ends would be cut off
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task
