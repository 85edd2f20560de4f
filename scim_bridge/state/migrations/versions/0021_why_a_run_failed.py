"""Which side was the reason that a run failed"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new column, empty for the runs so far."""
    op.add_column("runs", sa.Column("cause", sa.String(), nullable=False, server_default=""))
