"""The state of the fake Discord, how it changes, and everything that is settable."""

import base64
import secrets
import time
from collections import deque
from collections.abc import Callable

from tests.fakes.discord_records import TYPES, Asked, Channel, Guild, Identify, Kind, Message, Payload, Request, Resume
from tests.fakes.secret import secret

EPOCH = 1_420_070_400_000
YEAR = 365 * 24 * 3_600_000

VIEW, SEND, MANAGE_MESSAGES, EMBED, ATTACH, HISTORY = 1 << 10, 1 << 11, 1 << 13, 1 << 14, 1 << 15, 1 << 16
PUBLIC_THREADS, SEND_IN_THREADS, USE_COMMANDS, EXTERNAL_APPS = 1 << 35, 1 << 38, 1 << 31, 1 << 50
MANAGE_THREADS = 1 << 34
ADMINISTRATOR, MANAGE_CHANNELS, MANAGE_GUILD = 1 << 3, 1 << 4, 1 << 5
USUAL = VIEW | SEND | EMBED | ATTACH | HISTORY | PUBLIC_THREADS | SEND_IN_THREADS | USE_COMMANDS | EXTERNAL_APPS
EVERYTHING = (1 << 53) - 1

GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 0, 1 << 9, 1 << 12, 1 << 15
PRIVILEGED = {"members": 1 << 1, "presences": 1 << 8, "message_content": MESSAGE_CONTENT}

Emit = Callable[[str, Payload, "Guild | None", int], None]


