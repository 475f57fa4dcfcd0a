"""Why nothing is taken in a lane."""

import sqlalchemy as sa
from alembic import op

from bot.store.migrations.versions.first import WORDS

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds it to the lanes."""
    op.add_column("lane", sa.Column("trouble", WORDS, nullable=False, server_default=""))
