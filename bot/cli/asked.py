"""One command answered on standard output."""

import json
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from bot.answer import Answers
from bot.cli.reader import end_with_the_reader
from bot.commands import names_outside
from bot.log import prepare_logging
from bot.platforms import PLATFORMS, limits, renderer
from bot.ports import Reply
from bot.settings import read_settings
from briefings.document import Document
from briefings.paginate import paginate
from knowledge import load

_STATUS = {"answered": 0, "unknown": 1, "misused": 2, "failed": 3}

FORMS = ("text", "json", *PLATFORMS)
"""The forms in which an answer is printed: to be read, as a document, or as what a platform is sent."""


class Misused(Exception):
    """Says which option or page cannot be had, and the way out."""


def answer(
    line: str, form: str = "text", page: int | None = None, *, all_pages: bool = False, folder: Path | None = None
) -> int:
    """Prints the answer to one command, and returns the exit status; `folder` is that of the knowledge.

    Raises:
        InvalidSettings: something cannot be used.
        InvalidKnowledge: with every problem of every file.
        Misused: there is no such form or page, or the two do not go together.
    """
    end_with_the_reader()
    if form not in FORMS:
        raise Misused(f"--as {form}: no such form; give one of {', '.join(FORMS)}")
    if all_pages and (page or form in PLATFORMS):
        raise Misused("--all goes with text and json, and without --page; leave one of them out")
    settings = read_settings({"knowledge": folder} if folder else {})
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
            raise Misused(f"page {wanted}: this answer has {len(pages)}; give one of those, or --all")
        document = pages[max(wanted, 1) - 1]
    _print(document, form)
    return _STATUS[reply.outcome]


def _print(document: Document, form: str) -> None:
    if form == "text":
        from bot.platforms.terminal.screen import Screen

        Screen(sys.stdout).show(document)
    elif form == "json":
        from briefings.document_json import to_json

        sys.stdout.write(f"{to_json(document)}\n")
    else:
        payload = renderer(form).payload(document)
        shown = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False, indent=2)
        sys.stdout.write(f"{shown}\n")


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
