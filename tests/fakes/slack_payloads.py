"""What Slack sends to an app, in its own shapes."""

import secrets
import time
from typing import Any

from tests.fakes.slack_records import Channel, Message, View
from tests.fakes.slack_texts import Payload
from tests.fakes.slack_workspace import Workspace, new_id


def person(slack: Workspace, user: str) -> Payload:
    """Returns who did something, as in an interaction."""
    name = slack.user_name(user)
    return {"id": user, "username": name, "name": name, "team_id": slack.team_of(user)}


def channel_name(channel: Channel) -> str:
    """Returns the name that interactions give a channel."""
    return {"im": "directmessage", "private": "privategroup", "public": channel.name}[channel.kind]


def message_object(slack: Workspace, message: Message, *, metadata: bool = False) -> Payload:
    """Returns a message as the Web API, events and interactions show it."""
    shown: Payload = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts}
    shown["team"] = slack.team_of(message.user)
    if message.by_app:
        profile = {"id": slack.bot_id, "app_id": slack.app_id, "name": "briefbot", "team_id": slack.team_id}
        shown |= {"bot_id": slack.bot_id, "app_id": slack.app_id, "bot_profile": profile}
    if message.blocks:
        shown["blocks"] = message.blocks
    if message.thread_ts:
        shown["thread_ts"] = message.thread_ts
        if message.thread_ts != message.ts:
            shown["parent_user_id"] = getattr(slack.find(message.channel, message.thread_ts), "user", "")
    if message.edits:
        shown["edited"] = {"user": message.user, "ts": message.ts}
    if metadata and message.metadata:
        shown["metadata"] = message.metadata
    return shown | message.extra


def view_object(slack: Workspace, view: View) -> Payload:
    """Returns a view as the Web API and interactions show it."""
    defaults: Payload = dict.fromkeys(("callback_id", "private_metadata", "external_id"), "")
    defaults |= {"submit": None, "close": None, "clear_on_close": False, "notify_on_close": False}
    defaults |= {"title": {"type": "plain_text", "text": "", "emoji": True}}
    return {
        "id": view.id,
        "team_id": slack.team_id,
        **defaults,
        **view.content,
        "state": {"values": view.state},
        "hash": view.hash,
        "previous_view_id": view.previous,
        "root_view_id": view.root,
        "app_id": slack.app_id,
        "app_installed_team_id": slack.team_id,
        "bot_id": slack.bot_id,
    }


def slash_command(slack: Workspace, user: str, channel: Channel, command: str, text: str) -> Payload:
    """Returns a slash command; its rights are still to be added."""
    return {
        "token": slack.verification_token,
        "team_id": slack.team_id,
        "team_domain": slack.team_domain,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": user,
        "user_name": slack.user_name(user),
        "command": command,
        "text": text,
        "api_app_id": slack.app_id,
        "is_enterprise_install": "false",
    }


def interaction(slack: Workspace, kind: str, user: str, **fields: Any) -> Payload:
    """Returns the frame of an interaction."""
    return {
        "type": kind,
        "team": {"id": slack.team_id, "domain": slack.team_domain},
        "user": person(slack, user),
        "api_app_id": slack.app_id,
        "token": slack.verification_token,
        "enterprise": None,
        "is_enterprise_install": False,
        **fields,
    }


def place(slack: Workspace, where: Message | View) -> Payload:
    """Returns where a control stands: an ephemeral message is named, but never sent along."""
    if isinstance(where, View):
        return {"container": {"type": "view", "view_id": where.id}, "view": view_object(slack, where)}
    ephemeral = where.ephemeral_to is not None
    container: Payload = {"type": "message", "message_ts": where.ts, "channel_id": where.channel}
    container["is_ephemeral"] = ephemeral
    if where.thread_ts:
        container["thread_ts"] = where.thread_ts
    shown = {} if ephemeral else {"message": message_object(slack, where)}
    channel = slack.channels[where.channel]
    return {"container": container, "channel": {"id": channel.id, "name": channel_name(channel)}, **shown}


def action_ts() -> str:
    """Returns the moment of an action."""
    return f"{time.time():.6f}"


def message_event(slack: Workspace, kind: str, message: Message) -> Payload:
    """Returns an event about a new message."""
    event = message_object(slack, message) | {"type": kind, "channel": message.channel, "event_ts": message.ts}
    if not message.by_app:
        event["client_msg_id"] = secrets.token_hex(16)
        event["user_team"] = slack.team_of(message.user)
    if kind == "message":
        event["channel_type"] = "im"
    return event


def change_event(slack: Workspace, what: str, message: Message, before: Message) -> Payload:
    """Returns an event about a changed or deleted message."""
    ts = slack.next_ts()
    event: Payload = {"type": "message", "subtype": f"message_{what}", "hidden": True, "channel": message.channel}
    event |= {"ts": ts, "event_ts": ts, "channel_type": "im", "previous_message": message_object(slack, before)}
    if what == "deleted":
        return event | {"deleted_ts": message.ts}
    return event | {"message": message_object(slack, message)}


def event_callback(slack: Workspace, event: Payload) -> Payload:
    """Returns the frame of an event."""
    bot = {"enterprise_id": None, "team_id": slack.team_id, "user_id": slack.bot_user_id}
    return {
        "token": slack.verification_token,
        "team_id": slack.team_id,
        "api_app_id": slack.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": new_id("Ev"),
        "event_time": int(time.time()),
        "authorizations": [bot | {"is_bot": True, "is_enterprise_install": False}],
        "is_ext_shared_channel": False,
        "event_context": f"4-{secrets.token_urlsafe(20)}",
    }
