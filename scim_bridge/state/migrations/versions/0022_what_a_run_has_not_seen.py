"""A note about who is to be looked at says whether the run under way has seen why"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new column; the notes so far are seen by the next run."""
    op.add_column("to_look_at", sa.Column("is_new", sa.Boolean(), nullable=False, server_default=sa.false()))
