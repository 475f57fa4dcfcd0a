"""Pages to the messages and views that people see: private ones to share, public ones that name who shared."""

from collections.abc import Iterable
from typing import Any

from bot.platforms.slack import limits
from bot.platforms.slack.controls import PREFIX, button
from bot.platforms.slack.incoming import SHARED
from bot.platforms.slack.render import payload
from bot.platforms.slack.views import SEARCHED
from briefings.document import Choice, Document

Element = dict[str, Any]
SHARE = f"{PREFIX}share"
SEARCH = f"{PREFIX}search"
TITLE = "Briefing"
WAIT = "One moment …"
FORM, OPEN = "Or fill in a form", "Open the form"
WAYS = (
    "Ask anywhere with /company or /briefing, in a message here, or, where this app was invited, by mentioning it, "
    "also in threads. The menu of any message has “Companies in message”; a value of two words stands in quotes."
)


def shareable(page: Document, *, conservative: bool = False) -> Element:
    """Returns a private message with a button that shares it, if the answer can be asked for again."""
    message = payload(page, conservative=conservative)
    if not page.command:
        return message
    number = f" page:{page.page.number}" if page.page and page.page.number > 1 else ""
    button = {
        "type": "button",
        "action_id": SHARE,
        "text": plain("Share to channel"),
        "value": f"{page.command}{number}",
    }
    return message | {"blocks": [*message["blocks"], {"type": "actions", "elements": [button]}]}


def shared(page: Document, user: str, *, conservative: bool = False) -> Element:
    """Returns a message for everybody that says who shared it."""
    message = payload(page, conservative=conservative)
    line = [{"type": "text", "text": "Shared by "}, {"type": "user", "user_id": user}]
    by = {"type": "rich_text", "block_id": SHARED, "elements": [{"type": "rich_text_section", "elements": line}]}
    return message | {"blocks": [by, *message["blocks"]]}


def modal(page: Document | None = None, *, carried: str = "", search: bool = True) -> Element:
    """Returns a modal in which to search, with an answer where there is one; without `search` it is the answer alone.

    Closed, it takes those below it with it.
    """
    return {
        "type": "modal",
        "title": plain(TITLE),
        "close": plain("Close"),
        "clear_on_close": True,
        "private_metadata": carried,
        "blocks": [*([_search(focused=page is None)] if search else ()), *(_blocks(page) if page else ())],
    }


def above(page: Document, carried: str) -> Element:
    """Returns a modal above a form, from which one comes back to what is filled in there."""
    return modal(page, carried=carried, search=False) | {"close": plain("Back"), "clear_on_close": False}


def waiting(carried: str, external_id: str = "") -> Element:
    """Returns a modal that shows that something takes its time; by `external_id` it is found again."""
    block = {"type": "context", "elements": [plain(WAIT)]}
    view = {"type": "modal", "title": plain(TITLE), "close": plain("Close"), "private_metadata": carried}
    return view | {"blocks": [block]} | ({"external_id": external_id} if external_id else {})


def home(*pages: Document, carried: str = "", commands: Iterable[Choice] = ()) -> Element:
    """Returns the App Home: a search and some commands, where else to ask, then the given pages."""
    ways = {"type": "context", "elements": [plain(WAYS, limits.TEXT_OBJECT)]}
    buttons = [button(choice, number) for number, choice in enumerate(commands)]
    actions = [{"type": "actions", "elements": buttons}] if buttons else []
    blocks = [_search(), *actions, ways, *(block for page in pages for block in _blocks(page))]
    return {"type": "home", "private_metadata": carried, "blocks": blocks}


def options(groups: dict[str, list[Choice]]) -> Element:
    """Returns what a typeahead offers, in groups."""
    shown = [
        {"label": plain(title), "options": [_option(choice) for choice in choices]}
        for title, choices in groups.items()
        if choices
    ]
    return {"option_groups": shown} if shown else {"options": []}


def _blocks(page: Document) -> list[Element]:
    """Returns a page's blocks as views take them: they have no tables."""
    return list(payload(page, conservative=True)["blocks"])


def _search(*, focused: bool = False) -> Element:
    select: Element = {
        "type": "external_select",
        "action_id": SEARCH,
        "min_query_length": 1,  # with Slack's own 3, two Chinese characters never search
        "placeholder": plain("Company, theme or words"),
    }
    return {
        "type": "actions",
        "block_id": SEARCHED,
        "elements": [select | ({"focus_on_load": True} if focused else {})],
    }


def _option(choice: Choice) -> Element:
    return option(choice.label, choice.command)


def option(label: str, value: str) -> Element:
    """Returns one option of a menu."""
    return {"text": plain(label, limits.OPTION_TEXT), "value": value}


def plain(text: str, most: int = limits.BUTTON_TEXT) -> Element:
    """Returns a text in which nothing is read as markup or emoji."""
    return {"type": "plain_text", "text": text[:most], "emoji": False}
