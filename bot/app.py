"""The composition root: settings to a wired program; the only file that knows everybody."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from typing import Any, TextIO

from bot.admission import Admission
from bot.answer import Answers
from bot.commands import names_outside
from bot.delivering import deliver_always, delivering, engine_of, names_of_commands
from bot.delivery import rehearsing
from bot.delivery.running import deliver_once
from bot.knowledge_folder import KnowledgeFolder
from bot.platforms import PLATFORMS, limits, renderer
from bot.ports import Platform, Post, Publisher, Receive, TokenRefused
from bot.settings import InvalidSettings, Settings
from bot.store.opening import open_store
from knowledge import load

log = logging.getLogger("briefbot.app")
PATIENCE = 15.0
"""Seconds within which a single pass waits for what is to go on: long enough to look for what may have arrived."""


async def run(settings: Settings, *, terminal: bool) -> None:
    """Serves every platform that is on until it ends, and the terminal where it is wanted.

    A platform that refuses its token is left out, and the others go on.

    Raises:
        InvalidKnowledge: the knowledge folder cannot be used.
        TokenRefused: no platform is left.
        InvalidSettings: the address for HTTP cannot be listened at.
    """
    folder = KnowledgeFolder(settings.knowledge)
    admission = Admission()
    routes: dict[str, Receive] = {}
    platforms = list(_platforms(settings, routes, terminal=terminal))

    def answers(platform: Platform) -> Answers:
        names = names_outside(limits(platform.name).RESERVED)
        return Answers(lambda: folder.current, names=names, admission=admission)

    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings.database))
        engine = engine_of(settings, store, lambda: folder.current, _publishers(settings, terminal=terminal))
        watching = asyncio.create_task(folder.watch())
        stack.push_async_callback(_ended, watching)
        delivering = asyncio.create_task(deliver_always(settings, engine))
        stack.push_async_callback(_ended, delivering)
        serving = [asyncio.create_task(_served(p, answers(p), alone=len(platforms) == 1)) for p in platforms]
        for task in serving:
            stack.push_async_callback(_ended, task)
        await _listen(settings, routes, stack)
        _end_on_sigterm([*serving, delivering])
        await asyncio.wait(serving, return_when=asyncio.FIRST_EXCEPTION)
        refusals = [error for task in serving if task.done() and (error := task.result())]
    if len(refusals) == len(platforms):
        raise refusals[0]


async def deliver(settings: Settings) -> None:
    """Posts what is due now.

    Raises:
        InvalidKnowledge: the knowledge folder cannot be used.
        StoreUnavailable: the database cannot be used, or another process delivers from it.
    """
    knowledge = load(settings.knowledge)
    async with open_store(settings.database) as store:
        engine = engine_of(settings, store, lambda: knowledge, _publishers(settings, terminal=True), linger=PATIENCE)
        async with delivering(settings, engine):
            await deliver_once(engine)


async def rehearse(settings: Settings, period: tuple[datetime, datetime], stdout: TextIO) -> None:
    """Prints what would be posted in a period; nothing is sent or changed.

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
    async with open_store(settings.database) as store:
        await rehearsing.rehearse(store, knowledge, budgets, names_of_commands(), period, show)


def _publishers(settings: Settings, *, terminal: bool) -> dict[str, Publisher]:
    """Returns what posts on the platforms that are on, by name."""
    publishers: list[Publisher] = []
    if settings.slack_bot_token:
        from bot.platforms.slack.publishing import SlackPublisher

        publishers.append(SlackPublisher(settings.slack_bot_token.get_secret_value(), settings.slack_api_url))
    if terminal:
        from bot.platforms.terminal.publishing import TerminalPublisher

        publishers.append(TerminalPublisher(sys.stdout))
    return {publisher.name: publisher for publisher in publishers}


def _platforms(settings: Settings, routes: dict[str, Receive], *, terminal: bool) -> Iterator[Platform]:
    """Yields the platforms that are on, and notes who takes which requests over HTTP."""
    if settings.slack_bot_token:
        from bot.platforms.slack.adapter import Slack

        app_token, signing = settings.slack_app_token, settings.slack_signing_secret
        slack = Slack(
            settings.slack_bot_token.get_secret_value(),
            settings.slack_api_url,
            app_token.get_secret_value() if app_token else "",
            signing.get_secret_value() if signing else "",
        )
        if signing:
            routes["/slack/events"] = slack.receive
        yield slack
    if settings.discord_bot_token:
        from bot.platforms.discord.adapter import Discord
        from bot.platforms.discord.state import State

        yield Discord(
            settings.discord_bot_token.get_secret_value(),
            State(settings.data_dir / "discord.json"),
            settings.discord_api_url,
            settings.discord_gateway_url,
            settings.shards,
        )
    if terminal:
        from bot.platforms.terminal.adapter import Terminal

        yield Terminal(sys.stdin, sys.stdout, settings.data_dir / "history")


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


def _end_on_sigterm(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Has SIGTERM end the platforms, which finish what they are answering, and the deliveries."""

    def end() -> None:
        for task in tasks:
            task.cancel()

    with suppress(NotImplementedError):  # Windows has no such signals
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)


async def _ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
