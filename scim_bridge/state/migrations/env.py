"""Alembic's entry: run in process by schema.py, over a connection that is given to it."""

from alembic import context
from sqlmodel import SQLModel

from scim_bridge.state import schedule, table, workers

assert table and schedule and workers  # noqa: S101 - imported so that their tables are known to the metadata
_given = context.config.attributes.get("connection")
context.configure(connection=_given, target_metadata=SQLModel.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
