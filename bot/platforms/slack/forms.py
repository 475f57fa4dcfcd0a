"""Forms, from the click that opens one to the answer to what was filled in."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.structs import replace

from bot.platforms.slack.asked import Asked, InView, NewView, OpenView, Submitted
from bot.platforms.slack.asking import EDITS, Asking, form_asked, page_of
from bot.platforms.slack.form import beside, form
from bot.platforms.slack.messages import FORM, OPEN, above, waiting
from bot.platforms.slack.sending import Sender
from bot.platforms.slack.views import carrying
from bot.ports import Core, Reply
from briefings.document import Choice, Choices, Document

OPENED_WITHIN = 1.0
"""Seconds that there are for filling a form: Slack opens none 3 seconds after the click."""

ACKNOWLEDGED_WITHIN = 1.5
"""Seconds that there are for answering a form in its acknowledgement, for which Slack waits 3."""

SHOWN_AFTER = 1.0
"""Seconds after an acknowledgement in which Slack shows the view that stands in it."""

Element = dict[str, Any]
Report = Callable[[Awaitable[str]], Awaitable[str | None]]
"""Waits until something is sent and tells of failures; returns the id of the view, None if it failed."""


class Forms:
    """Opens the forms of commands and answers them."""

    def __init__(self, core: Core, asking: Asking, sender: Sender, report: Report) -> None:
        self._core = core
        self._asking = asking
        self._sender = sender
        self._report = report
        self._late: dict[str, asyncio.Task[Reply]] = {}

    async def open(self, asked: Asked) -> Asked | None:
        """Opens the form that a line asks for; where there is none, returns what is to be answered instead."""
        found = form_asked(asked.line, self._core.menu)
        if found is None or not asked.trigger:
            return asked
        item, arguments = found
        where: InView = asked.destination if isinstance(asked.destination, OpenView) else NewView(asked.trigger)
        filling = asyncio.create_task(self._asking.filled(asked, item, arguments))
        if not await _is_done(filling, OPENED_WITHIN):
            view = await self._report(self._sender.show(waiting(carrying(asked.place)), where))
            if view is None:
                return asked
            where = OpenView(view, asked.trigger, asked.place, search=False)
            asked = replace(asked, destination=where)
        filled = await filling
        edits = arguments.get(EDITS, "")
        title = f"Edit {edits}" if edits else item.name.capitalize()
        opened = filled and await self._report(
            self._sender.show(form(item, filled, carrying(asked.place, edits), title), where)
        )
        return None if opened else asked

    async def offered(self, page: Document, asked: Asked) -> Document:
        """Returns an answer with a button that opens the form, where the line itself could open none."""
        found = None if asked.trigger else form_asked(asked.line, self._core.menu)
        if found is None or not await self._asking.filled(asked, *found):
            return page
        line = " ".join((f"/{found[0].name}", *(f"{name}:{value}" for name, value in found[1].items())))
        return replace(page, blocks=(*page.blocks, Choices(FORM, (Choice(OPEN, line),))))

    async def submitted(self, form: Submitted) -> tuple[Element, bool]:
        """Returns how a form is acknowledged, and whether that was all: else its answer is still to come.

        Problems can be told beside their fields only in the acknowledgement, so that waits for the answer: for the
        store, a few milliseconds. Where that takes longer, a view is opened above the form in which the answer appears
        later. What is filled in stays below it until then, come what may; and an acknowledgement that is lost loses
        nothing, for the form stays open, and nothing is saved before the confirmation.
        """
        answering = asyncio.create_task(self._asking.submit(form))
        if not await _is_done(answering, ACKNOWLEDGED_WITHIN):
            self._late[form.trigger] = answering
            return _shown(form, waiting(carrying(form.place), form.trigger)), False
        reply = answering.result()
        self._core.answered(reply)
        if reply.problems and form.fields:
            return {"response_action": "errors", "errors": beside(reply.problems, form.fields)}, True
        return _shown(form, above(page_of(reply), carrying(form.place))), True

    def refused(self, form: Submitted, document: Document) -> Element:
        """Returns the acknowledgement of a form that is not answered, which stays as it is."""
        return _shown(form, above(page_of(Reply(document)), carrying(form.place)))

    async def finish(self, form: Submitted) -> None:
        """Shows an answer that came after the acknowledgement."""
        answering = self._late.pop(form.trigger)
        await asyncio.sleep(SHOWN_AFTER)
        reply = await answering
        view = above(page_of(reply), carrying(form.place))
        shown = await self._report(self._sender.replace(form.trigger, view))
        self._core.answered(reply, taken=shown is not None)


async def _is_done(task: "asyncio.Task[Any]", seconds: float) -> bool:
    done, _ = await asyncio.wait([task], timeout=seconds)
    return bool(done)


def _shown(form: Submitted, view: Element) -> Element:
    """Returns the acknowledgement that shows a view above a form; in its place where three are open already."""
    return {"response_action": "push" if form.above else "update", "view": view}
