"""What is kept, as frozen values."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias, TypedDict

from msgspec import Struct, field

from bot.ids import id_from

Json: TypeAlias = Mapping[str, Any]
Kind = Literal["scheduled", "now", "correction", "notice"]
State = Literal["planned", "sending", "sent", "uncertain", "failed", "skipped"]
UNREACHABLE = "unreachable: "
"""Begins the reason of a pause that ends by itself once the place can be posted to again."""

MISSED = "missed: "
"""Begins the reason of a skipped digest whose time was over before it could be posted."""

DOUBTED = "restored_at"
"""Stands in what a slot is about where the database was restored while it was open."""

SHORT = 8
"""Characters of a digest's id that people see."""
_ID = 16


class Fenced(Exception):
    """Says that a lane is held by another now, so that nothing was written."""


class WrongState(Exception):
    """Says that something is not, or no longer, in the state that a step starts from, so that nothing was written."""


class ClaimRevision(NamedTuple):
    """Is one revision of a claim, counted from 0."""

    claim: str
    revision: int


def taken_back(one: ClaimRevision) -> ClaimRevision:
    """Returns what stands in the ledger for the correction of a revision; revisions themselves count from 0."""
    return ClaimRevision(one.claim, -1 - one.revision)


class Subscription(Struct, frozen=True):
    """Is what a place asked to be sent; `wanted` is its filter, and whatever else composing a digest asks about.

    `catch_up` is in seconds; `declared` is its id in a declared file, `reason` why it is paused or removed.
    """

    id: str
    place: str
    title: str
    schedule: str
    zone: str
    made_by: str
    made_at: datetime
    wanted: Json = field(default_factory=dict)
    layout: str = "full"
    catch_up: int = 21_600
    holidays: str = ""
    policy: Literal["at_most_once", "at_least_once"] = "at_most_once"
    state: Literal["active", "paused", "removed"] = "active"
    reason: str = ""
    declared: str | None = None
    next_fire: datetime | None = None
    changed_at: datetime | None = None

    @property
    def is_unreachable(self) -> bool:
        """Whether it is paused because its place could not be posted to, so that it goes on once it can be again."""
        return self.state == "paused" and self.reason.startswith(UNREACHABLE)


class Standing(Struct, frozen=True):
    """Is how a subscription stands, as far as its slots ask about that."""

    state: str
    reason: str
    changed_at: datetime | None


class Changes(TypedDict, total=False):
    """Is what an edit may change; a new schedule or zone comes with its `next_fire`, a new place with its `lane`."""

    title: str
    wanted: Json
    layout: str
    catch_up: int
    holidays: str
    policy: str
    declared: str | None
    schedule: str
    zone: str
    next_fire: datetime | None
    place: str
    lane: str


class Plan(Struct, frozen=True):
    """Is what is to become of several subscriptions at once, by id; `paused` are reasons, `resumed` next fires.

    One that was removed and is added again goes on under its id, with its history.
    """

    added: tuple[Subscription, ...] = ()
    changed: Mapping[str, Changes] = field(default_factory=dict)
    paused: Mapping[str, str] = field(default_factory=dict)
    resumed: Mapping[str, datetime | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.paused or self.resumed)


class Slot(Struct, frozen=True):
    """Is one occasion to post: everything that is posted unasked is one; `about` is what a kind needs to compose it.

    `key` is its identity: a second slot with the same key is the same slot. `wake` is when it wants attention next;
    None where it is at its end, or waits for a person.
    """

    key: str
    kind: Kind
    lane: str
    place: str
    due: datetime
    deadline: datetime
    subscription: str | None = None
    about: Json = field(default_factory=dict)
    state: State = "planned"
    reason: str = ""
    wake: datetime | None = None
    begun_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def id(self) -> str:
        """Its id, made from the key."""
        return id_from(int.from_bytes(hashlib.sha256(self.key.encode()).digest()[:10], "big"), _ID)

    @property
    def short_id(self) -> str:
        """As much of its id as people see."""
        return self.id[:SHORT]

    @property
    def doubted(self) -> datetime | None:
        """When the database was restored from a back-up since which this may have been posted; None if it was not."""
        at = self.about.get(DOUBTED)
        return datetime.fromisoformat(at) if at else None


class Part(Struct, frozen=True):
    """Is one page to be posted, with the revisions that it carries."""

    page: Json
    revisions: tuple[ClaimRevision, ...] = ()


class Delivery(Struct, frozen=True):
    """Is one part of a digest on its way.

    `attempts` counts all, `refusals` those at which the platform refused this very message; `intended_at` is when the
    first was committed, `attempted_at` the latest.
    """

    id: str
    slot: str
    part: int
    page: Json
    state: State
    attempts: int = 0
    refusals: int = 0
    intended_at: datetime | None = None
    attempted_at: datetime | None = None
    retry_at: datetime | None = None
    ended_at: datetime | None = None
    receipt: Json | None = None
    reason: str = ""


class Work(Struct, frozen=True):
    """Is a slot with its parts, in order; none where it has not begun."""

    slot: Slot
    deliveries: tuple[Delivery, ...] = ()

    @property
    def current(self) -> Delivery | None:
        """The first part that is not sent."""
        return next((d for d in self.deliveries if d.state != "sent"), None)


class Decision(Struct, frozen=True):
    """Is why a revision that was considered is in a digest, or not."""

    claim: str
    revision: int
    chosen: bool
    why: str


class Carried(Struct, frozen=True):
    """Is a claim that a place has been shown: in which revision, and when."""

    place: str
    claim: str
    revision: int
    at: datetime


class Hold(Struct, frozen=True):
    """Is the right to write for a lane, as long as nobody has taken it since.

    `trouble` is why nothing was taken in it when the right was taken.
    """

    lane: str
    owner: str
    fence: int
    trouble: str = ""


class Begun(Struct, frozen=True):
    """Is how beginning a slot went.

    `begun`: the parts are planned and the first is to be sent now; `skipped`: its subscription is no longer active;
    `taken`: nothing was written, as the place has been shown one of the revisions, or is being shown it.
    """

    outcome: Literal["begun", "skipped", "taken"]
    deliveries: tuple[Delivery, ...] = ()
