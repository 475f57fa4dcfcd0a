"""Digests as part of the whole program: settings to an engine, a pass, a rehearsal."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TextIO

from bot.clock import Clock
from bot.commands import names_outside
from bot.delivery import rehearsing
from bot.delivery.engine import Engine
from bot.delivery.lane import LONGEST_LOOK
from bot.delivery.running import deliver_by, deliver_once, ready
from bot.delivery.shelf import Shelf
from bot.platforms import PLATFORMS, limits, renderer
from bot.publishing import Post, Publisher
from bot.settings import Settings
from bot.store import subscriptions
from bot.store.opening import Store, open_store, sqlite_file
from bot.store.unavailable import StoreUnavailable
from bot.store.values import State
from bot.subscribing.declared import reconcile
from bot.subscribing.holidays_of import holiday_on
from bot.tally import Tally
from bot.wiring import Wiring
from knowledge import Knowledge, load

log = logging.getLogger("briefbot.delivery")
PATIENCE = 15.0
"""Seconds within which a single pass waits for what is to go on: long enough to look for what may have arrived."""

AGAIN = 30.0
"""Seconds after which it is tried again to deliver where something was in the way."""

MOST_TOLD = 5
"""Ways in which digests ended that are told of a rehearsal."""


def utc_now() -> datetime:
    """Returns the current instant."""
    return datetime.now(UTC)


def names_of_commands() -> Mapping[str, Mapping[str, str]]:
    """Returns by platform what commands are called there, if not by their own names."""
    return {name: names_outside(limits(name).RESERVED) for name in PLATFORMS}


def engine_of(
    settings: Settings,
    store: Store,
    knowledge: Callable[[], Knowledge],
    publishers: Mapping[str, Publisher],
    linger: float = LONGEST_LOOK,
    tally: Tally | None = None,
) -> Engine:
    """Returns an engine for the platforms that are on; it keeps a lane that has to go on within `linger` seconds."""
    shelf = Shelf(store, knowledge)
    names = names_of_commands()
    return Engine(
        store,
        shelf,
        publishers,
        utc_now,
        names=names,
        operators=settings.operators,
        linger=linger,
        tally=tally or Tally(),
    )


async def take_up(settings: Settings, engine: Engine) -> None:
    """Takes up the knowledge, then brings subscriptions in step with the declared file, if there is one.

    Raises:
        StoreUnavailable: the store cannot be used.
        InvalidSubscriptions: the declared file cannot be used.
    """
    await engine.shelf.refresh(engine.now())  # first: what a new subscription finds is its archive, not news
    if settings.subscriptions:
        await reconcile(engine.store, engine.shelf.knowledge, settings.subscriptions, engine.now())
    if any(one.holidays for one in await subscriptions.everywhere(engine.store)):
        await asyncio.to_thread(holiday_on, "CN", engine.now().date())  # the calendars take a while to be imported


async def deliver_always(
    settings: Settings, engine: Engine, beat: Callable[[], Awaitable[object]] | None = None
) -> None:
    """Delivers until cancelled; waits, and says so once, while another process delivers or the store is away.

    `beat` is done each minute while it delivers.
    """
    told = ""
    while True:
        try:
            async with ready(engine, sqlite_file(settings.database)):
                log.debug("digests are posted from here", extra={"owner": engine.owner})
                told = ""
                await deliver_by(Clock(), engine, beat)
        except StoreUnavailable as error:
            if str(error) != told:
                log.warning("no digests are posted from here", extra={"reason": str(error)})
            told = str(error)
        except Exception:
            log.exception("delivering has ended by a fault of ours; it begins anew")
        await asyncio.sleep(AGAIN)


async def deliver(settings: Settings) -> None:
    """Posts what is due now.

    Raises:
        InvalidKnowledge: the knowledge folder cannot be used.
        StoreUnavailable: the database cannot be used, or another process delivers from it.
        InvalidSubscriptions: the declared file cannot be used.
    """
    knowledge = load(settings.knowledge)
    async with open_store(settings.database) as store:
        engine = engine_of(
            settings, store, lambda: knowledge, Wiring(settings).publishers(terminal=True), linger=PATIENCE
        )
        await take_up(settings, engine)
        async with ready(engine, sqlite_file(settings.database)):
            await deliver_once(engine)


async def rehearse(settings: Settings, period: tuple[datetime, datetime], stdout: TextIO) -> None:
    """Prints what would be posted in a period, and last what became of all digests; nothing is sent or changed.

    Raises:
        InvalidKnowledge: the knowledge folder cannot be used.
        StoreUnavailable: the database cannot be read.
    """
    from bot.platforms.terminal.screen import Screen

    knowledge, screen = load(settings.knowledge), Screen(stdout)

    def show(at: datetime, post: Post) -> None:
        stdout.write(f"--- {at:%A %Y-%m-%d %H:%M} UTC, {post.place}\n")
        screen.show(post.page)

    budgets = {name: renderer(name).BUDGET for name in PLATFORMS}
    ended = await rehearsing.rehearse(settings.database, knowledge, budgets, names_of_commands(), period, show)
    stdout.write(f"{_summed(ended)}\n")


def _summed(ended: Sequence[tuple[State, str, int]]) -> str:
    """Returns how many digests would be due, and what would become of them, the commonest first."""
    number = sum(count for _, _, count in ended)
    if not number:
        return "No digest would be due."
    told = [f"{count} {state}{f' ({reason})' if reason else ''}" for state, reason, count in ended[:MOST_TOLD]]
    more = sum(count for _, _, count in ended[MOST_TOLD:])
    return f"{number} would be due: {', '.join([*told, *([f'{more} others'] if more else [])])}."
