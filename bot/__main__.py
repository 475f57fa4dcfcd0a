"""The command line; the only place that reads the environment."""

import asyncio
import os
import sys
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from bot.log import prepare_logging
from bot.settings import InvalidSettings, Settings, read_settings
from knowledge import InvalidKnowledge, load

UNUSABLE = 3
"""Exit status where settings or knowledge cannot be used, or an answer failed by our fault."""
MOST_TOLD = 200
_STATUS = {"answered": 0, "unknown": 1, "misused": 2, "failed": UNUSABLE}

app = typer.Typer(
    help="Curated, cited briefings about companies and themes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Folder = Annotated[Path | None, typer.Option("--knowledge", help="Folder of *.yaml files.", show_default=False)]


class Form(StrEnum):
    """Names the forms in which `ask` prints an answer."""

    TEXT = "text"
    JSON = "json"


@app.callback(invoke_without_command=True)
def _version(*, version_: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version_:
        typer.echo(f"briefbot {version('briefbot')}")
        raise typer.Exit


@app.command()
def run(folder: Folder = None) -> None:
    """Answer on every platform that is configured; without any, at a prompt or from a pipe."""
    from bot.app import run as serve

    settings = _settings(folder)
    prepare_logging(settings.log_level, settings.data_dir)
    asyncio.run(serve(settings))


@app.command()
def ask(
    line: Annotated[str, typer.Argument(help='A command, such as "/help".')],
    form: Annotated[Form, typer.Option("--as", help="The form of the answer.")] = Form.TEXT,
    page: Annotated[int | None, typer.Option(min=1, help="One page of the answer.")] = None,
    *,
    all_pages: Annotated[bool, typer.Option("--all", help="The whole answer, as JSON is anyway.")] = False,
    folder: Folder = None,
) -> None:
    """Answer one command: status 0 answered, 1 unknown name, 2 unknown command or missing argument."""
    from bot.answer import Answers
    from bot.platforms.terminal.render import BUDGET
    from briefings.paginate import page_at, paginate

    if page and all_pages:
        raise typer.BadParameter("--page and --all exclude each other; give one of them")
    settings = _settings(folder)
    prepare_logging(settings.log_level, settings.data_dir)
    knowledge = load(settings.knowledge)
    reply = asyncio.run(Answers(lambda: knowledge).answer_line(line))
    document = reply.document
    wanted = page or reply.page
    if not all_pages and (page or reply.page > 1 or form is Form.TEXT):
        pages = paginate(document, BUDGET)
        if wanted > len(pages):
            raise typer.BadParameter(f"page {wanted}: this answer has {len(pages)}; give one of those, or --all")
        document = page_at(pages, wanted)
    if form is Form.JSON:
        from briefings.document_json import to_json

        typer.echo(to_json(document))
    else:
        from bot.platforms.terminal.screen import Screen

        Screen(sys.stdout).show(document)
    raise typer.Exit(_STATUS[reply.outcome])


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="Folder of *.yaml files.", show_default=False)] = None,
) -> None:
    """Check the knowledge: every problem and warning with its place; status 1 if there is a problem."""
    try:
        knowledge = load(_settings(folder).knowledge)
    except InvalidKnowledge as invalid:
        _tell(invalid)
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


def _settings(folder: Path | None) -> Settings:
    return read_settings({"knowledge": folder} if folder else {})


def _tell(invalid: InvalidKnowledge) -> None:
    for problem in invalid.problems[:MOST_TOLD]:
        typer.echo(str(problem), err=True)
    number = len(invalid.problems)
    if number > MOST_TOLD:
        typer.echo(f"... and {number - MOST_TOLD:,} more", err=True)
    typer.echo(f"{number:,} problem{'s'[: number > 1]} in the knowledge; nothing was loaded.", err=True)


def main() -> None:
    """Runs the command line; whatever cannot be used is said on standard error, without a traceback."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.reconfigure(errors="surrogateescape" if stream is sys.stdin else "replace")  # type: ignore[union-attr]
    try:
        app()
    except InvalidKnowledge as invalid:
        _tell(invalid)
        sys.exit(UNUSABLE)
    except InvalidSettings as invalid:
        typer.echo(str(invalid), err=True)
        sys.exit(UNUSABLE)
    except BrokenPipeError:
        # The reader left, as `| head` does; Python would complain once more at its exit without this.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
