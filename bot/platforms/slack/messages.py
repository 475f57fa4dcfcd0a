"""Pages to the messages and views that people see: private ones to share, public ones that name who shared."""

from typing import Any

from bot.platforms.slack import limits
from bot.platforms.slack.incoming import SHARED
from bot.platforms.slack.render import PREFIX, payload
from briefings.document import Choice, Document

Element = dict[str, Any]
SHARE = f"{PREFIX}share"
SEARCH = f"{PREFIX}search"
TITLE = "Briefing"
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
        "text": _plain("Share to channel"),
        "value": f"{page.command}{number}",
    }
    return message | {"blocks": [*message["blocks"], {"type": "actions", "elements": [button]}]}


def shared(page: Document, user: str, *, conservative: bool = False) -> Element:
    """Returns a message for everybody that says who shared it."""
    message = payload(page, conservative=conservative)
    line = [{"type": "text", "text": "Shared by "}, {"type": "user", "user_id": user}]
    by = {"type": "rich_text", "block_id": SHARED, "elements": [{"type": "rich_text_section", "elements": line}]}
    return message | {"blocks": [by, *message["blocks"]]}


def modal(page: Document | None = None) -> Element:
    """Returns a modal in which to search, with an answer where there is one."""
    return {
        "type": "modal",
        "title": _plain(TITLE),
        "close": _plain("Close"),
        "blocks": [_search(focused=page is None), *(_blocks(page) if page else ())],
    }


def home(*pages: Document) -> Element:
    """Returns the App Home: a search, where else to ask, then the given pages."""
    ways = {"type": "context", "elements": [_plain(WAYS, limits.TEXT_OBJECT)]}
    return {"type": "home", "blocks": [_search(), ways, *(block for page in pages for block in _blocks(page))]}


def options(groups: dict[str, list[Choice]]) -> Element:
    """Returns what a typeahead offers, in groups."""
    shown = [
        {"label": _plain(title), "options": [_option(choice) for choice in choices]}
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
        "placeholder": _plain("Company, theme or words"),
    }
    return {"type": "actions", "elements": [select | ({"focus_on_load": True} if focused else {})]}


def _option(choice: Choice) -> Element:
    return {"text": _plain(choice.label, limits.OPTION_TEXT), "value": choice.command}


def _plain(text: str, most: int = limits.BUTTON_TEXT) -> Element:
    return {"type": "plain_text", "text": text[:most], "emoji": False}
