"""When a record left is kept whatever the policy does about it"""

import sqlalchemy as sa
from alembic import op

from scim_bridge.state.table import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new column, filled for those whose grace runs."""
    op.add_column("links", sa.Column("left_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE links SET left_at = departed")
