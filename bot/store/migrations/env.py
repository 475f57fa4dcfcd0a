"""Runs the steps on the connection that `bot.store.migrate` opened."""

from alembic import context

from bot.store.partial import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
