"""The few whom a plan touches are found among who may enter what; a run keeps what its plan did to that"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_FACTS = sa.table("access_facts", sa.column("kind"), sa.column("about"))
_AFTER_FIRST = "substr(fact_key, instr(fact_key, ' ') + 1)"
_AFTER_SECOND = f"substr({_AFTER_FIRST}, instr({_AFTER_FIRST}, ' ') + 1)"
_ABOUT = {"member": _AFTER_FIRST, "use": _AFTER_FIRST, "edge": _AFTER_SECOND}
"""Kind of a fact → which part of its key names the user, or the principal of an assignment."""


def upgrade() -> None:
    """Columns, and the indexes."""
    op.add_column("access_facts", sa.Column("about", sa.String(), nullable=False, server_default=""))
    for kind, about in _ABOUT.items() if op.get_bind().dialect.name == "sqlite" else ():  # any other state is new
        op.execute(sa.update(_FACTS).where(_FACTS.c.kind == kind).values(about=sa.text(about)))
    for name, column in (("now", "fact_key"), ("about", "about")):
        where = sa.text("until IS NULL")
        columns = ["connection", "kind", column]
        op.create_index(f"ix_access_facts_{name}", "access_facts", columns, sqlite_where=where, postgresql_where=where)
    op.add_column("runs", sa.Column("access", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("inbox", sa.Column("is_last_admin", sa.Boolean(), nullable=False, server_default=sa.false()))
