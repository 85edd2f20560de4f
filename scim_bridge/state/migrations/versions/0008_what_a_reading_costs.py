"""How many requests the last whole reading of a target took"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new column. 0: unknown, so the next reading is expected to cost what its pages do."""
    op.add_column("readings", sa.Column("requests", sa.Integer(), nullable=False, server_default="0"))
