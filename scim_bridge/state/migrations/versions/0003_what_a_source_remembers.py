"""What a source remembers; which memberships are ours; quarantine"""

import sqlalchemy as sa
from alembic import op

from scim_bridge.state.table import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables and columns. Every membership on record counts as ours: it would have been removed if it were not."""
    op.create_table(
        "source_memories",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("watermark", sa.String(), nullable=False),
        sa.Column("read_whole_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("connection"),
    )
    op.create_table(
        "source_entries",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("entry_key", sa.String(), nullable=False),
        sa.Column("entry", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "entry_key"),
    )
    op.add_column("memberships", sa.Column("is_seen", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("memberships", sa.Column("is_ours", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("inbox", sa.Column("is_approved", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("connections", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("connections", sa.Column("quarantined", UtcDateTime(), nullable=True))
    op.add_column("connections", sa.Column("tried", UtcDateTime(), nullable=True))
    for name in ("cause", "quarantine_reason"):
        op.add_column("connections", sa.Column(name, sa.String(), nullable=False, server_default=""))
