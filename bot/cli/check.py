"""The command that checks the knowledge."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.folder import settings_with
from bot.cli.problems import tell
from bot.cli.reader import end_with_the_reader
from knowledge import InvalidKnowledge, load, proposed_pinyin


def check(
    folder: Annotated[Path | None, typer.Argument(help="Folder of *.yaml files.", show_default=False)] = None,
) -> None:
    """Check the knowledge: every problem and warning with its place; status 1 if there is a problem."""
    end_with_the_reader()
    try:
        knowledge = load(settings_with(folder).knowledge, proposed_pinyin)
    except InvalidKnowledge as invalid:
        tell(invalid)
        raise typer.Exit(1) from None
    for warning in knowledge.warnings:
        typer.echo(f"warning: {warning}")
    counts = ", ".join(
        f"{len(records)} {name}"
        for name, records in (
            ("companies", knowledge.companies),
            ("themes", knowledge.themes),
            ("sources", knowledge.sources),
            ("claims", knowledge.claims),
        )
    )
    typer.echo(f"{counts}: no problem, {len(knowledge.warnings)} to look at.")
