"""Old history may be forgotten; totals of runs and operations; alerts and their delivery"""

import sqlalchemy as sa
from alembic import op

from scim_bridge.state.table import UtcDateTime
from scim_bridge.state.tally import count_run

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_KEY = ("connection", "kind", "outcome")


def upgrade() -> None:
    """New columns, tables and indexes; what is on record of earlier runs is counted."""
    op.add_column("connections", sa.Column("forgotten_until", UtcDateTime(), nullable=True))
    op.add_column("runs", sa.Column("throttled", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("pace", sa.JSON(), nullable=False, server_default="{}"))
    op.create_table(
        "run_totals",
        *(sa.Column(name, sa.String(), primary_key=True) for name in _KEY),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("runs", "requests", "throttled")),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("buckets", sa.JSON(), nullable=False),
        sa.Column("last_run", sa.Integer(), nullable=False),
        sa.Column("last_started", UtcDateTime(), nullable=False),
        sa.Column("last_ended", UtcDateTime(), nullable=True),
    )
    op.create_table(
        "operation_totals",
        *(sa.Column(name, sa.String(), primary_key=True) for name in _KEY),
        sa.Column("operations", sa.Integer(), nullable=False),
    )
    _alerts()
    op.create_index("ix_runs_ended", "runs", ["connection", "ended"])
    op.create_index("ix_seen_changes_endpoint", "seen_changes", ["endpoint", "seen_at"])
    for name, table, columns, where in (
        ("ix_runs_running", "runs", ["connection"], "status = 'running'"),
        ("ix_conflicts_open", "conflicts", ["connection", "kind", "resolution"], "closed IS NULL"),
        ("ix_inbox_waiting", "inbox", ["connection", "asked"], "answered IS NULL"),
    ):
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    database = op.get_bind()
    for run_id in database.execute(sa.text("SELECT id FROM runs WHERE status != 'running' ORDER BY id")).scalars():
        count_run(database, run_id)


def _alerts() -> None:
    op.create_table(
        "alerts",
        *(sa.Column(name, sa.String(), primary_key=True) for name in ("connection", "event", "about")),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "alert_messages",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("made", UtcDateTime(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
    )
    op.create_table(
        "alert_deliveries",
        sa.Column("message_id", sa.Integer(), sa.ForeignKey("alert_messages.id"), primary_key=True),
        sa.Column("place", sa.String(), primary_key=True),
        sa.Column("due", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("sent", UtcDateTime(), nullable=True),
    )
    waiting = sa.text("sent IS NULL")
    op.create_index(
        "ix_alert_deliveries_waiting", "alert_deliveries", ["due"], sqlite_where=waiting, postgresql_where=waiting
    )
