"""The command that answers one command."""

from typing import Annotated

import typer

from bot.cli.asked import FORMS, Misused, answer
from bot.cli.folder import Folder


def ask(
    line: Annotated[str, typer.Argument(help='A command, such as "/help".')],
    form: Annotated[str, typer.Option("--as", help=f"The form of the answer: {', '.join(FORMS)}.")] = "text",
    page: Annotated[int | None, typer.Option(min=1, help="One page of the answer.")] = None,
    *,
    all_pages: Annotated[bool, typer.Option("--all", help="The whole answer, as JSON is anyway.")] = False,
    folder: Folder = None,
) -> None:
    """Answer one command: status 0 answered, 1 unknown name, 2 unknown command or missing argument."""
    try:
        status = answer(line, form, page, all_pages=all_pages, folder=folder)
    except Misused as misused:
        raise typer.BadParameter(str(misused)) from None
    raise typer.Exit(status)
