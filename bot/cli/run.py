"""The command that serves."""

import asyncio
import logging
import os
import sys
from typing import Annotated

import typer

from bot.cli.folder import Folder, settings_with
from bot.log import prepare_logging
from bot.settings.names import near_misses

log = logging.getLogger("briefbot")


def run(
    folder: Folder = None,
    *,
    terminal: Annotated[bool, typer.Option("--terminal", help="Answer here too, beside the platforms.")] = False,
) -> None:
    """Answer and post digests on every platform whose token is set; without any, at a prompt or from a pipe."""
    from bot.app import run as serve

    settings = settings_with(folder)
    terminal = terminal or not settings.platforms
    prepare_logging(settings.log_level, settings.data_dir if terminal else None, settings.secrets)
    for warning in near_misses(os.environ):
        log.warning(warning)
    try:
        asyncio.run(serve(settings, terminal=terminal))
    except BrokenPipeError:  # whoever read the answers has left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
