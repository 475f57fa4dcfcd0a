"""How the app makes, changes and deletes messages, whichever way it does."""

import copy
import re
import time
from typing import Any

from tests.fakes import discord_payloads as payloads
from tests.fakes.discord_contents import empty, manners, message_problems, nonce_problems
from tests.fakes.discord_errors import Path, Problem, no, wrong
from tests.fakes.discord_records import (
    COMPONENTS_V2,
    EPHEMERAL,
    LOADING,
    SUPPRESS_EMBEDS,
    Asked,
    Channel,
    Message,
    Payload,
    tree,
)
from tests.fakes.discord_server import DIRECT_MESSAGES, GUILD_MESSAGES, SEND, SEND_IN_THREADS, VIEW, Server

CHANGING = ("content", "embeds", "components", "flags", "attachments", "sticker_ids", "poll")
SILENT, COMMAND = 1 << 12, 2
SETTABLE = SUPPRESS_EMBEDS | SILENT | COMPONENTS_V2
_MENTION = re.compile(r"<@!?(\d+)>")


class Posting:
    """Checks messages and carries out what is asked for."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def place(self, id_: str, *needed: int) -> Channel:
        """Returns a channel in which the bot has these permissions."""
        place = self._server.channels.get(id_)
        if place is None or place.deleted:
            raise no(10003)
        has = self.rights(place)
        if has is None or not has & VIEW or (place.guild is not None and not place.guild.installed):
            raise no(50001)
        if any(not has & one for one in needed):
            raise no(50013)
        return place

    def rights(self, place: Channel) -> int | None:
        """Returns what the bot may do in a channel; in a thread, what it may in the channel of that."""
        parent = self._server.channels.get(place.parent or "")
        return place.permissions if parent is None else parent.permissions

    def to_send(self, id_: str) -> Channel:
        """Returns a channel in which the bot may write."""
        place = self.place(id_)
        if place.kind == "forum":
            raise no(50008)
        if place.kind == "dm" and place.people & self._server.closed_dms:
            raise no(50007)
        return self.place(id_, SEND_IN_THREADS if place.kind == "thread" else SEND)

    def message(self, channel: str, id_: str) -> Message:
        """Returns a message that is still there."""
        found = self._server.posted.get(id_)
        if found is None or found.deleted or found.channel != channel:
            raise no(10008)
        return found

    def create(
        self,
        where: str,
        payload: Payload,
        place: Channel,
        *,
        ephemeral_to: str | None = None,
        prefix: Path = (),
        **more: Any,
    ) -> Message:
        """Makes a message."""
        flags = int(payload.get("flags") or 0)
        if flags & EPHEMERAL and ephemeral_to is None:
            self._server.object_(where, "only answers to interactions can be ephemeral")
        state = {key: payload.get(key) for key in CHANGING} | {"flags": flags & SETTABLE}
        self._check(where, payload, state, prefix)
        flags = flags & SETTABLE | (EPHEMERAL if ephemeral_to else 0)
        fields: dict[str, Any] = {
            "content": str(payload.get("content") or ""),
            "embeds": copy.deepcopy(payload.get("embeds") or []),
        }
        fields |= {"components": with_ids(payload.get("components") or [])}
        fields |= {"attachments": copy.deepcopy(payload.get("attachments") or []), "nonce": payload.get("nonce")}
        fields |= {"reference": payload.get("message_reference")} | more
        id_ = str(fields.pop("id", "") or self._server.new_id())
        message = Message(id_, place.id, self._server.bot_user_id, flags=flags, ephemeral_to=ephemeral_to, **fields)
        self._server.post(message)
        if ephemeral_to is None:
            announce(self._server, message)
        return message

    def edit(self, where: str, payload: Payload, message: Message, prefix: Path = ()) -> Message:
        """Changes a message."""
        flags = message.flags
        if payload.get("flags") is not None:
            asked = int(payload["flags"])
            if message.flags & COMPONENTS_V2 and not asked & COMPONENTS_V2:
                words = "The IS_COMPONENTS_V2 flag cannot be removed from a message"
                wrong([Problem(("flags",), "MESSAGE_COMPONENTS_V2_CANNOT_BE_UNSET", words)], prefix)
            flags = flags & ~(SUPPRESS_EMBEDS | COMPONENTS_V2) | asked & (SUPPRESS_EMBEDS | COMPONENTS_V2)
        before = {"content": message.content, "embeds": message.embeds, "components": message.components}
        before |= {"attachments": message.attachments}
        state = before | {key: payload[key] for key in CHANGING if key in payload} | {"flags": flags}
        self._check(where, payload, state, prefix)
        message.edits.append(copy.deepcopy({**before, "flags": message.flags, "shown": message.shown}))
        message.content = str(state["content"] or "")
        message.embeds, message.attachments = (copy.deepcopy(state[key] or []) for key in ("embeds", "attachments"))
        message.components = with_ids(state["components"] or [])
        message.flags, message.edited = flags & ~LOADING, time.time()
        if message.ephemeral_to is None:
            announce(self._server, message, "MESSAGE_UPDATE")
        return message

    def _check(self, where: str, payload: Payload, state: Payload, prefix: Path) -> None:
        wrong([*message_problems(state), *nonce_problems(payload)], prefix)
        if empty(state):
            raise no(50006)
        for objection in manners(payload, state):
            self._server.object_(where, objection)

    def delete(self, message: Message) -> None:
        """Deletes a message."""
        message.deleted = True
        if message.ephemeral_to is None:
            place = self._server.channels[message.channel]
            data: Payload = {"id": message.id, "channel_id": message.channel}
            data |= {"guild_id": place.guild.id} if place.guild else {}
            self._server.emit("MESSAGE_DELETE", data, place.guild, GUILD_MESSAGES if place.guild else DIRECT_MESSAGES)

    def answer(self, where: str, asked: Asked, payload: Payload, prefix: Path = (), *, ephemeral: bool) -> Message:
        """Makes a message that answers an interaction."""
        place, about = self._server.channels[asked.channel], payloads.metadata(self._server, asked)
        if place.deleted:
            raise no(10003)
        to = asked.user if ephemeral or asked.forced_ephemeral else None
        return self.create(where, payload, place, ephemeral_to=to, prefix=prefix, metadata=about, type=kind_of(asked))

    def thinking(self, asked: Asked, *, ephemeral: bool) -> Message:
        """Makes the message that says that the app is thinking."""
        to = asked.user if ephemeral or asked.forced_ephemeral else None
        flags = LOADING | (EPHEMERAL if to else 0)
        one = Message(self._server.new_id(), asked.channel, self._server.bot_user_id, flags=flags, ephemeral_to=to)
        one.metadata = payloads.metadata(self._server, asked)
        one.type = kind_of(asked)
        return self._server.post(one)


def kind_of(asked: Asked) -> int:
    """Returns the type of a message that answers: those to commands say so."""
    if asked.type != COMMAND:
        return 0
    return 20 if asked.payload["data"]["type"] == 1 else 23


def with_ids(components: list[Payload]) -> list[Payload]:
    """Returns components as Discord keeps them: each has a number."""
    kept = copy.deepcopy(components)
    taken = {one["id"] for one in tree(kept) if one.get("id")}
    free = (number for number in range(1, 10_000) if number not in taken)
    for one in tree(kept):
        one["id"] = one.get("id") or next(free)
        for media in [one, *one.get("items", [])]:
            for key in ("media", "file"):
                if isinstance(media.get(key), dict):
                    media[key] = {"proxy_url": media[key]["url"], "loading_state": 2, "placeholder": "", **media[key]}
    return kept


def announce(server: Server, message: Message, event: str = "MESSAGE_CREATE") -> None:
    """Tells the app of a message, if it has the intent."""
    place = server.channels[message.channel]
    if place.kind == "group" or (place.guild is not None and (not place.guild.installed or place.permissions is None)):
        return
    data = payloads.message(server, message, veiled="message_content" not in server.privileged)
    if place.guild is not None:
        who = payloads.member(server, place.guild, message.author)
        data |= {"guild_id": place.guild.id, "member": {key: who[key] for key in who if key != "user"}}
    server.emit(event, data, place.guild, GUILD_MESSAGES if place.guild else DIRECT_MESSAGES)


def mentions(text: str) -> list[str]:
    """Returns whom a text mentions."""
    return list(dict.fromkeys(_MENTION.findall(text)))
