"""The command that prints what a platform must be told of this bot."""

import re
from importlib import import_module
from typing import Annotated, Literal

import typer

from bot.platforms import PLATFORMS


def manifest(
    platform: Annotated[Literal["slack"], typer.Argument(help="The platform to register with.")],
    url: Annotated[
        str | None, typer.Option(help="Where Slack reaches this bot over HTTP; without, Socket Mode.")
    ] = None,
) -> None:
    """Print what a platform must be told of this bot, to be pasted there."""
    from bot.commands import MENU, UMBRELLA

    if url is not None and not re.fullmatch(r"https://[^/\s]+/slack/events", url):
        raise typer.BadParameter(f"--url {url}: give https, a host and the path /slack/events")
    registered = import_module(f"{PLATFORMS[platform]}.manifest")
    typer.echo(registered.manifest([command.item for command in MENU], UMBRELLA, url), nl=False)
