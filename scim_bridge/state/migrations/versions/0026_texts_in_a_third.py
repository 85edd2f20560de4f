"""What is kept of each record is packed: what was applied to it, what it has become, what its source remembers"""

import sqlalchemy as sa
from alembic import op

from scim_bridge.state.packed import PackedText

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_PACKED = (
    ("links", "applied", ("connection", "endpoint", "kind", "source_id")),
    ("records", "wanted", ("id",)),
    ("source_entries", "entry", ("connection", "entry_key")),
)
_BATCH = 5_000


def upgrade() -> None:
    """The columns hold bytes from now on, in columns of the same names. No text is lost: each is packed as it is."""
    for table, column, keys in _PACKED:
        op.add_column(table, sa.Column("packed", PackedText(), nullable=False, server_default=sa.text("''")))
        _pack(table, column, keys)
        op.drop_column(table, column)
        op.execute(f"ALTER TABLE {table} RENAME COLUMN packed TO {column}")


def _pack(name: str, column: str, keys: tuple[str, ...]) -> None:
    database = op.get_bind()
    table = sa.table(name, *map(sa.column, keys), sa.column(column), sa.column("packed", PackedText()))
    one = [table.c[key] == sa.bindparam(f"of_{key}") for key in keys]
    put = sa.update(table).where(*one).values(packed=sa.bindparam("now"))
    # Once more for each batch, since a table is not to be read and written at the same time.
    later = sa.tuple_(*(table.c[key] for key in keys)) > sa.tuple_(*(sa.bindparam(f"of_{key}") for key in keys))
    ordered = sa.select(*(table.c[key] for key in keys), table.c[column]).order_by(*(table.c[key] for key in keys))
    rows = database.execute(ordered.limit(_BATCH)).all()
    while rows:
        told = [dict(zip((*(f"of_{key}" for key in keys), "now"), row, strict=True)) for row in rows]
        database.execute(put, told)
        last = {name: value for name, value in told[-1].items() if name != "now"}
        rows = database.execute(ordered.where(later).limit(_BATCH), last).all()
