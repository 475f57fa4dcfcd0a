"""Modals and home tabs: the methods that show them, and what an acknowledged submission does to them."""

import secrets
import time
from collections.abc import Callable
from typing import Any

from tests.fakes import slack_payloads
from tests.fakes.block_kit import view_problems
from tests.fakes.slack_posting import Refused
from tests.fakes.slack_records import Asked, Trigger, View
from tests.fakes.slack_texts import Payload, broadcasts
from tests.fakes.slack_workspace import Workspace, controls, new_id, with_ids

MOST_STACKED = 3
PICKED = {"datepicker": "date", "timepicker": "time", "datetimepicker": "date_time"}


def _checked(slack: Workspace, given: Payload, kind: str = "") -> Payload:
    view = given.get("view")
    problems = view_problems(view)
    if not problems and isinstance(view, dict) and kind and view["type"] != kind:
        problems = [f"a {kind} is needed, not a {view['type']}"]
    if problems or not isinstance(view, dict):
        raise Refused("invalid_arguments", *problems)
    for broadcast in broadcasts(view):
        slack.object_("view", f"notifies everybody: {broadcast}")
    return {**view, "blocks": with_ids(view["blocks"])}


def _new(slack: Workspace, user: str, content: Payload) -> View:
    view = View(new_id("V"), user, content, _new_hash(), initial_state(content["blocks"], {}))
    view.root = view.id
    slack.views[view.id] = view
    return view


def _named_anew(slack: Workspace, content: Payload) -> None:
    external = content.get("external_id")
    if external and any(view.content.get("external_id") == external for view in slack.views.values()):
        raise Refused("duplicate_external_id", f"external_id {external!r}")


def _new_hash() -> str:
    return f"{int(time.time())}.{secrets.token_hex(4)}"


def initial_state(blocks: list[Payload], known: dict[str, Payload]) -> dict[str, Payload]:
    """Returns the state of controls as they are first shown; what was filled in already is kept."""
    state: dict[str, Payload] = {}
    for block, element in controls(blocks):
        if element["type"] in ("button", "overflow", "workflow_button"):
            continue
        value = {"type": element["type"], **_initial(element)}
        kept = known.get(block["block_id"], {}).get(element["action_id"])
        state.setdefault(block["block_id"], {})[element["action_id"]] = kept or value
    return state


def _initial(element: Payload) -> Payload:
    kind = element["type"]
    if kind in PICKED:
        return {f"selected_{PICKED[kind]}": element.get(f"initial_{PICKED[kind]}")}
    if kind.endswith("_select") or kind in ("checkboxes", "radio_buttons"):
        noun = next(iter(selected(kind, []))).removeprefix("selected_")
        return {f"selected_{noun}": element.get(f"initial_{noun}", [] if noun.endswith("s") else None)}
    return {"value": element.get("initial_value")}


def selected(kind: str, options: list[Payload]) -> Payload:
    """Returns what is chosen of a menu, as interactions show it: options, or ids of people and channels."""
    many = kind == "checkboxes" or kind.startswith("multi_")
    noun = kind.removeprefix("multi_").removesuffix("s_select") if kind.endswith("s_select") else "option"
    values = [option["value"] for option in options] if noun != "option" else list(options)
    if many:
        return {f"selected_{noun}s": values}
    return {f"selected_{noun}": values[0] if values else None}


def _triggered(slack: Workspace, given: Payload) -> Trigger:
    trigger = slack.triggers.get(str(given.get("trigger_id", "")))
    if trigger is None:
        raise Refused("invalid_trigger_id", f"trigger_id is {given.get('trigger_id')!r}")
    if trigger.used:
        raise Refused("exchanged_trigger_id")
    if time.monotonic() - trigger.made > slack.trigger_seconds:
        raise Refused("expired_trigger_id")
    trigger.used = True
    return trigger


def _open(slack: Workspace, given: Payload) -> Payload:
    content = _checked(slack, given, "modal")
    trigger = _triggered(slack, given)
    return _shown(slack, show(slack, trigger.user, content, trigger.asked))


