"""What the target last showed; resolutions of conflicts; pauses; the inbox"""

import sqlalchemy as sa
from alembic import op

from scim_bridge.state.table import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables; what a link had seen moves to the resources, and the next run reads the whole target."""
    op.create_table(
        "resources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("members_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("endpoint", "kind", "target_id"),
    )
    op.create_table(
        "memberships",
        sa.Column("group_row", sa.Integer(), sa.ForeignKey("resources.id"), nullable=False),
        sa.Column("user_row", sa.Integer(), sa.ForeignKey("resources.id"), nullable=False),
        sa.PrimaryKeyConstraint("group_row", "user_row"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "readings",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("began", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "endpoint"),
    )
    op.create_table(
        "connections",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("paused", UtcDateTime(), nullable=True),
        sa.Column("paused_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("subjects", sa.JSON(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("asked", UtcDateTime(), nullable=False),
        sa.Column("answered", UtcDateTime(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("exit_code", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_inbox_connection", "inbox", ["connection"])
    _add("runs", sa.Column("mapping", sa.String(), nullable=False, server_default=""))
    _add("runs", sa.Column("approved", sa.JSON(), nullable=False, server_default="[]"))
    _add("runs", sa.Column("of_one", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("source_id", "path", "resolution", "chosen", "note", "resolved_by"):
        _add("conflicts", sa.Column(name, sa.String(), nullable=False, server_default=""))
    _add("conflicts", sa.Column("resource", sa.String(), nullable=False, server_default="user"))
    _add("conflicts", sa.Column("resolved", UtcDateTime(), nullable=True))
    op.drop_column("links", "seen")


def _add(table: str, column: "sa.Column[object]") -> None:
    op.add_column(table, column)
