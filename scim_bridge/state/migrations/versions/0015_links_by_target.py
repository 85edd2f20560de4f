"""A link is found by its resource or its name without reading the other links of its connection"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of target ids or names alone they were not used: SQLite took the first columns of the key for more selective."""
    op.drop_index("ix_links_target_id", table_name="links")
    op.drop_index("ix_links_name", table_name="links")
    op.create_index("ix_links_name", "links", ["endpoint", "kind", "name", "connection"])
    op.create_index("ix_links_target", "links", ["endpoint", "kind", "target_id", "connection"])
