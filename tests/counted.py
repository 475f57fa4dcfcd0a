"""The real program that also tells how many tasks its loop has: `python -m tests.counted run`, told in `TASKS`."""

import asyncio
import os
from pathlib import Path

import bot.app
from bot.__main__ import main
from bot.settings import Settings

EVERY = 1.0
_serve = bot.app.run


async def _told(file: Path) -> None:
    while True:
        file.write_text(str(len(asyncio.all_tasks()) - 1))
        await asyncio.sleep(EVERY)


async def run(settings: Settings, *, terminal: bool) -> None:
    """Serves as the program does, and writes the number of its tasks down each second."""
    telling = asyncio.create_task(_told(Path(os.environ["TASKS"])))
    try:
        await _serve(settings, terminal=terminal)
    finally:
        telling.cancel()


if __name__ == "__main__":
    bot.app.run = run
    main()
