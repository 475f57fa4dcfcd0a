"""Calls about channels: messages, threads and posts of forums."""

from tests.fakes import discord_payloads as payloads
from tests.fakes.discord_errors import Path, Problem, no, text, wrong
from tests.fakes.discord_posting import Posting
from tests.fakes.discord_records import Channel, Message, Payload
from tests.fakes.discord_rest import Call, Routes
from tests.fakes.discord_server import (
    GUILDS,
    HISTORY,
    MANAGE_MESSAGES,
    MANAGE_THREADS,
    PUBLIC_THREADS,
    SEND,
    VIEW,
    Server,
    type_of,
)

CROSSPOSTED, HAS_THREAD = 1 << 0, 1 << 5
_MOST_TAGS = 5


class Channels:
    """Answers calls about channels."""

    def __init__(self, server: Server, posting: Posting, routes: Routes) -> None:
        self._server, self._posting = server, posting
        message = "/channels/{id}/messages/{message_id}"
        for route, handler in {
            "GET /channels/{id}": self._channel,
            "GET /channels/{id}/messages": self._history,
            "GET /channels/{id}/threads/archived/public": self._archived,
            "GET /guilds/{id}/threads/active": self._active,
            f"GET {message}": self._message,
        }.items():
            routes.add(route, handler)
        routes.add("POST /channels/{id}/messages", self._send)
        routes.add(f"PATCH {message}", self._edit)
        routes.add(f"DELETE {message}", self._delete)
        routes.add(f"POST {message}/crosspost", self._crosspost)
        routes.add(f"POST {message}/threads", self._thread_of_message)
        routes.add("POST /channels/{id}/threads", self._thread)
        routes.add("POST /channels/{id}/typing", self._typing)

    def _shown(self, message: Message) -> Payload:
        return payloads.message(self._server, message, veiled="message_content" not in self._server.privileged)

    async def _channel(self, call: Call) -> Payload:
        return payloads.channel(self._server, self._posting.place(call.ids["id"]))

    async def _typing(self, call: Call) -> None:
        self._posting.to_send(call.ids["id"])

    async def _history(self, call: Call) -> list[Payload]:
        place = self._posting.place(call.ids["id"])
        limit = int(call.query.get("limit") or 50)
        if not 1 <= limit <= 100:
            wrong([Problem(("limit",), "NUMBER_TYPE_RANGE", "limit must be between 1 and 100.")])
        if not (self._posting.rights(place) or 0) & HISTORY:
            return []
        found = self._server.messages(place.id)
        if "after" in call.query:
            found = [one for one in found if int(one.id) > int(call.query["after"])][:limit]
        if "before" in call.query:
            found = [one for one in found if int(one.id) < int(call.query["before"])]
        if "around" in call.query:
            earlier = sum(int(one.id) < int(call.query["around"]) for one in found)
            found = found[max(0, earlier - limit // 2) :][:limit]
        return [self._shown(one) for one in reversed(found[-limit:])]

    async def _active(self, call: Call) -> Payload:
        found = [one for one in self._server.threads() if one.guild and one.guild.id == call.ids["id"]]
        return self._listed(found, archived=False)

    async def _archived(self, call: Call) -> Payload:
        place = self._posting.place(call.ids["id"], HISTORY)
        return self._listed(self._server.threads(place.id), archived=True)

    def _listed(self, threads: list[Channel], *, archived: bool) -> Payload:
        found = [
            one for one in reversed(threads) if one.archived == archived and (self._posting.rights(one) or 0) & VIEW
        ]
        return {"threads": [payloads.channel(self._server, one) for one in found], "members": [], "has_more": False}

    async def _message(self, call: Call) -> Payload:
        place = self._posting.place(call.ids["id"], HISTORY)
        return self._shown(self._public(place, call))

    def _public(self, place: Channel, call: Call) -> Message:
        found = self._posting.message(place.id, call.ids["message_id"])
        if found.ephemeral_to is not None:
            raise no(10008)
        return found

    async def _send(self, call: Call) -> Payload:
        place, payload = self._posting.to_send(call.ids["id"]), call.payload
        if place.locked:
            raise no(160005)
        place.archived = False
        payload["attachments"] = _attached(payload, call)
        key = f"{payload.get('nonce')}" if payload.get("enforce_nonce") else ""
        found = self._server.nonces.get(key)
        now = self._server.clock()
        if key and found is not None and now - found[0] < self._server.nonce_seconds:
            if found[1].channel != place.id:
                self._server.object_(call.where, f"the nonce {key!r} was already used in another channel")
            return {**self._shown(found[1]), "nonce": payload["nonce"]}
        message = self._posting.create(call.where, payload, place)
        if key:
            self._server.nonces[key] = now, message
        return self._shown(message) | ({"nonce": payload["nonce"]} if payload.get("nonce") is not None else {})

    async def _edit(self, call: Call) -> Payload:
        message = self._public(self._posting.place(call.ids["id"]), call)
        if message.author != self._server.bot_user_id:
            raise no(50005)
        return self._shown(self._posting.edit(call.where, call.payload, message))

    async def _delete(self, call: Call) -> None:
        place = self._posting.place(call.ids["id"])
        message = self._public(place, call)
        if message.author != self._server.bot_user_id and not (place.permissions or 0) & MANAGE_MESSAGES:
            raise no(50013)
        self._posting.delete(message)

    async def _crosspost(self, call: Call) -> Payload:
        place = self._posting.place(call.ids["id"], SEND)
        message = self._public(place, call)
        if place.kind != "announcement":
            raise no(50024)
        if message.flags & CROSSPOSTED:
            raise no(40033)
        message.flags |= CROSSPOSTED
        return self._shown(message)

    async def _thread_of_message(self, call: Call) -> Payload:
        place = self._posting.place(call.ids["id"], PUBLIC_THREADS)
        message = self._public(place, call)
        wrong(text(call.payload, "name", (), 100))
        if message.flags & HAS_THREAD:
            raise no(160004)
        message.flags |= HAS_THREAD
        return payloads.channel(self._server, self._started(place, call.payload, message.id))

    async def _thread(self, call: Call) -> Payload:
        place, payload = self._posting.place(call.ids["id"]), call.payload
        wrong(text(payload, "name", (), 100))
        if place.kind == "forum":
            return self._post(call, place, payload)
        if place.kind not in ("text", "announcement"):
            raise no(50024)
        self._posting.place(place.id, PUBLIC_THREADS)
        return payloads.channel(self._server, self._started(place, payload, self._server.new_id()))

    def _post(self, call: Call, place: Channel, payload: Payload) -> Payload:
        self._posting.place(place.id, SEND)
        tags = [str(tag) for tag in payload.get("applied_tags") or []]
        if len(tags) > _MOST_TAGS:
            wrong([Problem(("applied_tags",), "BASE_TYPE_MAX_LENGTH", f"Must be {_MOST_TAGS} or fewer in length.")])
        if not set(tags) <= set(place.tags):
            raise no(10087)
        if set(tags) & place.moderated:
            self._posting.place(place.id, MANAGE_THREADS)
        if place.tag_required and not tags:
            raise no(40067)
        first = payload.get("message")
        path: Path = ("message",)
        if not isinstance(first, dict):
            wrong([Problem(path, "BASE_TYPE_REQUIRED", "This field is required")])
            raise AssertionError
        id_ = self._server.new_id()
        # The thread is there before its first message is, and must not stay if that is refused.
        thread = self._server.add_channel("thread", str(payload["name"]), place.guild, id_, parent=place.id)
        thread.permissions, thread.applied_tags = place.permissions, tags
        first["attachments"] = _attached(first, call)
        try:
            message = self._posting.create(call.where, first, thread, prefix=path, id=id_)
        except Exception:
            del self._server.channels[id_]
            raise
        self._server.emit("THREAD_CREATE", payloads.channel(self._server, thread), place.guild, GUILDS)
        return {**payloads.channel(self._server, thread), "message": self._shown(message)}

    def _started(self, place: Channel, payload: Payload, id_: str) -> Channel:
        thread = self._server.add_channel("thread", str(payload["name"]), place.guild, id_, parent=place.id)
        thread.permissions = place.permissions
        data = payloads.channel(self._server, thread) | {"newly_created": True, "type": type_of(thread)}
        self._server.emit("THREAD_CREATE", data, place.guild, GUILDS)
        return thread


def _attached(payload: Payload, call: Call) -> list[Payload]:
    """Returns the files of a message as it shows them."""
    listed = {str(one.get("id")): one for one in payload.get("attachments") or [] if isinstance(one, dict)}
    found = []
    for file in call.files:
        url = f"https://cdn.discordapp.invalid/attachments/{file['id']}/{file['filename']}"
        found.append({**file, **listed.get(file["id"], {}), "url": url, "proxy_url": url})
    return found
