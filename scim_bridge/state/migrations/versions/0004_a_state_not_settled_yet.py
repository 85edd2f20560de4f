"""A state that was lost or restored is not settled until the target has confirmed every link"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New columns. What is on record today counts as settled."""
    op.add_column("links", sa.Column("is_confirmed", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("connections", sa.Column("unsettled", sa.Integer(), nullable=True))
