"""The indexes over a part of a table, for whoever makes or compares a schema.

To name PostgreSQL in one of them imports all that SQLAlchemy knows of it, so that they are not among the tables.
"""

from sqlalchemy import Index, text

from bot.store.tables import metadata, slot, subscription

__all__ = ["metadata"]

_kept = text("state <> 'removed'")
Index("uq_subscription_declared", subscription.c.declared, unique=True, sqlite_where=_kept, postgresql_where=_kept)

_awake = slot.c.wake.is_not(None)  # those at their end are many more, and nobody asks for them by it
Index("ix_slot_lane_wake", slot.c.lane, slot.c.wake, sqlite_where=_awake, postgresql_where=_awake)
