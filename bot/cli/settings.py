"""The command that shows what is set."""

from textwrap import fill

import typer

UNUSABLE = 3
"""Exit status where settings cannot be used."""

WIDTH, INDENT = 80, " " * 4


def settings() -> None:
    """Print every setting: what it means, what it is, and where that came from; secrets stay hidden."""
    from bot.settings import read
    from bot.settings.listing import Effect, in_effect

    def told(one: Effect) -> str:
        name = one.setting.variables[0]
        usual = (
            f"; without: {one.setting.usual}" if one.origin not in ("default", "not set") and one.setting.usual else ""
        )
        wrong = "; it cannot be used, see below" if one.is_wrong else ""
        about = (f"{one.origin}{usual}{wrong}", one.setting.meaning)
        lines = (
            fill(
                text,
                WIDTH,
                initial_indent=INDENT,
                subsequent_indent=INDENT,
                break_on_hyphens=False,
                break_long_words=False,
            )
            for text in about
        )
        return "\n".join((f"{name} = {one.value}" if one.value else name, *lines))

    reading = read()
    for one in in_effect(reading):
        typer.echo(told(one))
    for said in (*reading.warnings, *reading.problems):
        typer.echo(said, err=True)
    if reading.problems:
        raise typer.Exit(UNUSABLE)
