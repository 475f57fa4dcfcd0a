"""What those commands of the command line share that work on the store."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from bot.log import prepare_logging
from bot.settings import Settings, read_settings
from bot.store.values import WrongState

if TYPE_CHECKING:
    from bot.store.opening import Store

T = TypeVar("T")
UNKNOWN = 1
"""Exit status where nothing goes by a name or an id, or a person said no."""

USED_WRONGLY = 2
"""Exit status where what was asked for cannot be done."""

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; do it.")]


def prepared() -> Settings:
    """Returns the settings, and has logs written by them.

    Raises:
        InvalidSettings: something cannot be used.
    """
    settings = read_settings()
    prepare_logging(settings.log_level, settings.data_dir, settings.secrets)
    return settings


def on_store(does: "Callable[[Store], Awaitable[T]]") -> T:
    """Does something with the store of the settings; what is no longer in a state for it ends the program, named."""
    settings = prepared()
    try:
        return asyncio.run(_opened(settings, does))
    except WrongState as wrong:
        ended(str(wrong), USED_WRONGLY)


def agreed(question: str, *, yes: bool) -> None:
    """Asks a person at a terminal, and ends the program unless they agree; elsewhere only `yes` does."""
    if yes:
        return
    if not sys.stdin.isatty():
        ended("nothing is changed, for nobody can be asked here; add --yes", USED_WRONGLY)
    if not typer.confirm(question):
        ended("nothing is changed", UNKNOWN)


def ended(reason: str, status: int) -> NoReturn:
    """Ends the program, and says why on standard error.

    Raises:
        Exit: always.
    """
    typer.echo(reason, err=True)
    raise typer.Exit(status) from None


async def _opened(settings: Settings, does: "Callable[[Store], Awaitable[T]]") -> T:
    from bot.store.opening import open_store

    async with open_store(settings.database) as store:
        return await does(store)
