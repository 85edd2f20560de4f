"""What runs in progress use of the quota of their endpoint"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new column of a table that has rows only while runs are in progress."""
    op.add_column("run_progress", sa.Column("uses", sa.JSON(), nullable=False, server_default="{}"))
