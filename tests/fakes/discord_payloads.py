"""Objects as Discord sends them."""

import copy
from datetime import UTC, datetime
from typing import Any

from tests.fakes.discord_records import EPHEMERAL, Asked, Channel, Guild, Message, Payload
from tests.fakes.discord_server import EPOCH, EVERYTHING, USUAL, Server, type_of

COMMUNITY = ["COMMUNITY", "NEWS"]
IN_PRIVATE = 1 << 14 | 1 << 15 | 1 << 17


def moment(seconds: float) -> str:
    """Returns a time as Discord writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def made(id_: str) -> str:
    """Returns when an id was made."""
    return moment(((int(id_) >> 22) + EPOCH) / 1000)


def application(server: Server) -> Payload:
    """Returns the app."""
    owner = server.user_object("100000000000000001")
    return {
        "id": server.application_id,
        "name": "Zephyr",
        "icon": None,
        "description": "",
        "bot_public": False,
        "bot_require_code_grant": server.bot_require_code_grant,
        "interactions_endpoint_url": server.interactions_endpoint_url,
        "verify_key": "0" * 64,
        "flags": 1 << 19 if "message_content" in server.privileged else 0,
        "owner": owner,
        "team": None,
        "bot": server.bot,
        "summary": "",
        "type": None,
        "hook": True,
        "integration_types_config": {"0": {}, "1": {}},
        "approximate_guild_count": len(server.visible_guilds()),
    }


def member(server: Server, guild: Guild, user: str, permissions: int | None = None) -> Payload:
    """Returns somebody as a member of a server, with what they may do in some place."""
    rank = {"permissions": str(permissions)} if permissions is not None else {}
    who = server.bot if user == server.bot_user_id else server.user_object(user)
    return {
        "user": who,
        "nick": None,
        "avatar": None,
        "banner": None,
        "roles": [],
        "joined_at": made(guild.id),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "communication_disabled_until": None,
        "unusual_dm_activity_until": None,
        **rank,
    }


def channel(server: Server, one: Channel) -> Payload:
    """Returns a channel, a thread or a conversation."""
    last = server.placed.get(one.id, [])
    common: Payload = {"id": one.id, "type": type_of(one), "flags": 0, "last_message_id": last[-1].id if last else None}
    if one.guild is None:
        people = [server.user_object(user) for user in sorted(one.people)]
        group = {"name": one.name or None, "icon": None, "owner_id": min(one.people, default=None)}
        return {**common, "recipients": people, **(group if one.kind == "group" else {})}
    common |= {"guild_id": one.guild.id, "name": one.name, "parent_id": one.parent, "rate_limit_per_user": 0}
    if one.kind == "thread":
        return common | _thread(server, one)
    common |= {"position": 0, "permission_overwrites": _overwrites(server, one), "nsfw": False, "topic": None}
    if one.kind == "forum":
        tags = [
            {"id": id_, "name": name, "moderated": id_ in one.moderated, "emoji_id": None, "emoji_name": None}
            for id_, name in one.tags.items()
        ]
        common |= {"available_tags": tags, "default_reaction_emoji": None, "default_sort_order": None}
        common |= {"default_forum_layout": 0, "flags": 1 << 4 if one.tag_required else 0, "template": ""}
    return common


def _overwrites(server: Server, one: Channel) -> list[Payload]:
    """Returns what the bot may do other than usually."""
    if one.permissions == USUAL:
        return []
    allowed = one.permissions or 0
    return [{"id": server.bot_user_id, "type": 1, "allow": str(allowed), "deny": str(EVERYTHING & ~allowed)}]


def _thread(server: Server, one: Channel) -> Payload:
    archive = {
        "archived": one.archived,
        "auto_archive_duration": 4320,
        "archive_timestamp": made(one.id),
        "locked": one.locked,
        "create_timestamp": made(one.id),
    }
    count = len(server.placed.get(one.id, []))
    return {
        "owner_id": server.bot_user_id,
        "message_count": count,
        "total_message_sent": count,
        "member_count": 1,
        "applied_tags": one.applied_tags,
        "thread_metadata": archive,
    }


def features(guild: Guild) -> list[str]:
    """Returns what a server has that others have not."""
    return COMMUNITY if guild.community else []


def guild_object(server: Server, guild: Guild) -> Payload:
    """Returns a server, as GUILD_CREATE brings it."""
    everyone = {
        "id": guild.id,
        "name": "@everyone",
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": 0,
        "permissions": str(USUAL),
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }
    inside = [one for one in server.channels.values() if one.guild is guild and not one.deleted]
    empty = (
        "emojis",
        "stickers",
        "voice_states",
        "presences",
        "stage_instances",
        "guild_scheduled_events",
        "soundboard_sounds",
    )
    nothing = ("icon", "splash", "discovery_splash", "description", "banner", "afk_channel_id", "application_id",
               "system_channel_id", "rules_channel_id", "public_updates_channel_id", "vanity_url_code", "max_presences")  # fmt: skip
    zero = ("verification_level", "default_message_notifications", "explicit_content_filter", "mfa_level", "nsfw_level",
            "premium_tier", "premium_subscription_count", "system_channel_flags")  # fmt: skip
    return {
        "id": guild.id,
        "name": guild.name,
        "owner_id": next(iter(guild.members), "100000000000000001"),
        "region": "deprecated",
        "afk_timeout": 300,
        "preferred_locale": guild.locale,
        "features": features(guild),
        "roles": [everyone],
        "joined_at": made(guild.id),
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members) + 1,
        "members": [member(server, guild, server.bot_user_id)],
        "channels": [channel(server, one) for one in inside if one.kind != "thread"],
        "threads": [channel(server, one) for one in inside if one.kind == "thread" and not one.archived],
        "max_members": 500_000,
        **{key: [] for key in empty},
        **dict.fromkeys(nothing),
        **dict.fromkeys(zero, 0),
    }


def message(server: Server, one: Message, *, veiled: bool = False) -> Payload:
    """Returns a message; veiled, as bots see other people's without the intent for their contents."""
    own = one.author == server.bot_user_id
    mentioned = server.bot_user_id in one.mentions
    hidden = veiled and not own and not mentioned and server.channels[one.channel].kind != "dm"
    found: Payload = {
        "id": one.id,
        "channel_id": one.channel,
        "type": one.type,
        "author": server.bot if own else server.user_object(one.author),
        "content": "" if hidden else one.content,
        "timestamp": made(one.id),
        "edited_timestamp": None if one.edited is None else moment(one.edited),
        "tts": False,
        "mention_everyone": False,
        "mentions": [server.bot if user == server.bot_user_id else server.user_object(user) for user in one.mentions],
        "mention_roles": [],
        "attachments": [] if hidden else copy.deepcopy(one.attachments),
        "embeds": [] if hidden else [{"type": "rich", **embed} for embed in copy.deepcopy(one.embeds)],
        "components": [] if hidden else copy.deepcopy(one.components),
        "pinned": False,
        "flags": one.flags,
    }
    if own:
        found["application_id"] = server.application_id
    for key, value in (("message_reference", one.reference), ("interaction_metadata", one.metadata)):
        if value is not None:
            found[key] = value
    if one.metadata is not None:
        found["webhook_id"] = server.application_id
    return found


