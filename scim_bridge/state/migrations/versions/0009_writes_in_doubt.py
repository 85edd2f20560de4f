"""Writes in doubt are looked at once"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new column. What a whole reading came after was looked at by it."""
    op.add_column("operations", sa.Column("is_looked_at", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE operations SET is_looked_at = true WHERE status = 'held'")
    op.execute(
        "UPDATE operations SET is_looked_at = true WHERE sent_at < (SELECT max(readings.began) FROM readings "
        "JOIN runs ON runs.connection = readings.connection AND runs.endpoint = readings.endpoint "
        "WHERE runs.id = operations.run_id)"
    )
