"""Who may write for a connection, where the state is on a server"""

import sqlalchemy as sa
from alembic import op

from scim_bridge.state.table import UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new table. In a state file it stays empty: a lock of the operating system does its work."""
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started", UtcDateTime(), nullable=False),
        sa.Column("beat", UtcDateTime(), nullable=False),
        sa.Column("process", sa.String(), nullable=False),
        sa.UniqueConstraint("name", "token"),
    )
