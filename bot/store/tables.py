"""The tables, and how values are kept in them so that both engines give back the same."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

REVISION = "0003"
"""The revision of the schema that this program works with."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """Keeps an aware datetime as whole microseconds since 1970.

    SQLite has no type for instants, and text compares rightly only if all of it is written alike; integers compare,
    index and come back the same on both engines.
    """

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:  # noqa: ARG002
        """Returns what makes the number that is kept; given as it is here, since it is called for each value."""
        return lambda value: None if value is None else (value - EPOCH) // MICROSECOND

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002
        """Returns what makes the instant of it, in UTC."""
        return lambda value: None if value is None else EPOCH + value * MICROSECOND


class Words(TypeDecorator[str]):
    """Keeps text, compared by its characters' numbers on both engines.

    What PostgreSQL cannot hold (NUL, half a surrogate pair) becomes U+FFFD: an odd character in the reason of a failure
    must not keep the failure from being recorded.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Returns the engine's own type."""
        return Text(collation="C") if dialect.name == "postgresql" else Text()

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:  # noqa: ARG002
        """Returns what makes the text that is kept."""
        return _text


class JsonText(TypeDecorator[Any]):
    """Keeps a value as plain JSON text, which any tool can read; half a surrogate pair stays as its escape."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:  # noqa: ARG002
        """Returns what makes the text that is kept."""
        return _json

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002
        """Returns what makes the value of it."""
        return lambda value: None if value is None else json.loads(value)


def _text(value: str | None) -> str | None:
    if value is None or (value.isascii() and "\0" not in value):
        return value
    whole = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "\ufffd")


def _json(value: Any) -> str | None:
    if value is None:
        return None
    written = _ENCODER.encode(value)
    return written if written.isascii() else written.encode("utf-8", "backslashreplace").decode()


def _words(name: str, *more: Any) -> Column[str]:
    return Column(name, Words, *more, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _instant(name: str) -> Column[datetime]:
    return Column(name, Instant, nullable=False)


def _instant_or_none(name: str) -> Column[datetime]:
    return Column(name, Instant)


subscription = Table(
    "subscription",
    metadata,
    Column("id", Words, primary_key=True),
    *map(_words, ("place", "title", "schedule", "zone", "made_by")),
    _instant("made_at"),
    Column("wanted", JsonText, nullable=False),
    _words("layout"),
    _number("catch_up"),
    *map(_words, ("holidays", "policy", "state", "reason")),
    Column("declared", Words),
    *map(_instant_or_none, ("next_fire", "changed_at")),
)
Index("ix_subscription_place", subscription.c.place)
Index("ix_subscription_next_fire", subscription.c.next_fire)

slot = Table(
    "slot",
    metadata,
    Column("id", Words, primary_key=True),
    _words("key"),
    *map(_words, ("kind", "lane", "place")),
    *map(_instant, ("due", "deadline")),
    Column("subscription", Words, ForeignKey("subscription.id")),
    Column("about", JsonText, nullable=False),
    *map(_words, ("state", "reason")),
    *map(_instant_or_none, ("wake", "begun_at", "ended_at")),
    UniqueConstraint("key"),
)
Index("ix_slot_subscription_due", slot.c.subscription, slot.c.due)
Index("ix_slot_place", slot.c.place)
Index("ix_slot_state_ended_at", slot.c.state, slot.c.ended_at)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Words, primary_key=True),
    _words("slot", ForeignKey("slot.id")),
    _number("part"),
    Column("page", JsonText, nullable=False),
    _words("state"),
    *map(_number, ("attempts", "refusals")),
    *map(_instant_or_none, ("intended_at", "attempted_at", "retry_at", "ended_at")),
    Column("receipt", JsonText),
    _words("reason"),
    UniqueConstraint("slot", "part"),
)

# No foreign key to the delivery: what a place was shown is known for longer than how it got there.
shown = Table(
    "shown",
    metadata,
    _words("place"),
    _words("claim"),
    _number("revision"),
    _words("delivery"),
    _instant("at"),
    PrimaryKeyConstraint("place", "claim", "revision"),
)
Index("ix_shown_delivery", shown.c.delivery)
Index("ix_shown_claim", shown.c.claim)

seen = Table(
    "seen",
    metadata,
    _words("claim"),
    _number("revision"),
    _instant("at"),
    PrimaryKeyConstraint("claim", "revision"),
)

decision = Table(
    "decision",
    metadata,
    _words("slot", ForeignKey("slot.id")),
    _words("claim"),
    _number("revision"),
    Column("chosen", Boolean, nullable=False),
    _words("why"),
    PrimaryKeyConstraint("slot", "claim", "revision"),
)

draft = Table(
    "draft",
    metadata,
    Column("key", Words, primary_key=True),
    *map(_words, ("made_by", "place")),
    Column("edits", Words),
    Column("fields", JsonText, nullable=False),
    _instant("made_at"),
    _instant_or_none("saved_at"),
)
Index("ix_draft_made_by", draft.c.made_by)

absence = Table(
    "absence",
    metadata,
    Column("workspace", Words, primary_key=True),
    _instant("since"),
)

lane = Table(
    "lane",
    metadata,
    Column("name", Words, primary_key=True),
    Column("owner", Words),
    Column("fence", BigInteger, nullable=False),
    Column("until", Instant),
    Column("trouble", Words, nullable=False, server_default=""),
)