def metadata(server: Server, asked: Asked) -> Payload:
    """Returns what a message tells about the interaction that it answers."""
    owners = asked.payload["authorizing_integration_owners"]
    found: Payload = {"id": asked.id, "type": asked.type, "user": server.user_object(asked.user)}
    found["authorizing_integration_owners"] = owners
    if asked.type == 2:
        found["name"], found["command_type"] = asked.name, asked.payload["data"]["type"]
    if asked.source is not None:
        found["interacted_message_id"] = asked.source.id
    return found


def interaction(server: Server, kind: int, user: str, place: Channel, data: Payload, source: Message | None) -> Payload:
    """Returns an interaction in some place; its id and its token are new."""
    guild = place.guild
    owners: dict[str, str] = {}
    if place.kind == "dm" or (guild is not None and guild.installed):
        owners["0"] = guild.id if guild else "0"
    if user in server.installed_by:
        owners["1"] = user
    where = channel(server, place)
    found: Payload = {
        "id": server.new_id(),
        "application_id": server.application_id,
        "type": kind,
        "data": data,
        "token": "",
        "version": 1,
        "channel_id": place.id,
        "channel": where,
        "locale": server.locale(user),
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": owners,
        "context": {"dm": 1, "group": 2}.get(place.kind, 0),
        "attachment_size_limit": 10_485_760,
    }
    if guild is None:
        found |= {
            "user": server.user_object(user),
            "app_permissions": str(IN_PRIVATE | (1 << 18) * (place.kind == "dm")),
        }
    else:
        rank = server.rank(user, place)
        where["permissions"] = str(rank)
        allowed = place.permissions if place.permissions is not None else IN_PRIVATE
        found |= {"guild_id": guild.id, "guild_locale": guild.locale, "member": member(server, guild, user, rank)}
        found |= {
            "guild": {"id": guild.id, "locale": guild.locale, "features": features(guild)},
            "app_permissions": str(allowed),
        }
    if source is not None:
        found["message"] = message(server, source)
        if source.flags & EPHEMERAL:
            found["message"]["flags"] |= EPHEMERAL
    return found


def presence(server: Server) -> dict[str, Any]:
    """Returns what READY tells of the user."""
    return {**server.bot, "verified": True, "mfa_enabled": True, "email": None, "flags": 0, "bio": ""}
