"""What the fake Discord keeps: servers, channels, messages, modals, and everything that it asked of the app."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Payload = dict[str, Any]
Kind = Literal["text", "announcement", "forum", "thread", "dm", "group"]

TYPES: dict[Kind, int] = {"text": 0, "dm": 1, "group": 3, "announcement": 5, "thread": 11, "forum": 15}
SUPPRESS_EMBEDS, EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 2, 1 << 6, 1 << 7, 1 << 15
THINKING = "is thinking…"


def length(text: str) -> int:
    """Returns how long a text is, counted the way that makes it longest: in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def tree(components: list[Payload]) -> Iterator[Payload]:
    """Yields components and those in them, in reading order."""
    for one in components:
        yield one
        yield from tree(one.get("components") or [])
        yield from tree([one[key] for key in ("accessory", "component") if one.get(key)])


def lines(component: Payload) -> list[str]:
    """Returns the text that a component shows itself."""
    keys = ("content", "label", "description", "placeholder")
    return [str(component[key]) for key in keys if component.get(key)]


@dataclass(eq=False)
class Guild:
    """A server; without the app in it, `installed` is false, and members can use it only if they installed it."""

    id: str
    name: str
    members: dict[str, int]
    """The permissions of each member."""
    locale: str = "en-US"
    installed: bool = True
    external_apps: bool = True
    """Whether apps that members installed may answer to everybody."""
    community: bool = False
    """Whether it has what only a community can have."""
    allowed: set[tuple[str, str]] = field(default_factory=set)
    """Who may use which commands, by their names, because an admin said so."""


@dataclass(eq=False)
class Channel:
    """A place for messages; `permissions` are those of the bot, without which it is not there at all."""

    id: str
    kind: Kind
    name: str = ""
    guild: Guild | None = None
    people: set[str] = field(default_factory=set)
    permissions: int | None = None
    ranks: dict[str, int] = field(default_factory=dict)
    """The permissions of members who may do more or less here than elsewhere."""
    parent: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    tag_required: bool = False
    applied_tags: list[str] = field(default_factory=list)
    moderated: set[str] = field(default_factory=set)
    """The tags that only moderators put."""
    archived: bool = False
    locked: bool = False
    deleted: bool = False


@dataclass(eq=False)
class Message:
    """A message as it stands now; `edits` holds what it was before each change."""

    id: str
    channel: str
    author: str
    content: str = ""
    components: list[Payload] = field(default_factory=list)
    embeds: list[Payload] = field(default_factory=list)
    flags: int = 0
    ephemeral_to: str | None = None
    type: int = 0
    nonce: str | int | None = None
    reference: Payload | None = None
    metadata: Payload | None = None
    attachments: list[Payload] = field(default_factory=list)
    edits: list[Payload] = field(default_factory=list)
    edited: float | None = None
    deleted: bool = False
    mentions: list[str] = field(default_factory=list)

    @property
    def loading(self) -> bool:
        """Whether it only says that the app is thinking."""
        return bool(self.flags & LOADING)

    @property
    def shown(self) -> str:
        """All text that people see, joined."""
        if self.loading:
            return THINKING
        embedded = [str(e[key]) for e in self.embeds for key in ("title", "description") if e.get(key)]
        embedded += [f"{one['name']}\n{one['value']}" for e in self.embeds for one in e.get("fields", [])]
        texts = [self.content, *embedded, *(line for one in tree(self.components) for line in lines(one))]
        return "\n".join(text for text in texts if text)


@dataclass(eq=False)
class Modal:
    """A form that is open in front of somebody; `message` is the one whose control opened it."""

    user: str
    channel: str
    content: Payload
    message: Message | None = None
    closed: bool = False

    @property
    def title(self) -> str:
        """What stands over it."""
        return str(self.content.get("title", ""))

    @property
    def custom_id(self) -> str:
        """How the app calls it."""
        return str(self.content.get("custom_id", ""))

    @property
    def components(self) -> list[Payload]:
        """What is in it."""
        return list(self.content["components"])

    @property
    def shown(self) -> str:
        """All text that people see, joined."""
        texts = [self.title, *(line for one in tree(self.components) for line in lines(one))]
        return "\n".join(text for text in texts if text)


@dataclass(eq=False)
class Asked:
    """One interaction and what came of it; it goes on changing."""

    id: str
    token: str
    payload: Payload
    user: str
    channel: str
    source: Message | None = None
    made: float = field(default_factory=time.monotonic)
    delivered: bool = False
    too_late: bool = False
    """Whether the app wanted to answer when it was given up already."""
    answered_after: float | None = None
    deferred: bool = False
    response: Payload | None = None
    original: Message | None = None
    modal: Modal | None = None
    choices: list[Payload] | None = None
    error: str | None = None
    forced_ephemeral: bool = False
    foreign: bool = False
    """Whether the app is here only because this person installed it."""
    disturbed: bool = False
    """Whether a fault hit an answer, so that another one is no mistake of the app."""
    follow_ups: int = 0
    touched: list[Message] = field(default_factory=list)
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def type(self) -> int:
        """The type of the interaction."""
        return int(self.payload["type"])

    @property
    def name(self) -> str:
        """What was asked, in words."""
        data = self.payload.get("data", {})
        return str(data.get("name") or data.get("custom_id"))

    def messages(self) -> list[Message]:
        """Returns the messages made or changed by the answer, its edits and the follow-ups, in that order."""
        return list(self.touched)

    def touch(self, message: Message) -> None:
        """Notes that the app made or changed a message in answer to this."""
        if message not in self.touched:
            self.touched.append(message)


@dataclass(eq=False)
class Request:
    """A call of the app, as logged; `path` is the template of its route, `url` what was called."""

    method: str
    path: str
    url: str
    arguments: Payload
    time: float = field(default_factory=time.time)
    status: int | None = None
    fault: str = ""
    code: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Identify:
    """An IDENTIFY, and what came of it: "ready", "invalid session" or the code of a close."""

    time: float
    shard: int
    count: int
    intents: int
    outcome: str = ""


@dataclass(eq=False)
class Resume:
    """A RESUME, and what came of it: "resumed", "invalid session" or the code of a close."""

    time: float
    shard: int | None
    session: str
    sequence: int
    replayed: int = 0
    outcome: str = ""
