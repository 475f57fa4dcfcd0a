"""The composition root: settings to a wired program; the only file that knows everybody."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, suppress

from bot.admission import Admission
from bot.answer import Answers
from bot.commands import names_outside
from bot.knowledge_folder import KnowledgeFolder
from bot.platforms import limits
from bot.ports import Platform, Receive, TokenRefused
from bot.settings import InvalidSettings, Settings

log = logging.getLogger("briefbot.app")


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
        watching = asyncio.create_task(folder.watch())
        stack.push_async_callback(_ended, watching)
        serving = [asyncio.create_task(_served(p, answers(p), alone=len(platforms) == 1)) for p in platforms]
        for task in serving:
            stack.push_async_callback(_ended, task)
        await _listen(settings, routes, stack)
        _end_on_sigterm(serving)
        await asyncio.wait(serving, return_when=asyncio.FIRST_EXCEPTION)
        refusals = [error for task in serving if task.done() and (error := task.result())]
    if len(refusals) == len(platforms):
        raise refusals[0]


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


def _end_on_sigterm(serving: list[asyncio.Task[TokenRefused | None]]) -> None:
    """Has SIGTERM end the platforms, which finish what they are answering."""

    def end() -> None:
        for task in serving:
            task.cancel()

    with suppress(NotImplementedError):  # Windows has no such signals
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)


async def _ended(task: asyncio.Task[object]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
