"""The option that names the knowledge, and the settings with it."""

from pathlib import Path
from typing import Annotated

import typer

from bot.settings import Settings, read_settings

Folder = Annotated[Path | None, typer.Option("--knowledge", help="Folder of *.yaml files.", show_default=False)]


def settings_with(folder: Path | None) -> Settings:
    """Returns the settings, with the folder of the knowledge where it was given.

    Raises:
        InvalidSettings: something cannot be used.
    """
    return read_settings({"knowledge": folder} if folder else {})
