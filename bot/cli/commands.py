"""The commands of the command line, each imported with its first use."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

_HOMES = {
    "run": "run",
    "ask": "ask",
    "check": "check",
    "manifest": "manifest",
    "settings": "settings",
    "doctor": "doctor",
    "deliver": "digests",
    "rehearse": "digests",
    "backup": "operations",
    "restore": "operations",
    "erase": "operations",
    "export": "operations",
    "deliveries": "digests",
    "subscriptions": "subscriptions",
}
"""The module in which each is, in the order of the help."""


class Commands(TyperGroup):
    """Holds all commands; `ask` does not wait for the import of what the others need."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = dict.fromkeys(_HOMES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  typer's own signature
        """Returns a command, or None where there is none of that name."""
        if cmd_name not in _HOMES:
            return None
        found = getattr(import_module(f"bot.cli.{_HOMES[cmd_name]}"), cmd_name)
        alone = typer.Typer()
        if isinstance(found, typer.Typer):
            alone.add_typer(found, name=cmd_name)
        else:
            alone.command(cmd_name)(found)
        return typer.main.get_group(alone).commands[cmd_name]