def _push(slack: Workspace, given: Payload) -> Payload:
    content = _checked(slack, given, "modal")
    trigger = _triggered(slack, given)
    if trigger.view is None or trigger.view.closed:
        raise Refused("invalid_trigger_id", "views.push needs a trigger_id from a modal")
    return _shown(slack, push(slack, trigger.user, content, trigger.asked))


def show(slack: Workspace, user: str, content: Payload, asked: Asked) -> View:
    """Opens a modal in front of a person, in place of those that are open."""
    _named_anew(slack, content)
    close_all(slack, user)
    return push(slack, user, content, asked)


def push(slack: Workspace, user: str, content: Payload, asked: Asked) -> View:
    """Opens a modal over those that are open."""
    stack = slack.modals.setdefault(user, [])
    if len(stack) >= MOST_STACKED:
        raise Refused("push_limit_reached")
    _named_anew(slack, content)
    view = _new(slack, user, content)
    if stack:
        view.root, view.previous = stack[0].id, stack[-1].id
    stack.append(view)
    asked.views.append(view)
    return view


def close_top(slack: Workspace, user: str) -> None:
    """Closes the modal in front of a person."""
    slack.modals[user].pop().closed = True


def close_all(slack: Workspace, user: str) -> None:
    """Closes all modals in front of a person."""
    while slack.modals.get(user):
        close_top(slack, user)


def change(slack: Workspace, view: View, content: Payload) -> None:
    """Replaces what a view shows."""
    view.content, view.hash, view.errors = content, _new_hash(), {}
    view.state = initial_state(content["blocks"], view.state)
    view.updates += 1


def _update(slack: Workspace, given: Payload) -> Payload:
    content = _checked(slack, given)
    external, id_ = given.get("external_id"), given.get("view_id")
    found = [v for v in slack.views.values() if v.id == id_ or (external and v.content.get("external_id") == external)]
    if not found or found[-1].closed:
        raise Refused("not_found", f"view_id {id_!r}, external_id {external!r}")
    _same_hash(given, found[-1])
    change(slack, found[-1], content)
    return _shown(slack, found[-1])


def _publish(slack: Workspace, given: Payload) -> Payload:
    user = str(given.get("user_id", ""))
    if not user.startswith("U"):
        raise Refused("invalid_arguments", f"user_id is {user!r}")
    content = _checked(slack, given, "home")
    home = slack.homes.get(user)
    if home is None:
        home = slack.homes[user] = _new(slack, user, content)
    else:
        _same_hash(given, home)
        change(slack, home, content)
    return _shown(slack, home)


def _same_hash(given: Payload, view: View) -> None:
    if given.get("hash") not in (None, "", view.hash):
        raise Refused("hash_conflict")


def _shown(slack: Workspace, view: View) -> Payload:
    return {"view": slack_payloads.view_object(slack, view)}


def apply_submission(slack: Workspace, view: View, body: Any, asked: Asked) -> None:
    """Does to a submitted modal what the acknowledgement says; without a word it closes."""
    answer = body if isinstance(body, dict) else {}
    action = answer.get("response_action")
    view.errors = {}
    try:
        if action is None:
            close_top(slack, view.user)
        elif action == "clear":
            close_all(slack, view.user)
        elif action == "errors":
            view.errors = _checked_errors(view, answer.get("errors"))
        elif action == "update":
            change(slack, view, _checked(slack, answer, "modal"))
        elif action == "push":
            push(slack, view.user, _checked(slack, answer, "modal"), asked)
        else:
            raise Refused("invalid_arguments", f"response_action is {action!r}")
    except Refused as refused:
        asked.error = "invalid_response"
        slack.object_("view_submission", f"{refused.error}: {'; '.join(refused.messages)}")


def _checked_errors(view: View, errors: Any) -> dict[str, str]:
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise Refused("invalid_arguments", f"errors name no input blocks: {errors!r}")
    return {str(key): str(value) for key, value in errors.items()}


VIEW_METHODS: dict[str, Callable[[Workspace, Payload], Payload]] = {
    "views.open": _open,
    "views.push": _push,
    "views.update": _update,
    "views.publish": _publish,
}
