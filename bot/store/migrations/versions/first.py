"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
WORDS = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
KEPT = sa.text("state <> 'removed'")


def upgrade() -> None:
    """Creates all of them."""
    op.create_table(
        "lane",
        sa.Column("name", WORDS, nullable=False),
        sa.Column("owner", WORDS),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger()),
        sa.PrimaryKeyConstraint("name", name="pk_lane"),
    )
    op.create_table(
        "seen",
        sa.Column("claim", WORDS, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("claim", "revision", name="pk_seen"),
    )
    op.create_table(
        "shown",
        sa.Column("place", WORDS, nullable=False),
        sa.Column("claim", WORDS, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("delivery", WORDS, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("place", "claim", "revision", name="pk_shown"),
    )
    op.create_index("ix_shown_claim", "shown", ["claim"])
    op.create_index("ix_shown_delivery", "shown", ["delivery"])
    op.create_table(
        "subscription",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("place", WORDS, nullable=False),
        sa.Column("title", WORDS, nullable=False),
        sa.Column("schedule", WORDS, nullable=False),
        sa.Column("zone", WORDS, nullable=False),
        sa.Column("made_by", WORDS, nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("layout", WORDS, nullable=False),
        sa.Column("catch_up", sa.Integer(), nullable=False),
        sa.Column("holidays", WORDS, nullable=False),
        sa.Column("policy", WORDS, nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("reason", WORDS, nullable=False),
        sa.Column("declared", WORDS),
        sa.Column("next_fire", sa.BigInteger()),
        sa.Column("changed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_subscription"),
    )
    op.create_index("ix_subscription_next_fire", "subscription", ["next_fire"])
    op.create_index("ix_subscription_place", "subscription", ["place"])
    op.create_index(
        "uq_subscription_declared", "subscription", ["declared"], unique=True, sqlite_where=KEPT, postgresql_where=KEPT
    )
    op.create_table(
        "slot",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("key", WORDS, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("lane", WORDS, nullable=False),
        sa.Column("place", WORDS, nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("subscription", WORDS),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("reason", WORDS, nullable=False),
        sa.Column("wake", sa.BigInteger()),
        sa.Column("begun_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["subscription"], ["subscription.id"], name="fk_slot_subscription"),
        sa.PrimaryKeyConstraint("id", name="pk_slot"),
        sa.UniqueConstraint("key", name="uq_slot_key"),
    )
    awake = sa.text("wake IS NOT NULL")
    op.create_index("ix_slot_lane_wake", "slot", ["lane", "wake"], sqlite_where=awake, postgresql_where=awake)
    op.create_index("ix_slot_place", "slot", ["place"])
    op.create_index("ix_slot_state_ended_at", "slot", ["state", "ended_at"])
    op.create_index("ix_slot_subscription_due", "slot", ["subscription", "due"])
    op.create_table(
        "decision",
        sa.Column("slot", WORDS, nullable=False),
        sa.Column("claim", WORDS, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("why", WORDS, nullable=False),
        sa.ForeignKeyConstraint(["slot"], ["slot.id"], name="fk_decision_slot"),
        sa.PrimaryKeyConstraint("slot", "claim", "revision", name="pk_decision"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("slot", WORDS, nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("intended_at", sa.BigInteger()),
        sa.Column("attempted_at", sa.BigInteger()),
        sa.Column("retry_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("receipt", sa.Text()),
        sa.Column("reason", WORDS, nullable=False),
        sa.ForeignKeyConstraint(["slot"], ["slot.id"], name="fk_delivery_slot"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("slot", "part", name="uq_delivery_slot_part"),
    )
    op.create_table(
        "draft",
        sa.Column("key", WORDS, nullable=False),
        sa.Column("made_by", WORDS, nullable=False),
        sa.Column("place", WORDS, nullable=False),
        sa.Column("edits", WORDS),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("key", name="pk_draft"),
    )
    op.create_index("ix_draft_made_by", "draft", ["made_by"])
