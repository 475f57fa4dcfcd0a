"""What a view of ours carries, and what Slack tells of it: where it was opened, and how a form was filled in."""

import json
import re
from typing import Any

from bot.platforms.slack.asked import Submitted
from bot.platforms.slack.controls import PREFIX
from bot.platforms.slack.limits import PLACE
from bot.platforms.slack.origin import is_insider, team_of, user_of

Body = dict[str, Any]
FIELD = f"{PREFIX}field "
"""Begins the action_id of a field of a form; the argument's name follows."""

SEARCHED = "search"
"""The block_id of the field in which to search."""


def carrying(place: str, edits: str = "") -> str:
    """Returns what a view carries along of where it was opened, and of what is edited in it."""
    return json.dumps({"place": place, "edits": edits})


def opened_at(body: Body) -> str:
    """Returns the place in which the view of an interaction was opened.

    It is what the view carries if that lies in the workspace of the interaction; else the conversation with the person.
    """
    team = team_of(body)
    place = _carried(body, "place")
    match = re.fullmatch(f"slack:{PLACE}", place, re.ASCII)
    return place if match and match["workspace"] == team else f"slack:{team}/@{user_of(body)}"


def has_search(body: Body) -> bool:
    """Returns whether one can search in the view of an interaction."""
    return any(block.get("block_id") == SEARCHED for block in _view(body).get("blocks") or [])


def form_of(body: Body) -> str:
    """Returns the command whose form the view of an interaction is; nothing if it is none of ours."""
    called = str(_view(body).get("callback_id", ""))
    return called.removeprefix(PREFIX) if called.startswith(PREFIX) else ""


def submitted(body: Body) -> Submitted:
    """Reads a form that was filled in; a field that was left empty is there and empty."""
    view = _view(body)
    elements = {
        action: element
        for block in (view.get("state") or {}).get("values", {}).values()
        for action, element in block.items()
    }
    fields = {
        action.removeprefix(FIELD): _value(element) for action, element in elements.items() if action.startswith(FIELD)
    }
    # Slack stacks three views at most: the third has another below it that is not the first.
    above = view.get("previous_view_id") in (None, "", view.get("root_view_id"))
    return Submitted(
        form_of(body),
        fields,
        user_of(body),
        opened_at(body),
        str(body.get("trigger_id", "")),
        _carried(body, "edits"),
        above,
        is_insider(body),
    )


def _view(body: Body) -> Body:
    return body.get("view") or {}


def _carried(body: Body, name: str) -> str:
    try:
        carried = json.loads(_view(body).get("private_metadata") or "{}")
    except ValueError:  # of another version
        return ""
    return str(carried.get(name, "")) if isinstance(carried, dict) else ""


def _value(element: Body) -> str:
    chosen = element.get("selected_options") or filter(None, [element.get("selected_option")])
    return ", ".join(str(option["value"]) for option in chosen) or str(element.get("value") or "")
