"""The methods of the fake Web API."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes import slack_payloads
from tests.fakes.secret import secret
from tests.fakes.slack_posting import Refused, check_message, check_metadata, flag, parent_of, post_by_app
from tests.fakes.slack_records import Channel, Message
from tests.fakes.slack_texts import Payload
from tests.fakes.slack_views import VIEW_METHODS
from tests.fakes.slack_workspace import Workspace

KINDS = {"public": "channels", "private": "groups", "im": "im"}
UPDATED_TEXT = 4_000


@dataclass(frozen=True)
class Method:
    """A method, the scopes of which it needs any, and the kind of token that it takes."""

    carry_out: Callable[[Workspace, Payload], Payload]
    scopes: tuple[str, ...] = ()
    for_app_token: bool = False


def _auth_test(slack: Workspace, _: Payload) -> Payload:
    names = {"url": f"https://{slack.team_domain}.slack.com/", "team": slack.team_domain, "user": "briefbot"}
    ids = {"team_id": slack.team_id, "user_id": slack.bot_user_id, "bot_id": slack.bot_id}
    return names | ids | {"is_enterprise_install": False}


def _connections_open(slack: Workspace, _: Payload) -> Payload:
    ticket = secret(secrets.token_urlsafe(16))
    slack.tickets.add(ticket)
    return {"url": f"{slack.origin.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={slack.app_id}"}


def needed(given: Payload, *names: str) -> list[Any]:
    """Returns arguments that must be there."""
    missing = [name for name in names if given.get(name) in (None, "")]
    if missing:
        raise Refused("invalid_arguments", *(f"missing required field: {name}" for name in missing))
    return [given[name] for name in names]


def _whole(given: Payload, name: str, usual: int) -> int:
    try:
        return int(given.get(name, usual))
    except (TypeError, ValueError):
        raise Refused("invalid_arguments", f"{name} is {given[name]!r}") from None


def _to_write_in(slack: Workspace, id_: str) -> Channel:
    """Returns where the app may post; a person stands for the conversation with them."""
    channel = slack.channels.get(slack.dm(id_) if id_.startswith("U") and id_ != slack.bot_user_id else id_)
    if channel is None or (channel.kind == "private" and not channel.bot):
        raise Refused("channel_not_found")
    if channel.archived:
        raise Refused("is_archived")
    if not channel.bot and "chat:write.public" not in slack.scopes:
        raise Refused("not_in_channel")
    return channel


def _to_read(slack: Workspace, id_: str, right: str) -> Channel:
    """Returns what the app may look into."""
    channel = slack.channels.get(id_)
    if channel is None or (channel.kind != "public" and not channel.bot):
        raise Refused("channel_not_found")
    scope = f"{KINDS[channel.kind]}:{right}"
    if scope not in slack.scopes:
        provided = ",".join(sorted(slack.scopes))
        raise Refused("missing_scope", f"needed {scope}", needed=scope, provided=provided)
    return channel


def _post_message(slack: Workspace, given: Payload) -> Payload:
    channel = _to_write_in(slack, needed(given, "channel")[0])
    text, blocks = check_message(slack, "chat.postMessage", given)
    thread = parent_of(slack, "chat.postMessage", channel.id, given.get("thread_ts"))
    message = post_by_app(slack, channel.id, text, blocks, thread_ts=thread, metadata=check_metadata(given))
    if thread and flag(given.get("reply_broadcast")):
        message.extra["subtype"] = "thread_broadcast"
    return {"channel": channel.id, "ts": message.ts, "message": slack_payloads.message_object(slack, message)}


def _post_ephemeral(slack: Workspace, given: Payload) -> Payload:
    id_, user = needed(given, "channel", "user")
    channel = _to_write_in(slack, id_)
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    text, blocks = check_message(slack, "chat.postEphemeral", given, unfurl=False)
    thread = parent_of(slack, "chat.postEphemeral", channel.id, given.get("thread_ts"))
    message = post_by_app(slack, channel.id, text, blocks, thread_ts=thread, ephemeral_to=user)
    return {"message_ts": message.ts}


def _own(slack: Workspace, given: Payload, not_ours: str) -> Message:
    channel, ts = needed(given, "channel", "ts")
    if channel not in slack.channels:
        raise Refused("channel_not_found")
    message = slack.find(channel, ts)
    if message is None or message.ephemeral_to:
        raise Refused("message_not_found")
    if not message.by_app:
        raise Refused(not_ours)
    return message


def _update(slack: Workspace, given: Payload) -> Payload:
    message = _own(slack, given, "cant_update_message")
    text, blocks = check_message(slack, "chat.update", given, unfurl=False, longest=UPDATED_TEXT)
    slack.edit(message, text, blocks if "blocks" in given else [], check_metadata(given))
    shown = slack_payloads.message_object(slack, message)
    return {"channel": message.channel, "ts": message.ts, "text": text, "message": shown}


def _delete(slack: Workspace, given: Payload) -> Payload:
    message = _own(slack, given, "cant_delete_message")
    slack.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def _conversation(slack: Workspace, channel: Channel) -> Payload:
    kind = {
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_im": channel.kind == "im",
    }
    shown: Payload = {"id": channel.id, "is_archived": channel.archived, "is_private": channel.kind != "public"}
    if channel.kind == "im":
        return shown | kind | {"user": channel.user, "is_open": True}
    return shown | kind | {"name": channel.name, "is_member": channel.bot, "context_team_id": slack.team_id}


def _open(slack: Workspace, given: Payload) -> Payload:
    users = str(given.get("users", "")).split(",")
    if given.get("channel"):
        return {"channel": _conversation(slack, _to_write_in(slack, given["channel"]))}
    if len(users) != 1 or not users[0].startswith("U"):
        raise Refused("users_not_found" if users == [""] else "invalid_arguments", f"users is {given.get('users')!r}")
    channel = slack.channels[slack.dm(users[0])]
    return {"channel": _conversation(slack, channel) if flag(given.get("return_im")) else {"id": channel.id}}


def _window(slack: Workspace, given: Payload, messages: list[Message]) -> Payload:
    """Returns a page of messages; only what everybody sees, and metadata only if asked for."""
    oldest, latest = str(given.get("oldest") or "0"), str(given.get("latest") or "9" * 12)
    closed = flag(given.get("inclusive"))
    ends = {oldest, latest} if closed else set()
    cursor = str(given.get("cursor") or "next:0").removeprefix("next:")
    start, size = int(cursor) if cursor.isdigit() else 0, min(999, _whole(given, "limit", 100))
    within = [m for m in messages if float(oldest) < float(m.ts) < float(latest) or m.ts in ends]
    page = within[start : start + size]
    more = len(within) > start + size
    metadata = bool(flag(given.get("include_all_metadata")))
    shown = [slack_payloads.message_object(slack, message, metadata=metadata) for message in page]
    next_ = {"next_cursor": f"next:{start + size}" if more else ""}
    return {"messages": shown, "has_more": more, "response_metadata": next_}


def _history(slack: Workspace, given: Payload) -> Payload:
    channel = _to_read(slack, needed(given, "channel")[0], "history")
    if not channel.bot:
        raise Refused("not_in_channel")
    found = [m for m in slack.messages(channel.id) if m.thread_ts in (None, m.ts) or "subtype" in m.extra]
    return _window(slack, given, found[::-1])


def _replies(slack: Workspace, given: Payload) -> Payload:
    id_, ts = needed(given, "channel", "ts")
    channel = _to_read(slack, id_, "history")
    parent = slack.find(channel.id, ts)
    if parent is None:
        raise Refused("thread_not_found", f"ts is {ts!r}")
    root = parent.thread_ts or parent.ts
    return _window(slack, given, [m for m in slack.messages(channel.id) if root in (m.ts, m.thread_ts)])


def _info(slack: Workspace, given: Payload) -> Payload:
    shown = _conversation(slack, _to_read(slack, needed(given, "channel")[0], "read"))
    return {"channel": shown | ({"locale": "en-US"} if flag(given.get("include_locale")) else {})}


def _members(slack: Workspace, given: Payload) -> Payload:
    channel = _to_read(slack, needed(given, "channel")[0], "read")
    members = sorted(channel.members) + ([slack.bot_user_id] if channel.bot else [])
    return {"members": members, "response_metadata": {"next_cursor": ""}}


def _user_info(slack: Workspace, given: Payload) -> Payload:
    user = str(needed(given, "user")[0])
    if not user.startswith(("U", "W")):
        raise Refused("user_not_found")
    name = slack.user_name(user)
    profile = {"real_name": name.title(), "display_name": name}
    shown = {"id": user, "team_id": slack.team_id, "name": name, "deleted": False, "is_bot": user == slack.bot_user_id}
    shown |= {"real_name": name.title(), "tz": "Europe/London", "tz_offset": 0, "profile": profile}
    shown |= dict.fromkeys(("is_admin", "is_owner", "is_primary_owner", "is_restricted", "is_ultra_restricted"), False)
    shown |= {"is_stranger": True} if slack.team_of(user) != slack.team_id else {}
    locale = {"locale": "en-US"} if flag(given.get("include_locale")) else {}
    own = {key: value for key, value in slack.profiles.get(user, {}).items() if key != "locale" or locale}
    return {"user": shown | locale | own}


def _user_conversations(slack: Workspace, given: Payload) -> Payload:
    names = {"public_channel": "public", "private_channel": "private", "im": "im"}
    kinds = [names.get(kind.strip(), "") for kind in str(given.get("types", "public_channel")).split(",")]
    for kind in filter(None, kinds):
        if f"{KINDS[kind]}:read" not in slack.scopes:
            raise Refused("missing_scope", needed=f"{KINDS[kind]}:read", provided=",".join(sorted(slack.scopes)))
    found = [channel for channel in slack.channels.values() if channel.bot and channel.kind in kinds]
    found = [channel for channel in found if not (flag(given.get("exclude_archived")) and channel.archived)]
    return {"channels": [_conversation(slack, one) for one in found], "response_metadata": {"next_cursor": ""}}


_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_HISTORY = ("channels:history", "groups:history", "mpim:history", "im:history")
METHODS: dict[str, Method] = {
    "auth.test": Method(_auth_test),
    "apps.connections.open": Method(_connections_open, for_app_token=True),
    "chat.postMessage": Method(_post_message, ("chat:write",)),
    "chat.postEphemeral": Method(_post_ephemeral, ("chat:write",)),
    "chat.update": Method(_update, ("chat:write",)),
    "chat.delete": Method(_delete, ("chat:write",)),
    "conversations.open": Method(_open, ("channels:manage", "groups:write", "im:write", "mpim:write")),
    "conversations.history": Method(_history, _HISTORY),
    "conversations.replies": Method(_replies, _HISTORY),
    "conversations.info": Method(_info, _READ),
    "conversations.members": Method(_members, _READ),
    "users.info": Method(_user_info, ("users:read",)),
    "users.conversations": Method(_user_conversations, _READ),
    **{name: Method(carry_out) for name, carry_out in VIEW_METHODS.items()},
}
