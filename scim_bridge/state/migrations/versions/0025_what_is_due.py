"""When each connection is due, and which workers there are"""

import sqlalchemy as sa
from alembic import op

from scim_bridge.state.table import UtcDateTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two new tables, which the next worker fills, and who has cancelled an order that was being carried out."""
    op.create_table(
        "schedule",
        sa.Column("connection", sa.String(), primary_key=True),
        sa.Column("next_due", UtcDateTime(), nullable=False),
        sa.Column("run_with", sa.String(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.Column("cancelled_by", sa.String(), nullable=False),
    )
    op.create_table(
        "workers",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started", UtcDateTime(), nullable=False),
        sa.Column("runs_at_once", sa.Integer(), nullable=False),
    )
    with op.batch_alter_table("orders") as orders:
        orders.add_column(sa.Column("cancelled_by", sa.String(), nullable=False, server_default=""))
