"""What is wrong with the knowledge, told to its curator."""

import typer

from knowledge import InvalidKnowledge

MOST_TOLD = 200


def tell(invalid: InvalidKnowledge) -> None:
    """Prints the problems on standard error, 200 at most, and their number."""
    for problem in invalid.problems[:MOST_TOLD]:
        typer.echo(str(problem), err=True)
    number = len(invalid.problems)
    if number > MOST_TOLD:
        typer.echo(f"... and {number - MOST_TOLD:,} more", err=True)
    typer.echo(f"{number:,} problem{'s'[: number > 1]} in the knowledge; nothing was loaded.", err=True)
