"""What people do: they ask, click, choose, fill in and talk, and Discord tells the app."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.fakes import discord_options as options
from tests.fakes import discord_payloads as payloads
from tests.fakes.discord_commands import MESSAGE, USER
from tests.fakes.discord_gateway import Gateway
from tests.fakes.discord_posting import announce, mentions
from tests.fakes.discord_records import Asked, Channel, Kind, Message, Modal, Payload, length, tree
from tests.fakes.discord_server import EXTERNAL_APPS, GUILDS, USUAL, Server
from tests.fakes.secret import secret

COMMAND, COMPONENT, COMPLETE, SUBMIT = 2, 3, 4, 5
BUTTON, SELECT, ROW, INPUT, TEXT, LABEL, LINK = 2, 3, 1, 4, 10, 18, 5
_CONTROLS = frozenset({2, 3, 5, 6, 7, 8})


class People(Server):
    """A Discord in which people do things; who cannot do something in Discord cannot do it here."""

    def __init__(self, guilds: int = 1, shards: int = 1) -> None:
        super().__init__(guilds, shards)
        self.gateway = Gateway(self)

    def user(self, name: str, *, locale: str = "en-US", installed: bool = False) -> str:
        """Makes somebody, who may have installed the app for themselves, and returns their id."""
        id_ = self.new_id()
        self.people[id_] = {"name": name, "locale": locale}
        self.installed_by |= {id_} if installed else set()
        return id_

    async def guild(
        self,
        name: str,
        members: list[str],
        *,
        locale: str = "en-US",
        installed: bool = True,
        external_apps: bool = True,
    ) -> str:
        """Makes a server with members, of whom the first owns it, and returns its id."""
        guild = self.add_guild(name, members, locale=locale, installed=installed)
        guild.external_apps = external_apps
        if installed:
            # By this key the libraries tell a server that came back from one that is new.
            new = {key: value for key, value in payloads.guild_object(self, guild).items() if key != "unavailable"}
            self.emit("GUILD_CREATE", new, guild, GUILDS)
        return guild.id

    async def channel(
        self, guild: str, name: str, kind: Kind = "text", *, bot: bool = True, permissions: int = USUAL,
        tags: tuple[str, ...] = (), tag_required: bool = False,
    ) -> str:  # fmt: skip
        """Makes a channel of a server, in which the bot has some permissions or is not, and returns its id."""
        place = self.add_channel(kind, name, self.guilds[guild])
        place.permissions = permissions if bot and self.guilds[guild].installed else None
        place.tags, place.tag_required = {self.new_id(): tag for tag in tags}, tag_required
        if place.permissions is not None:
            self.emit("CHANNEL_CREATE", payloads.channel(self, place), place.guild, GUILDS)
        return place.id

    async def thread(self, channel: str, name: str) -> str:
        """Makes a thread in a channel, or a post in a forum, and returns its id."""
        parent = self.channels[channel]
        place = self.add_channel("thread", name, parent.guild, parent=channel, permissions=parent.permissions)
        self.emit("THREAD_CREATE", payloads.channel(self, place), place.guild, GUILDS)
        return place.id

    async def allow(self, user: str, guild: str, command: str) -> None:
        """Lets an admin allow somebody a command, whatever permissions it asks for."""
        self.guilds[guild].allowed.add((user, command))

    async def group(self, people: list[str], name: str = "") -> str:
        """Makes a conversation of several people, in which the bot is not, and returns its id."""
        return self.add_channel("group", name, people=set(people)).id

    async def remove_bot(self, guild: str) -> None:
        """Removes the app from a server."""
        self.guilds[guild].installed = False
        self.emit("GUILD_DELETE", {"id": guild}, self.guilds[guild], GUILDS)

    async def delete_channel(self, channel: str) -> None:
        """Deletes a channel."""
        place = self.channels[channel]
        place.deleted = True
        self.emit("CHANNEL_DELETE", payloads.channel(self, place), place.guild, GUILDS)

    async def delete_message(self, message: Message) -> None:
        """Deletes a message, as a moderator can."""
        message.deleted = True

    async def say(self, user: str, channel: str, text: str, **more: Any) -> Message:
        """Lets somebody write a message; the app is told if it has the intent."""
        self._at(user, channel)
        message = Message(self.new_id(), channel, user, text, mentions=mentions(text), **more)
        self.post(message)
        announce(self, message)
        return message

    def _at(self, user: str, channel: str) -> Channel:
        place = self.channels[channel]
        if place.deleted or not self.sees(user, place):
            raise LookupError(f"{user} is not in {channel}")
        return place

    async def command(self, user: str, channel: str, command: str, given: Payload | None = None) -> Asked:
        """Lets somebody use a slash command; subcommands stand behind its name, as in "briefing company"."""
        place = self._at(user, channel)
        name, *path = command.split()
        found = options.find(self, user, place, name)
        listed = options.filled(found, path, given or {})
        data = self._data(found) | ({"options": listed} if listed else {})
        leaf = listed
        while leaf and "options" in leaf[0]:
            leaf = leaf[0]["options"]
        if things := options.resolved(self, place, leaf):
            data["resolved"] = things
        return await self.ask(COMMAND, user, place, data)

    def _data(self, command: Payload) -> Payload:
        scope = {"guild_id": command["guild_id"]} if "guild_id" in command else {}
        return {"id": command["id"], "name": command["name"], "type": command["type"], **scope}

    async def complete(
        self, user: str, channel: str, command: str, option: str, typed: str, given: Payload | None = None
    ) -> list[Payload]:
        """Lets somebody type into an option, and returns the choices that then show."""
        return (await self.completion(user, channel, command, option, typed, given)).choices or []

    async def completion(
        self, user: str, channel: str, command: str, option: str, typed: str, given: Payload | None = None
    ) -> Asked:
        """Lets somebody type into an option."""
        place = self._at(user, channel)
        name, *path = command.split()
        found = options.find(self, user, place, name)
        level = found
        for part in path:
            level = next((one for one in level.get("options", []) if one["name"] == part), {})
        known = {one["name"]: one for one in level.get("options") or []}
        if not known.get(option, {}).get("autocomplete"):
            raise LookupError(f"{command} does not complete {option!r}; it has {list(known)}")
        listed = options.filled(found, path, given or {}, (option, typed))
        return await self.ask(COMPLETE, user, place, self._data(found) | {"options": listed})

    async def context_menu(self, user: str, name: str, target: Message | str, channel: str = "") -> Asked:
        """Lets somebody choose a command of a message's menu, or of somebody's in a channel."""
        place = self._at(user, target.channel if isinstance(target, Message) else channel)
        if isinstance(target, Message):
            if target.deleted or target.ephemeral_to not in (None, user):
                raise LookupError("this message has no menu")
            found = options.find(self, user, place, name, MESSAGE)
            things = {"messages": {target.id: payloads.message(self, target)}}
            data = {**self._data(found), "target_id": target.id, "resolved": things}
        else:
            found = options.find(self, user, place, name, USER)
            things = {"users": {target: self.user_object(target)}}
            data = {**self._data(found), "target_id": target, "resolved": things}
        return await self.ask(COMMAND, user, place, data)

    async def click(self, user: str, message: Message, label_or_custom_id: str) -> Asked:
        """Lets somebody click the one button with this label or this custom_id."""
        buttons = [one for one in self._controls(user, message) if one["type"] == BUTTON]
        found = [one for one in buttons if one.get("label") == label_or_custom_id]
        found = found or [one for one in buttons if one.get("custom_id") == label_or_custom_id]
        if len(found) != 1:
            known = [(one.get("label"), one.get("custom_id")) for one in buttons]
            raise LookupError(f"{len(found)} buttons are called {label_or_custom_id!r}; there are {known}")
        if found[0].get("disabled") or found[0]["style"] == LINK:
            raise LookupError(f"{label_or_custom_id!r} is disabled or only a link")
        return await self._use(user, message, found[0], {})

    async def select(self, user: str, message: Message, custom_id: str, value: str, *others: str) -> Asked:
        """Lets somebody choose of a menu."""
        menus = [one for one in self._controls(user, message) if one["type"] != BUTTON]
        found = [one for one in menus if one["custom_id"] == custom_id]
        if len(found) != 1 or found[0].get("disabled"):
            raise LookupError(f"no menu {custom_id!r} can be used; there are {[one['custom_id'] for one in menus]}")
        menu, chosen = found[0], [value, *others]
        offered = [one["value"] for one in menu.get("options", [])]
        if menu["type"] == SELECT and not set(chosen) <= set(offered):
            raise LookupError(f"{chosen} are not all offered; there are {offered}")
        if not menu.get("min_values", 1) <= len(chosen) <= menu.get("max_values", 1):
            raise ValueError(f"{custom_id} takes another number of choices")
        return await self._use(user, message, menu, {"values": chosen})

    def _controls(self, user: str, message: Message) -> list[Payload]:
        place = self.channels[message.channel]
        if message.deleted or message.ephemeral_to not in (None, user) or not self.sees(user, place):
            raise LookupError(f"{user} does not see this message")
        return [one for one in tree(message.components) if one["type"] in _CONTROLS]

    async def _use(self, user: str, message: Message, control: Payload, more: Payload) -> Asked:
        data = {"component_type": control["type"], "custom_id": control["custom_id"], "id": control["id"], **more}
        return await self.ask(COMPONENT, user, self.channels[message.channel], data, message)

    async def submit(self, user: str, modal: Modal, values: dict[str, Any] | None = None) -> Asked:
        """Lets somebody fill in a modal, by custom_id or label, and send it."""
        if modal.user != user or modal.closed:
            raise LookupError(f"{user} has no such modal before them")
        left = dict(values or {})
        filled = list(filled_in(modal.components, left))
        if left:
            raise LookupError(f"the modal has no {list(left)}")
        modal.closed = True
        data = {"custom_id": modal.custom_id, "components": filled}
        return await self.ask(SUBMIT, user, self.channels[modal.channel], data, modal.message)

    async def ask(self, kind: int, user: str, place: Channel, data: Payload, source: Message | None = None) -> Asked:
        """Delivers an interaction, once, and waits until it is answered or too old to be."""
        payload = payloads.interaction(self, kind, user, place, data, source)
        payload["token"] = secret(secrets.token_urlsafe(90))
        asked = Asked(payload["id"], payload["token"], payload, user, place.id, source)
        owners = payload["authorizing_integration_owners"]
        asked.foreign = "0" not in owners
        rank = place.guild.members.get(user, 0) if place.guild else EXTERNAL_APPS
        silenced = place.guild is not None and not (place.guild.external_apps and rank & EXTERNAL_APPS)
        asked.forced_ephemeral = asked.foreign and silenced
        self.asked[asked.id] = self.tokens[asked.token] = asked
        self.gateway.deliver(asked)
        try:
            await asyncio.wait_for(asked.settled.wait(), self.answer_within)
        except TimeoutError:
            asked.error = "did not respond"
            if asked.delivered and not asked.disturbed and not self.tolerates_timeouts:
                self.object_(asked.name, "did not respond")
        return asked

    async def until(self, predicate: Callable[[], object], timeout: float = 30) -> float:
        """Waits until something is true, returns how long that took, and says what there is if it never comes."""
        start = time.monotonic()
        while not predicate():
            if time.monotonic() - start > timeout:
                calls = [f"{one.method} {one.url} -> {one.status} {one.fault}" for one in self.requests[-10:]]
                shown = [f"{one.channel} {one.id}: {one.shown[:80]!r}" for one in list(self.posted.values())[-10:]]
                raise AssertionError(f"not within {timeout} s; calls {calls}; messages {shown}; {self.objections}")
            await asyncio.sleep(0.01)
        return time.monotonic() - start


def filled_in(components: list[Payload], values: dict[str, Any]) -> Iterator[Payload]:
    """Yields the components of a modal as they are sent, and takes what was filled in out of the values."""
    for index, one in enumerate(components, 1):
        if one["type"] == TEXT:
            yield {"type": TEXT, "id": index}
            continue
        control = one["component"] if one["type"] == LABEL else one["components"][0]
        names = [name for name in (control["custom_id"], one.get("label"), control.get("label")) if name in values]
        value = values.pop(names[0]) if names else None
        sent = {"type": control["type"], "id": 100 + index, "custom_id": control["custom_id"], **_input(control, value)}
        inner = {"component": sent} if one["type"] == LABEL else {"components": [sent]}
        yield {"type": one["type"], "id": index, **inner}


def _input(control: Payload, value: Any) -> Payload:
    required = control.get("required", control["type"] != 23)
    if value is None and control["type"] == INPUT:
        value = control.get("value", "")
    if required and value in (None, "", []):
        raise ValueError(f"{control['custom_id']} is not filled in")
    if control["type"] == INPUT and length(str(value)) > control.get("max_length", 4000):
        raise ValueError(f"{control['custom_id']} takes no more than {control['max_length']} characters")
    if control["type"] in (INPUT, 21, 23):
        return {"value": bool(value) if control["type"] == 23 else value}
    chosen = [] if value is None else [value] if isinstance(value, str) else list(value)
    offered = [one["value"] for one in control.get("options", [])]
    if control["type"] in (SELECT, 22) and not set(chosen) <= set(offered):
        raise LookupError(f"{chosen} are not all offered; there are {offered}")
    return {"values": chosen}


def new_user() -> str:
    """Returns the id of somebody new, who has no name of their own."""
    return str((int(time.time() * 1000) - 1_420_070_400_000) << 22 | secrets.randbelow(1 << 22))
