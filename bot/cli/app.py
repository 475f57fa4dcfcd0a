"""The command line as typer parses it."""

import gc
from typing import Annotated

import typer

from bot.cli.commands import Commands

app = typer.Typer(
    cls=Commands,
    help="Curated, cited briefings about companies and themes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _begin(
    context: typer.Context,
    *,
    version_: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if context.invoked_subcommand != "ask":
        gc.enable()
    if version_:
        from importlib.metadata import version

        typer.echo(f"briefbot {version('briefbot')}")
        raise typer.Exit
