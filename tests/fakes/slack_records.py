"""What the fake workspace keeps: channels, messages, views, and everything that it asked of the app."""

import time
from dataclasses import dataclass, field
from typing import Literal

from tests.fakes.slack_texts import Payload, lines, shown

Kind = Literal["public", "private", "im"]


@dataclass(eq=False)
class Channel:
    """A conversation; of a direct one, `user` is who talks with the app."""

    id: str
    name: str
    kind: Kind
    members: set[str]
    bot: bool = False
    archived: bool = False
    user: str = ""


@dataclass(eq=False)
class Message:
    """A message as it stands now; `edits` holds the text and blocks that it had before each change."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Payload] = field(default_factory=list)
    thread_ts: str | None = None
    ephemeral_to: str | None = None
    metadata: Payload | None = None
    by_app: bool = False
    edits: list[Payload] = field(default_factory=list)
    deleted: bool = False
    extra: Payload = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """All text that people see, joined."""
        return shown(self.text, self.blocks)


@dataclass(eq=False)
class View:
    """A modal or a home tab as it stands now; `state` holds what is filled in, by block_id and action_id."""

    id: str
    user: str
    content: Payload
    hash: str
    state: dict[str, Payload] = field(default_factory=dict)
    root: str = ""
    previous: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    updates: int = 0
    closed: bool = False

    @property
    def blocks(self) -> list[Payload]:
        """The blocks, as the app sent them last."""
        return list(self.content["blocks"])

    @property
    def title(self) -> str:
        """What stands over a modal."""
        return str(self.content.get("title", {}).get("text", ""))

    @property
    def callback_id(self) -> str:
        """How the app calls this kind of view."""
        return str(self.content.get("callback_id", ""))

    @property
    def private_metadata(self) -> str:
        """What the app carries along in the view."""
        return str(self.content.get("private_metadata", ""))

    @property
    def shown(self) -> str:
        """All text that people see, joined."""
        ends = [self.content.get(key, {}).get("text", "") for key in ("submit", "close")]
        texts = [self.title, *(line for block in self.blocks for line in lines(block)), *ends, *self.errors.values()]
        return "\n".join(text for text in texts if text)


@dataclass(eq=False)
class Asked:
    """One thing that was asked of the app or told to it, and what came of it; it goes on changing."""

    kind: str
    payload: Payload
    delivered: bool = False
    acknowledged_after: float | None = None
    ack: Payload | str | None = None
    status: int | None = None
    envelope_id: str | None = None
    event_id: str | None = None
    error: str | None = None
    attempts: int = 0
    views: list[View] = field(default_factory=list)
    message: Message | None = None
    touched: list[Message] = field(default_factory=list)

    def messages(self) -> list[Message]:
        """Returns the messages made or changed through the response_url or the acknowledgement, in that order."""
        return list(self.touched)

    def touch(self, message: Message) -> None:
        """Notes that the app made or changed a message in answer to this."""
        if message not in self.touched:
            self.touched.append(message)


@dataclass(eq=False)
class Answer:
    """What one attempt to deliver came to; `reason` is why Slack would say that it tries again."""

    delivered: bool
    after: float | None = None
    body: Payload | str | None = None
    status: int | None = None
    reason: str = ""


@dataclass(eq=False)
class Trigger:
    """A right to open a view, once and soon."""

    asked: Asked
    user: str
    view: View | None
    made: float = field(default_factory=time.monotonic)
    used: bool = False


@dataclass(eq=False)
class ResponseUrl:
    """A right to answer an interaction a few times; `original` is the message that it came from."""

    asked: Asked
    channel: str
    user: str
    original: Message | None
    made: float = field(default_factory=time.monotonic)
    uses: int = 0


@dataclass(eq=False)
class Request:
    """A call of the app, as logged; `answer` is "ok", an error, or what a fault made of it, `peer` who connected."""

    method: str
    arguments: Payload
    time: float = field(default_factory=time.time)
    answer: str = ""
    peer: str = ""