class Server:
    """Servers, channels, messages, commands and rights of one app."""

    def __init__(self, guilds: int = 1, shards: int = 1) -> None:
        self.clock: Callable[[], float] = time.time
        """The time by which ids are made, nonces run out and limits are kept; may be set."""
        self._last_id = 0
        self._last_guild = int(time.time() * 1000) - EPOCH - YEAR
        self.application_id, self.bot_user_id = self.new_id(), self.new_id()
        self.token = self._new_token()
        self.origin = ""
        self.shards = shards
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.posted: dict[str, Message] = {}
        self.placed: dict[str, list[Message]] = {}
        self.people: dict[str, Payload] = {}
        self.installed_by: set[str] = set()
        self.closed_dms: set[str] = set()
        self.commands: list[Payload] = []
        self.guild_commands: dict[str, list[Payload]] = {}
        self.creates: dict[str, deque[float]] = {}
        self.asked: dict[str, Asked] = {}
        self.tokens: dict[str, Asked] = {}
        self.nonces: dict[str, tuple[float, Message]] = {}
        self.objections: list[str] = []
        self.requests: list[Request] = []
        self.identifies: list[Identify] = []
        self.resumes: list[Resume] = []
        self.invalid_requests = 0
        self.token_valid = True
        # Everything from here on may be set by a test at any time.
        self.tolerates_timeouts = False
        self.privileged: set[str] = set()
        self.interactions_endpoint_url: str | None = None
        self.bot_require_code_grant = False
        self.session_total = self.session_remaining = 1000
        self.session_reset_after = 86_400_000
        self.max_concurrency = 1
        self.identify_every = 5.0
        self.heartbeat_interval = 41.25
        self.resume_seconds = 120.0
        self.most_guilds = 2500
        self.nonce_seconds = 300.0
        self.answer_within = 3.0
        self.token_seconds = 900.0
        self.creates_a_day = 200
        self._emitters: list[Emit] = []
        for index in range(guilds):
            self.add_guild(f"Airfield {index}", [])

    @property
    def api_url(self) -> str:
        """The base address of the REST API."""
        return f"{self.origin}/api/v10"

    @property
    def gateway_url(self) -> str:
        """The address of the Gateway."""
        return f"ws{self.origin.removeprefix('http')}/gateway"

    @property
    def bot(self) -> Payload:
        """The bot as a user."""
        return {**self.user_object(self.bot_user_id), "username": "zephyr", "global_name": None, "bot": True}

    def _new_token(self) -> str:
        head = base64.urlsafe_b64encode(self.bot_user_id.encode()).decode().rstrip("=")
        return secret(".".join((head, secrets.token_urlsafe(4), secrets.token_urlsafe(28))))

    def reset_token(self) -> None:
        """Makes the token void, as its owner or Discord itself can."""
        self.token_valid = False

    def new_id(self) -> str:
        """Returns an id made of the time, later than every one before."""
        self._last_id = max(self._last_id + 1, (int(self.clock() * 1000) - EPOCH) << 22)
        return str(self._last_id)

    def object_(self, where: str, what: str) -> None:
        """Notes something that real Discord would object to."""
        self.objections.append(f"{where}: {what}")

    def on_event(self, emit: Emit) -> None:
        """Lets something know of all that happens: name, data, server, and the intent that it needs."""
        self._emitters.append(emit)

    def emit(self, name: str, data: Payload, guild: Guild | None, intent: int) -> None:
        """Tells the Gateway what happened."""
        for tell in self._emitters:
            tell(name, data, guild, intent)

    def user_object(self, user: str) -> Payload:
        """Returns somebody as Discord shows them: every id is somebody."""
        name = str(self.people.get(user, {}).get("name", f"user{user[-6:]}"))
        blank = dict.fromkeys(("avatar", "avatar_decoration_data", "collectibles", "primary_guild"))
        return {
            "id": user,
            "username": name.lower(),
            "global_name": name,
            "discriminator": "0",
            "public_flags": 0,
            **blank,
        }

    def locale(self, user: str) -> str:
        """Returns the language of somebody's Discord."""
        return str(self.people.get(user, {}).get("locale", "en-US"))

    def add_guild(self, name: str, members: list[str], *, locale: str = "en-US", installed: bool = True) -> Guild:
        """Makes a server, whose first member owns it; servers made one after the other go to one shard after the other."""
        self._last_guild += 1
        id_ = str(self._last_guild << 22)
        ranks = {user: EVERYTHING if index == 0 else USUAL for index, user in enumerate(members)}
        guild = self.guilds[id_] = Guild(id_, name, ranks, locale, installed)
        return guild

    def add_channel(
        self, kind: Kind, name: str = "", guild: Guild | None = None, id_: str = "", **more: object
    ) -> Channel:
        """Makes a channel."""
        channel = Channel(id_ or self.new_id(), kind, name, guild)
        for key, value in more.items():
            setattr(channel, key, value)
        self.channels[channel.id] = channel
        if guild is not None and kind in ("announcement", "forum"):
            guild.community = True
        return channel

    def dm(self, user: str) -> str:
        """Returns the conversation of somebody with the bot."""
        for channel in self.channels.values():
            if channel.kind == "dm" and channel.people == {user}:
                return channel.id
        return self.add_channel("dm", people={user}, permissions=EVERYTHING).id

    def messages(self, channel: str, seen_by: str | None = None) -> list[Message]:
        """Returns the messages of a channel, and the ephemeral ones to somebody, oldest first."""
        found = self.placed.get(channel, [])
        return [one for one in found if not one.deleted and one.ephemeral_to in (None, seen_by)]

    def post(self, message: Message) -> Message:
        """Puts a message into its channel."""
        self.posted[message.id] = message
        self.placed.setdefault(message.channel, []).append(message)
        return message

    def threads(self, channel: str | None = None) -> list[Channel]:
        """Returns the threads and posts, of one channel or of all, oldest first."""
        found = [one for one in self.channels.values() if one.kind == "thread" and not one.deleted]
        return [one for one in found if channel in (None, one.parent)]

    def sees(self, user: str, channel: Channel) -> bool:
        """Whether somebody can be in a channel."""
        return user in (channel.people if channel.guild is None else channel.guild.members)

    def rank(self, user: str, channel: Channel) -> int:
        """Returns what a member may do in a channel; in a thread, what they may in the channel of that."""
        home = self.channels.get(channel.parent or "", channel)
        usual = channel.guild.members.get(user, USUAL) if channel.guild else 0
        return EVERYTHING if usual & ADMINISTRATOR else home.ranks.get(user, usual)

    def visible_guilds(self) -> list[Guild]:
        """Returns the servers that the app is installed in."""
        return [guild for guild in self.guilds.values() if guild.installed]

    def commands_in(self, guild: Guild | None) -> list[Payload]:
        """Returns the commands that there are in a place; those of the server come first."""
        return [*(self.guild_commands.get(guild.id, []) if guild else []), *self.commands]


def shard_of(guild: Guild | None, count: int) -> int:
    """Returns the shard on which things of a server arrive; direct ones arrive on the first."""
    return (int(guild.id) >> 22) % count if guild else 0


def type_of(channel: Channel) -> int:
    """Returns the number of a kind of channel."""
    return TYPES[channel.kind]
