"""Asking the core: which command it is, and what whoever asks may do there."""

from collections.abc import Mapping, Sequence

from bot.platforms.slack.asked import Asked, Submitted
from bot.platforms.slack.people import UNASKED, People, Person
from bot.platforms.slack.render import BUDGET
from bot.ports import Core, MenuItem, Reply, Request
from bot.yielding import Yielding
from briefings.document import Document
from briefings.paginate import page_at

EDITS = "edit"
"""The argument that holds the id of what is edited."""

ZONE = "zone"
SHOW_MORE = {"subscriptions", "why"}
"""Commands that anyone may use and that show more to those who manage the whole workspace."""


class Asking:
    """Asks the core on behalf of people, with their rights, for which Slack is asked only where they matter."""

    def __init__(self, core: Core, people: People) -> None:
        self._core = core
        self._people = people
        self._yielding = Yielding()

    async def answer(self, asked: Asked) -> tuple[Document, Reply]:
        """Returns the page that was asked for, and the reply that it is of."""
        item, _ = item_of(asked.line, self._core.menu)
        who = await self._person(asked, item)
        await self._yielding.turn()
        manages, anywhere = who.member, who.admin
        reply = await self._core.answer_line(asked.line, asked.user, asked.place, manages=manages, anywhere=anywhere)
        return page_of(reply), reply

    async def filled(self, asked: Asked, item: MenuItem, arguments: Mapping[str, str]) -> dict[str, str]:
        """Returns what the form of a command opens with, in the asker's time zone; nothing where none is to be opened.

        Whoever asks for it is answered then like anybody who types the line.
        """
        who = await self._person(asked, item)
        try:
            filled = dict(await self._core.filled(_request(asked, who, item.name, arguments)))
        except Exception as error:
            self._core.failed(error)
            return {}
        return filled | {ZONE: who.zone} if filled.get(ZONE) == "" else filled

    async def submit(self, submitted: Submitted) -> Reply:
        """Returns the answer to a form."""
        item, _ = item_of(submitted.command, self._core.menu)
        edits = {EDITS: submitted.edits} if submitted.edits else {}
        try:
            who = await self._person(submitted, item)
            return await self._core.answer(_request(submitted, who, submitted.command, {**submitted.fields, **edits}))
        except Exception as error:
            return Reply(self._core.failed(error), "failed")

    async def _person(self, asked: Asked | Submitted, item: MenuItem | None) -> Person:
        home = self._people.workspace
        if not asked.insider or (home and asked.place.partition("/")[0] != f"slack:{home}"):
            return Person(member=False)
        matters = item and (item.managing or item.name in SHOW_MORE)
        return await self._people.person(asked.user) if matters else UNASKED


def _request(asked: Asked | Submitted, who: Person, command: str, arguments: Mapping[str, str]) -> Request:
    return Request(command, arguments, user=asked.user, place=asked.place, manages=who.member, anywhere=who.admin)


def item_of(line: str, menu: Sequence[MenuItem]) -> tuple[MenuItem | None, str]:
    """Returns the command that a line names, be it after the one for all of them, and what follows it."""
    rest = line
    for _ in range(2):
        word, rest = (*rest.split(maxsplit=1), "", "")[:2]
        name = word.removeprefix("/").casefold()
        for item in menu:
            if name == item.name or name in item.aliases:
                return item, rest
    return None, ""


def form_asked(line: str, menu: Sequence[MenuItem]) -> tuple[MenuItem, dict[str, str]] | None:
    """Returns the command whose form a line asks for, and what it is to be filled with: the line has nothing else."""
    item, rest = item_of(line, menu)
    name, _, id_ = rest.strip().partition(":")
    if item is None or not item.form or " " in id_ or (rest.strip() and (name != EDITS or not id_)):
        return None
    return item, {EDITS: id_} if id_ else {}


def page_of(reply: Reply) -> Document:
    """Returns the page of an answer that was asked for."""
    return page_at(reply.document, BUDGET, reply.page)
