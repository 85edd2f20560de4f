"""Orders of people, the plans that are kept for them, and how far a run has come"""

import sqlalchemy as sa
from alembic import op

from scim_bridge.state.table import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four new tables; and the run that has applied a plan is found by the plan."""
    _orders()
    op.create_table(
        "asked_once",
        sa.Column("who", sa.String(), primary_key=True),
        sa.Column("idempotency_key", sa.String(), primary_key=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("asked", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_asked_once_asked", "asked_once", ["asked"])
    _kept_plans()
    op.create_index("ix_operations_status", "operations", ["run_id", "status", "operation_id"])
    op.create_table(
        "run_progress",
        sa.Column("run_id", sa.Integer(), primary_key=True),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("step_began", UtcDateTime(), nullable=False),
        sa.Column("noted", UtcDateTime(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
    )


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subjects", sa.JSON(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("about_run", sa.Integer(), nullable=True),
        sa.Column("is_approved", sa.Boolean(), nullable=False),
        sa.Column("is_last_admin", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("placed", UtcDateTime(), nullable=False),
        sa.Column("begun", UtcDateTime(), nullable=True),
        sa.Column("ended", UtcDateTime(), nullable=True),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("exit_code", sa.Integer(), nullable=False),
    )
    these = sa.text("status IN ('waiting', 'running')")
    op.create_index("ix_orders_open", "orders", ["id"], sqlite_where=these, postgresql_where=these)
    op.create_index("ix_orders_connection", "orders", ["connection", "id"])
    op.create_index("ix_orders_run_id", "orders", ["run_id"])


def _kept_plans() -> None:
    op.create_table(
        "kept_plans",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("made", UtcDateTime(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("guard", sa.JSON(), nullable=False),
        sa.Column("conflicts", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("is_compressed", sa.Boolean(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("declined_by", sa.String(), nullable=False),
        sa.Column("declined", UtcDateTime(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.UniqueConstraint("connection", "fingerprint"),
    )
    op.create_index("ix_kept_plans_run_id", "kept_plans", ["run_id"])
    these = sa.text("plan != ''")
    op.create_index("ix_runs_plan", "runs", ["connection", "plan"], sqlite_where=these, postgresql_where=these)
