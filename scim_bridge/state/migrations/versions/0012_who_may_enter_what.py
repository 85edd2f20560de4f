"""Readings of who may enter what are kept, each as what differs from the one before"""

import sqlalchemy as sa
from alembic import op

from scim_bridge.state.table import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two new tables."""
    op.create_table(
        "access_readings",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
    )
    op.create_index("ix_access_readings_connection", "access_readings", ["connection"])
    op.create_table(
        "access_facts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("fact_key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("until", sa.Integer(), nullable=True),
    )
    op.create_index("ix_access_facts_connection", "access_facts", ["connection"])
