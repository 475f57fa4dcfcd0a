"""Answers to interactions: the callback, and what can be done with the token for a quarter of an hour."""

import time
from typing import Any

from tests.fakes import discord_payloads as payloads
from tests.fakes.discord_components import choice_problems, modal_problems
from tests.fakes.discord_errors import Path, Problem, choice, no, wrong
from tests.fakes.discord_posting import Posting
from tests.fakes.discord_records import EPHEMERAL, Asked, Message, Modal, Payload
from tests.fakes.discord_rest import Call, Routes
from tests.fakes.discord_server import Server

COMMAND, COMPONENT, COMPLETE, SUBMIT = 2, 3, 4, 5
MESSAGE, DEFER, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
ALLOWED = {
    COMMAND: {MESSAGE, DEFER, MODAL},
    COMPONENT: {MESSAGE, DEFER, DEFER_UPDATE, UPDATE, MODAL},
    COMPLETE: {CHOICES},
    SUBMIT: {MESSAGE, DEFER},
}
DATA: Path = ("data",)
_MOST_FOREIGN = 5


class Answers:
    """Answers calls that carry the token of an interaction."""

    def __init__(self, server: Server, posting: Posting, routes: Routes) -> None:
        self._server, self._posting = server, posting
        message = "/webhooks/{id}/{token}/messages/{message_id}"
        routes.add("POST /interactions/{id}/{token}/callback", self._callback)
        routes.add("POST /webhooks/{id}/{token}", self._follow_up)
        routes.add(f"GET {message}", self._get)
        routes.add(f"PATCH {message}", self._edit)
        routes.add(f"DELETE {message}", self._delete)

    async def _callback(self, call: Call) -> Payload | None:
        asked = self._server.asked.get(call.ids["id"])
        if asked is None or asked.token != call.ids["token"]:
            raise no(10062)
        after = time.monotonic() - asked.made
        if asked.response is not None:
            if not asked.disturbed:
                self._server.object_(call.where, f"{asked.name} was already answered")
            raise no(40060)
        if after > self._server.answer_within or asked.error is not None:
            if not self._server.tolerates_timeouts:
                self._server.object_(call.where, f"{asked.name} was answered after {after:.1f} s, too late")
            asked.too_late = True
            raise no(10062)
        payload = call.payload
        self._fits(asked, payload)
        self._take(call.where, asked, payload)
        # An answer that is refused leaves the interaction open, so it counts only from here on.
        asked.response, asked.answered_after = payload, after
        asked.settled.set()
        return self._told(asked, payload["type"]) if call.query.get("with_response") in ("true", "1") else None

    def _fits(self, asked: Asked, payload: Payload) -> None:
        allowed = ALLOWED[asked.type] | ({DEFER_UPDATE, UPDATE} if asked.source and asked.type == SUBMIT else set())
        wrong(choice(payload, "type", (), sorted(allowed)))
        if payload["type"] not in (DEFER, DEFER_UPDATE) and not isinstance(payload.get("data"), dict):
            wrong([Problem(DATA, "BASE_TYPE_REQUIRED", "This field is required")])

    def _take(self, where: str, asked: Asked, payload: Payload) -> None:
        data: Payload = payload.get("data") or {}
        kind, ephemeral = payload["type"], bool(int(data.get("flags") or 0) & EPHEMERAL)
        if kind == MESSAGE:
            asked.original = self._posting.answer(where, asked, data, DATA, ephemeral=ephemeral)
            asked.touch(asked.original)
        elif kind == DEFER:
            asked.deferred, asked.original = True, self._posting.thinking(asked, ephemeral=ephemeral)
        elif kind == DEFER_UPDATE:
            asked.deferred, asked.original = True, asked.source
        elif kind == UPDATE:
            assert asked.source is not None
            if asked.source.deleted:
                raise no(10008)
            asked.original = self._posting.edit(where, data, asked.source, DATA)
            asked.touch(asked.original)
        elif kind == CHOICES:
            wrong(choice_problems(data.get("choices")), DATA)
            asked.choices = data["choices"]
        else:
            wrong(modal_problems(data), DATA)
            asked.modal = Modal(asked.user, asked.channel, data, asked.source)

    def _told(self, asked: Asked, kind: int) -> Payload:
        about: Payload = {"id": asked.id, "type": asked.type}
        told: Payload = {"interaction": about}
        if asked.original is not None:
            about["response_message_id"] = asked.original.id
            about["response_message_loading"] = asked.original.loading
            about["response_message_ephemeral"] = asked.original.ephemeral_to is not None
            told["resource"] = {"type": kind, "message": payloads.message(self._server, asked.original)}
        return told

    def _asked(self, call: Call) -> Asked:
        if call.ids["id"] != self._server.application_id:
            raise no(10015)
        asked = self._server.tokens.get(call.ids["token"])
        if asked is None or time.monotonic() - asked.made > self._server.token_seconds:
            if asked is not None:
                self._server.object_(call.where, f"the token of {asked.name} is not valid any more")
            raise no(50027)
        if asked.response is None:
            raise no(10015)
        return asked

    async def _follow_up(self, call: Call) -> Payload:
        asked, payload = self._asked(call), call.payload
        original = asked.original
        if original is not None and original.loading:
            # The first follow-up takes the place of "is thinking", and is as private as that was.
            kept = {key: value for key, value in payload.items() if key != "flags"}
            kept |= {"flags": int(payload.get("flags") or 0) & ~EPHEMERAL} if "flags" in payload else {}
            message = self._posting.edit(call.where, kept, original)
        else:
            asked.follow_ups += 1
            if asked.foreign and asked.follow_ups > _MOST_FOREIGN:
                raise no(40094)
            ephemeral = bool(int(payload.get("flags") or 0) & EPHEMERAL)
            message = self._posting.answer(call.where, asked, payload, ephemeral=ephemeral)
            message.type, message.reference = 0, self._reference(original)
        asked.touch(message)
        return payloads.message(self._server, message)

    def _reference(self, original: Message | None) -> Payload | None:
        return None if original is None else {"type": 0, "message_id": original.id, "channel_id": original.channel}

    def _message(self, call: Call) -> tuple[Asked, Message]:
        asked, id_ = self._asked(call), call.ids["message_id"]
        if id_ == "@original":
            found = asked.original
        else:
            own = [one for one in asked.touched if one.id == id_]
            found = own[0] if own else asked.source if asked.source and asked.source.id == id_ else None
        if found is None or found.deleted:
            raise no(10008)
        return asked, found

    async def _get(self, call: Call) -> Payload:
        return payloads.message(self._server, self._message(call)[1])

    async def _edit(self, call: Call) -> Payload:
        asked, message = self._message(call)
        self._posting.edit(call.where, call.payload, message)
        asked.touch(message)
        return payloads.message(self._server, message)

    async def _delete(self, call: Call) -> Any:
        self._posting.delete(self._message(call)[1])
