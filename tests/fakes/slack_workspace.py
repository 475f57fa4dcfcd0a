"""The state of the fake workspace, and how it changes."""

import copy
import secrets
import string
import time
from collections import Counter
from collections.abc import Iterator

from tests.fakes.secret import secret
from tests.fakes.slack_limits import Limits
from tests.fakes.slack_records import Asked, Channel, Kind, Message, Request, ResponseUrl, Trigger, View
from tests.fakes.slack_texts import Payload

_DIGITS = string.digits + string.ascii_uppercase


def new_id(prefix: str) -> str:
    """Returns an id as Slack makes them."""
    return prefix + "0" + "".join(secrets.choice(_DIGITS) for _ in range(9))


class Workspace:
    """Channels, messages, views and rights of one workspace with one app, and everything that is settable.

    A `frugal` one keeps neither the blocks of messages nor the arguments of calls, for runs of many thousands.
    """

    def __init__(self, scopes: frozenset[str]) -> None:
        self.scopes = scopes
        self.team_id, self.app_id = new_id("T"), new_id("A")
        self.bot_id, self.bot_user_id = new_id("B"), new_id("U")
        self.team_domain = "airfield"
        self.bot_token = secret("xox" + f"b-1000000000001-2000000000002-{secrets.token_hex(12)}")
        self.app_token = secret("xap" + f"p-1-{self.app_id}-3000000000003-{secrets.token_hex(32)}")
        self.signing_secret = secret(secrets.token_hex(16))
        self.verification_token = secret(secrets.token_hex(12))
        self.origin = ""
        self.objections: list[str] = []
        self.requests: list[Request] = []
        self.asked: list[Asked] = []
        self.channels: dict[str, Channel] = {}
        self.profiles: dict[str, Payload] = {}
        self.posted: list[Message] = []
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        self.modals: dict[str, list[View]] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.tickets: set[str] = set()
        self.revoked: str | None = None
        self.enforce_rate = False
        self.limits = Limits()
        self.frugal = False
        self.tolerates_timeouts = False
        self.ack_within = 3.0
        self.retry_delays: tuple[float, ...] = (0.05, 0.2, 0.5)
        self.ping_every = 5.0
        self.trigger_seconds = 3.0
        self.response_url_seconds = 1800.0
        self.response_url_status = 400
        self._last_ts = 0

    @property
    def api_url(self) -> str:
        """The base address of the Web API."""
        return f"{self.origin}/api/"

    def object_(self, where: str, what: str) -> None:
        """Notes something that real Slack would object to."""
        self.objections.append(f"{where}: {what}")

    def revoke(self, error: str = "token_revoked") -> None:
        """Lets every call with the bot token fail from now on."""
        self.revoked = error

    def next_ts(self) -> str:
        """Returns the time as Slack writes it, later than every one before."""
        self._last_ts = max(self._last_ts + 1, time.time_ns() // 1000)
        return f"{self._last_ts // 10**6}.{self._last_ts % 10**6:06d}"

    def user_name(self, user: str) -> str:
        """Returns the handle of a person: every id has one."""
        return str(self.profiles.get(user, {}).get("name", user.lower()))

    def team_of(self, user: str) -> str:
        """Returns the workspace that a person belongs to: another one, of those who are in a shared channel from it."""
        return str(self.profiles.get(user, {}).get("team_id", self.team_id))

    def dm(self, user: str) -> str:
        """Returns the direct conversation of a person with the app."""
        for channel in self.channels.values():
            if channel.kind == "im" and channel.user == user:
                return channel.id
        return self.add_channel(f"dm-{user}", "im", {user}, bot=True, user=user).id

    def add_channel(self, name: str, kind: Kind, members: set[str], *, bot: bool, user: str = "") -> Channel:
        """Adds a conversation and returns it."""
        channel = Channel(new_id("D" if kind == "im" else "C"), name, kind, members, bot=bot, user=user)
        self.channels[channel.id] = channel
        return channel

    def archive(self, channel: str, *, archived: bool = True) -> None:
        """Archives a channel: nothing can be posted there any more; or unarchives it."""
        self.channels[channel].archived = archived

    def invite(self, channel: str, *, member: bool = True) -> None:
        """Makes the app a member of a channel, or removes it."""
        self.channels[channel].bot = member

    def messages(self, channel: str, seen_by: str | None = None) -> list[Message]:
        """Returns what stands in a channel, threads included, in order, with the ephemeral messages of one person."""
        found = [m for m in list(self.posted) if m.channel == channel and not m.deleted]
        return sorted((m for m in found if m.ephemeral_to in (None, seen_by)), key=lambda m: m.ts)

    def keys(self, channel: str | None = None, name: str = "delivery") -> list[str]:
        """Returns what the app's messages, of a channel or of all, carry in their metadata by a name, in order."""
        posted = [m for m in list(self.posted) if m.by_app and not m.deleted and not m.ephemeral_to]
        return [
            str(((m.metadata or {}).get("event_payload") or {}).get(name, ""))
            for m in posted
            if channel in (None, m.channel)
        ]

    def counted(self) -> Counter[tuple[str, str]]:
        """Returns how many calls of which method were answered how: "ok", an error, or what a fault made of it."""
        return Counter((request.method, request.answer) for request in list(self.requests))

    def find(self, channel: str, ts: str | None) -> Message | None:
        """Returns a message of a channel that everybody sees, or none."""
        return next((m for m in self.messages(channel) if m.ts == ts), None)

    def modal(self, user: str) -> View | None:
        """Returns the modal in front of a person, or none."""
        stack = self.modals.get(user)
        return stack[-1] if stack else None

    def home(self, user: str) -> View | None:
        """Returns what the app published in a person's home tab, or none."""
        return self.homes.get(user)

    def post(self, message: Message) -> Message:
        """Puts a message into its channel."""
        message.blocks = [] if self.frugal else with_ids(message.blocks)
        self.posted.append(message)
        if not message.ephemeral_to:
            self.noticed("posted", message, None)
        return message

    def edit(self, message: Message, text: str, blocks: list[Payload], metadata: Payload | None = None) -> None:
        """Changes a message."""
        before = copy.copy(message)
        message.edits = [*message.edits, {"text": message.text, "blocks": message.blocks}]
        message.text, message.blocks = text, with_ids(blocks)
        message.metadata = metadata or message.metadata
        if not message.ephemeral_to:
            self.noticed("changed", message, before)

    def delete(self, message: Message) -> None:
        """Takes a message away."""
        message.deleted = True
        if not message.ephemeral_to:
            self.noticed("deleted", message, message)

    def noticed(self, what: str, message: Message, before: Message | None) -> None:
        """Is told of every change that others can see."""

    def new_trigger(self, asked: Asked, user: str, view: View | None = None) -> str:
        """Returns the id of a new right to open a view."""
        id_ = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**11)}.{secrets.token_hex(16)}"
        self.triggers[id_] = Trigger(asked, user, view)
        return id_

    def new_response_url(self, asked: Asked, channel: str, user: str, original: Message | None = None) -> str:
        """Returns a new address for answers to an interaction."""
        key = secret(secrets.token_urlsafe(18))
        self.response_urls[key] = ResponseUrl(asked, channel, user, original)
        return f"{self.origin}/respond/{key}"


def with_ids(blocks: list[Payload]) -> list[Payload]:
    """Returns a copy of blocks in which every block and control has its id, given by Slack where the app gave none."""
    blocks = copy.deepcopy(blocks)
    for block, element in controls(blocks):
        block.setdefault("block_id", secrets.token_urlsafe(4))
        if "action_id" not in element and element["type"] != "image":
            element["action_id"] = secrets.token_urlsafe(4)
    for block in blocks:
        block.setdefault("block_id", secrets.token_urlsafe(4))
    return blocks


def controls(blocks: list[Payload]) -> Iterator[tuple[Payload, Payload]]:
    """Yields every control with the block that holds it."""
    for block in blocks:
        held = [*block.get("actions", [])] if block["type"] == "card" else []
        if block["type"] in ("actions", "context_actions"):
            held = block["elements"]
        elif block["type"] in ("section", "input"):
            held = [block[key] for key in ("accessory", "element") if key in block]
        yield from ((block, element) for element in held if element["type"] != "image")
        yield from controls(block["elements"] if block["type"] == "carousel" else block.get("child_blocks") or [])
