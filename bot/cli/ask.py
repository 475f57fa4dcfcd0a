"""The command that answers one command."""

import json
import sys
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from bot.cli.folder import Folder, settings_with
from bot.cli.reader import end_with_the_reader
from bot.log import prepare_logging
from bot.platforms import PLATFORMS, limits, renderer
from bot.ports import Reply
from briefings.document import Document
from knowledge import load

_STATUS = {"answered": 0, "unknown": 1, "misused": 2, "failed": 3}

FORMS = ("text", "json", *PLATFORMS)
"""The forms in which `ask` prints an answer: to be read, as a document, or as what a platform is sent."""


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

    end_with_the_reader()
    if form not in FORMS:
        raise typer.BadParameter(f"--as {form}: no such form; give one of {', '.join(FORMS)}")
    if all_pages and (page or form in PLATFORMS):
        raise typer.BadParameter("--all goes with text and json, and without --page; leave one of them out")
    settings = settings_with(folder)
    prepare_logging(settings.log_level, settings.data_dir)
    knowledge = load(settings.knowledge, warned=False)
    platform = form if form in PLATFORMS else "terminal"
    names = names_outside(limits(platform).RESERVED)
    reply = _at_once(Answers(lambda: knowledge, names=names).answer_line(line))
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


def _at_once(answering: Coroutine[Any, Any, Reply]) -> Reply:
    """Returns an answer that waits for nothing, as none does without a store.

    To import what runs a loop takes longer than the answer.
    """
    try:
        answering.send(None)
    except StopIteration as answered:
        reply: Reply = answered.value
        return reply
    raise AssertionError("an answer without a store waits for nothing")
