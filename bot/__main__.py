"""The command line; the only place that reads the environment."""

import asyncio
import json
import logging
import os
import re
import signal
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import typer

from bot.cli.digests import deliver, deliveries, rehearse
from bot.cli.doctor import doctor
from bot.cli.operations import backup, erase, export, restore
from bot.cli.settings import settings
from bot.cli.subscriptions import subscriptions
from bot.log import prepare_logging
from bot.platforms import PLATFORMS, limits, renderer
from bot.ports import TokenRefused
from bot.settings import InvalidSettings, Settings, read_settings
from bot.settings.names import near_misses
from bot.store.values import StoreUnavailable
from bot.subscribing.file import InvalidSubscriptions
from briefings.document import Document
from knowledge import InvalidKnowledge, load, proposed_pinyin

log = logging.getLogger("briefbot")
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


FORMS = ("text", "json", *PLATFORMS)
"""The forms in which `ask` prints an answer: to be read, as a document, or as what a platform is sent."""


@app.callback(invoke_without_command=True)
def _version(*, version_: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version_:
        typer.echo(f"briefbot {version('briefbot')}")
        raise typer.Exit


@app.command()
def run(
    folder: Folder = None,
    *,
    terminal: Annotated[bool, typer.Option("--terminal", help="Answer here too, beside the platforms.")] = False,
) -> None:
    """Answer and post digests on every platform whose token is set; without any, at a prompt or from a pipe."""
    from bot.app import run as serve

    settings = _settings(folder)
    terminal = terminal or not settings.platforms
    prepare_logging(settings.log_level, settings.data_dir if terminal else None, settings.secrets)
    for warning in near_misses(os.environ):
        log.warning(warning)
    try:
        asyncio.run(serve(settings, terminal=terminal))
    except BrokenPipeError:  # whoever read the answers has left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.command()
def ask(
    line: Annotated[str, typer.Argument(help='A command, such as "/help".')],
    form: Annotated[str, typer.Option("--as", help=f"The form of the answer: {', '.join(FORMS)}.")] = "text",
    page: Annotated[int | None, typer.Option(min=1, help="One page of the answer.")] = None,
    *,
    all_pages: Annotated[bool, typer.Option("--all", help="The whole answer, as JSON is anyway.")] = False,
    folder: Folder = None,
) -> None:
    """Answer one command: status 0 answered, 1 unknown name, 2 unknown command or missing argument."""
    from bot.answer import Answers
    from bot.commands import names_outside
    from briefings.paginate import paginate

    _end_with_the_reader()
    if form not in FORMS:
        raise typer.BadParameter(f"--as {form}: no such form; give one of {', '.join(FORMS)}")
    if all_pages and (page or form in PLATFORMS):
        raise typer.BadParameter("--all goes with text and json, and without --page; leave one of them out")
    settings = _settings(folder)
    prepare_logging(settings.log_level, settings.data_dir)
    knowledge = load(settings.knowledge)
    platform = form if form in PLATFORMS else "terminal"
    names = names_outside(limits(platform).RESERVED)
    reply = asyncio.run(Answers(lambda: knowledge, names=names).answer_line(line))
    document = reply.document
    wanted = page or reply.page
    if not all_pages and (page or reply.page > 1 or form != "json"):
        pages = paginate(document, renderer(platform).BUDGET)
        if wanted > len(pages):
            raise typer.BadParameter(f"page {wanted}: this answer has {len(pages)}; give one of those, or --all")
        document = pages[max(wanted, 1) - 1]
    _print(document, form)
    raise typer.Exit(_STATUS[reply.outcome])


def _print(document: Document, form: str) -> None:
    if form == "text":
        from bot.platforms.terminal.screen import Screen

        Screen(sys.stdout).show(document)
    elif form == "json":
        from briefings.document_json import to_json

        typer.echo(to_json(document))
    else:
        payload = renderer(form).payload(document)
        typer.echo(payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False, indent=2))


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="Folder of *.yaml files.", show_default=False)] = None,
) -> None:
    """Check the knowledge: every problem and warning with its place; status 1 if there is a problem."""
    _end_with_the_reader()
    try:
        knowledge = load(_settings(folder).knowledge, proposed_pinyin)
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


@app.command()
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


app.command()(settings)
app.command()(doctor)
app.command()(deliver)
app.command()(rehearse)
app.command()(backup)
app.command()(restore)
app.command()(erase)
app.command()(export)
app.add_typer(deliveries, name="deliveries")
app.add_typer(subscriptions, name="subscriptions")


def _settings(folder: Path | None) -> Settings:
    return read_settings({"knowledge": folder} if folder else {})


def _end_with_the_reader() -> None:
    """Lets the program end quietly when whoever reads its output leaves, as `| head` does."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def _tell(invalid: InvalidKnowledge) -> None:
    for problem in invalid.problems[:MOST_TOLD]:
        typer.echo(str(problem), err=True)
    number = len(invalid.problems)
    if number > MOST_TOLD:
        typer.echo(f"... and {number - MOST_TOLD:,} more", err=True)
    typer.echo(f"{number:,} problem{'s'[: number > 1]} in the knowledge; nothing was loaded.", err=True)


def main() -> None:
    """Runs the command line; whatever cannot be used is said on standard error, without a traceback."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the program
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: PTH123, SIM115
        getattr(sys, name).reconfigure(errors="surrogateescape" if name == "stdin" else "replace")
    try:
        app()
        sys.stdout.flush()
    except InvalidKnowledge as invalid:
        _tell(invalid)
        sys.exit(UNUSABLE)
    except (InvalidSettings, InvalidSubscriptions, StoreUnavailable, TokenRefused) as reason:
        typer.echo(str(reason), err=True)
        sys.exit(UNUSABLE)
    except OSError as error:
        sys.stderr.write(f"the answer could not be written: {error.strerror}; free the disk or give another place\n")
        sys.exit(UNUSABLE)


if __name__ == "__main__":
    main()
