"""Calls about the app itself: who it is, where it is, its Gateway and its commands."""

import copy
import time
from collections import deque
from typing import Any

from tests.fakes import discord_payloads as payloads
from tests.fakes.discord_commands import SLASH, all_problems, command_problems
from tests.fakes.discord_errors import Problem, no, wrong
from tests.fakes.discord_records import Guild, Payload
from tests.fakes.discord_rest import Call, Routes
from tests.fakes.discord_server import EVERYTHING, Server

_DAY = 86_400.0


class Application:
    """Answers calls about the app."""

    def __init__(self, server: Server, routes: Routes) -> None:
        self._server = server
        for route, handler in {
            "GET /users/@me": self._me,
            "GET /users/@me/guilds": self._guilds,
            "POST /users/@me/channels": self._dm,
            "GET /users/{id}": self._user,
            "GET /applications/@me": self._application,
            "GET /oauth2/applications/@me": self._application,
            "GET /gateway": self._gateway,
            "GET /gateway/bot": self._gateway_bot,
            "GET /guilds/{id}": self._guild,
            "GET /guilds/{id}/channels": self._channels,
            "GET /guilds/{id}/members/{user_id}": self._member,
        }.items():
            routes.add(route, handler)
        for under in ("/applications/{id}/commands", "/applications/{id}/guilds/{guild_id}/commands"):
            routes.add(f"GET {under}", self._commands)
            routes.add(f"PUT {under}", self._overwrite)
            routes.add(f"POST {under}", self._create)
            routes.add(f"GET {under}/{{command_id}}", self._command)
            routes.add(f"PATCH {under}/{{command_id}}", self._change)
            routes.add(f"DELETE {under}/{{command_id}}", self._delete)

    async def _me(self, _call: Call) -> Payload:
        return payloads.presence(self._server)

    async def _user(self, call: Call) -> Payload:
        me = call.ids["id"] == self._server.bot_user_id
        return self._server.bot if me else self._server.user_object(call.ids["id"])

    async def _application(self, _call: Call) -> Payload:
        return payloads.application(self._server)

    async def _gateway(self, _call: Call) -> Payload:
        return {"url": self._server.gateway_url}

    async def _gateway_bot(self, _call: Call) -> Payload:
        server = self._server
        limit = {"total": server.session_total, "remaining": max(0, server.session_remaining)}
        limit |= {"reset_after": server.session_reset_after, "max_concurrency": server.max_concurrency}
        return {"url": server.gateway_url, "shards": server.shards, "session_start_limit": limit}

    async def _guilds(self, call: Call) -> list[Payload]:
        after, limit = int(call.query.get("after") or 0), int(call.query.get("limit") or 200)
        before = int(call.query.get("before") or 2**63)
        if not 1 <= limit <= 200:
            wrong([Problem(("limit",), "NUMBER_TYPE_RANGE", "limit must be between 1 and 200.")])
        found = sorted(self._server.visible_guilds(), key=lambda guild: int(guild.id))
        found = [guild for guild in found if after < int(guild.id) < before]
        listed = found[:limit] if after or before == 2**63 else found[-limit:]
        return [
            {"id": guild.id, "name": guild.name, "icon": None, "banner": None, "owner": False,
             "permissions": str(EVERYTHING), "features": payloads.features(guild)}
            for guild in listed
        ]  # fmt: skip

    def _installed(self, id_: str) -> Guild:
        guild = self._server.guilds.get(id_)
        if guild is None:
            raise no(10004)
        if not guild.installed:
            raise no(50001)
        return guild

    async def _guild(self, call: Call) -> Payload:
        return payloads.guild_object(self._server, self._installed(call.ids["id"]))

    async def _channels(self, call: Call) -> list[Payload]:
        guild = self._installed(call.ids["id"])
        inside = [one for one in self._server.channels.values() if one.guild is guild and not one.deleted]
        return [payloads.channel(self._server, one) for one in inside if one.kind != "thread"]

    async def _member(self, call: Call) -> Payload:
        return payloads.member(self._server, self._installed(call.ids["id"]), call.ids["user_id"])

    async def _dm(self, call: Call) -> Payload:
        user = str(call.payload.get("recipient_id") or "")
        if not user.isdigit():
            wrong([Problem(("recipient_id",), "NUMBER_TYPE_COERCE", f"Value {user!r} is not snowflake.")])
        return payloads.channel(self._server, self._server.channels[self._server.dm(user)])

    def _scope(self, call: Call) -> tuple[list[Payload], str]:
        if call.ids["id"] != self._server.application_id:
            self._server.object_(call.where, "that is another application's id")
            raise no(50001)
        guild = call.ids.get("guild_id")
        if guild is None:
            return self._server.commands, ""
        self._installed(guild)
        return self._server.guild_commands.setdefault(guild, []), guild

    async def _commands(self, call: Call) -> list[Payload]:
        return copy.deepcopy(self._scope(call)[0])

    async def _command(self, call: Call) -> Payload:
        return copy.deepcopy(self._one(call)[1])

    def _one(self, call: Call) -> tuple[list[Payload], Payload]:
        commands, _ = self._scope(call)
        for command in commands:
            if command["id"] == call.ids["command_id"]:
                return commands, command
        raise no(10063)

    async def _overwrite(self, call: Call) -> list[Payload]:
        commands, guild = self._scope(call)
        if not isinstance(call.body, list) or not all(isinstance(one, dict) for one in call.body):
            raise no(50109)
        wrong(all_problems(call.body))
        known = {_key(one): one for one in commands}
        self._count(guild, sum(_key(one) not in known for one in call.body))
        commands[:] = [self._kept(one, guild, known.get(_key(one))) for one in call.body]
        return copy.deepcopy(commands)

    async def _create(self, call: Call) -> Payload:
        commands, guild = self._scope(call)
        same = next((one for one in commands if _key(one) == _key(call.payload)), None)
        wrong(command_problems(call.payload))
        others = [one for one in commands if one is not same]
        wrong(all_problems([*others, call.payload]))
        self._count(guild, int(same is None))
        commands[:] = [*others, kept := self._kept(call.payload, guild, same)]
        return copy.deepcopy(kept)

    async def _change(self, call: Call) -> Payload:
        commands, command = self._one(call)
        changed = {**command, **call.payload}
        wrong(command_problems(changed))
        commands[commands.index(command)] = kept = self._kept(changed, command.get("guild_id", ""), command)
        return copy.deepcopy(kept)

    async def _delete(self, call: Call) -> None:
        commands, command = self._one(call)
        commands.remove(command)

    def _count(self, guild: str, new: int) -> None:
        times, now = self._server.creates.setdefault(guild, deque()), time.time()
        while times and times[0] < now - _DAY:
            times.popleft()
        if len(times) + new > self._server.creates_a_day:
            raise no(30034)
        times.extend([now] * new)

    def _kept(self, command: Payload, guild: str, before: Payload | None) -> Payload:
        """Returns a command as Discord keeps it."""
        kept: Payload = {
            "id": before["id"] if before else self._server.new_id(),
            "application_id": self._server.application_id,
            "version": self._server.new_id(),
            "default_member_permissions": None,
            "type": SLASH,
            "description": "",
            "dm_permission": True,
            "contexts": None,
            "integration_types": [0],
            "nsfw": False,
            "name_localizations": None,
            "description_localizations": None,
        }
        kept |= {key: value for key, value in copy.deepcopy(command).items() if key not in ("id", "version")}
        if before is not None and {**before, "version": ""} == {**kept, "version": ""}:
            kept["version"] = before["version"]
        return kept | ({"guild_id": guild} if guild else {})


def _key(command: Payload) -> tuple[Any, Any]:
    return command.get("type") or SLASH, command.get("name")
