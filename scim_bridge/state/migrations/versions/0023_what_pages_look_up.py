"""What pages look up: operations by kind and outcome, who has left, readings of long ago, answers that orders make"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One index has a column more, so that operations are counted without being read; the others are of a few rows."""
    op.drop_index("ix_operations_status", "operations")
    op.create_index("ix_operations_status", "operations", ["run_id", "status", "operation_id", "kind"])
    left = sa.text("departed IS NOT NULL")
    columns = ["connection", "endpoint", "kind", "target_id"]
    op.create_index("ix_links_departed", "links", columns, sqlite_where=left, postgresql_where=left)
    over = sa.text("until IS NOT NULL")
    for name, column in (("ix_access_facts_over", "fact_key"), ("ix_access_facts_about_over", "about")):
        columns = ["connection", "kind", column]
        op.create_index(name, "access_facts", columns, sqlite_where=over, postgresql_where=over)
    op.add_column("orders", sa.Column("question", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "order_answers",
        sa.Column("order_id", sa.Integer(), primary_key=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
    )
