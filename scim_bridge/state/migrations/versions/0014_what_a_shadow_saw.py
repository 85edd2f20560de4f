"""What the plans of a connection in shadow would have changed, each difference once"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new table."""
    op.create_table(
        "shadow_differences",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("difference_key", sa.String(), nullable=False),
        sa.Column("told", sa.String(), nullable=False),
        sa.Column("since_run", sa.Integer(), nullable=False),
        sa.Column("until_run", sa.Integer(), nullable=True),
    )
    op.create_index("ix_shadow_differences_standing", "shadow_differences", ["connection", "until_run"])
