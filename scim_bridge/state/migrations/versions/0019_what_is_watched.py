"""Old history may be forgotten"""

import sqlalchemy as sa
from alembic import op

from scim_bridge.state.table import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Until when the history of a connection may have gaps."""
    op.add_column("connections", sa.Column("forgotten_until", UtcDateTime(), nullable=True))
