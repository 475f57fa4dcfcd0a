"""The composition root: settings to a wired program; the only file that knows everybody."""

import asyncio
import sys
from contextlib import suppress

from bot.answer import Answers
from bot.knowledge_folder import KnowledgeFolder
from bot.ports import Platform
from bot.settings import Settings


async def run(settings: Settings) -> None:
    """Serves every platform that is on until it ends; without any token that is the terminal.

    Raises:
        InvalidKnowledge: the knowledge folder cannot be used.
    """
    from bot.platforms.terminal.adapter import Terminal

    folder = KnowledgeFolder(settings.knowledge)
    terminal: Platform = Terminal(sys.stdin, sys.stdout, settings.data_dir / "history")
    watching = asyncio.create_task(folder.watch())
    try:
        await terminal.serve(Answers(lambda: folder.current))
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
