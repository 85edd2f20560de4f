"""The desired side is kept too, and both sides can be looked up by what they claim and hold"""

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_HELD = {"user": ("externalId", "userName", "emails"), "group": ("externalId", "displayName")}
"""As in model/identity.py on the day of this migration."""


def upgrade() -> None:
    """New tables. What the target holds is indexed here; what the source wants, by the next whole run."""
    op.create_table(
        "directories",
        sa.Column("connection", sa.String(), primary_key=True),
        sa.Column("made_with", sa.String(), nullable=False),
        sa.Column("today", sa.String(), nullable=False),
        sa.Column("users", sa.Integer(), nullable=False),
        sa.Column("groups", sa.Integer(), nullable=False),
        sa.Column("memberships", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("ambiguous", sa.String(), nullable=False),
        sa.Column("warnings", sa.String(), nullable=False),
        sa.Column("elsewhere", sa.String(), nullable=False),
        sa.Column("is_settled", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "records",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.String(), nullable=False),
        sa.Column("manager", sa.String(), nullable=False),
        sa.Column("is_choosing", sa.Boolean(), nullable=False),
        sa.Column("is_outside", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("connection", "kind", "source_id"),
    )
    _index_some("ix_records_manager", "records", ["manager"], "manager != ''")
    _index_some("ix_records_choosing", "records", ["connection"], "is_choosing")
    _index_some("ix_records_outside", "records", ["connection"], "is_outside")
    for name in ("claims", "held_values"):
        op.create_table(
            name,
            sa.Column("path", sa.String(), primary_key=True),
            sa.Column("value", sa.String(), primary_key=True),
            sa.Column("row", sa.Integer(), primary_key=True),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "direct_members",
        sa.Column("group_row", sa.Integer(), sa.ForeignKey("records.id"), primary_key=True),
        sa.Column("member_row", sa.Integer(), sa.ForeignKey("records.id"), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_direct_members_member_row", "direct_members", ["member_row"])
    op.create_index("ix_memberships_user_row", "memberships", ["user_row"])
    op.create_table("to_look_at", *_whom(), sqlite_with_rowid=False)
    op.create_table(
        "conflict_subjects", *_whom(), sa.Column("key", sa.String(), primary_key=True), sqlite_with_rowid=False
    )
    op.create_index("ix_conflict_subjects_key", "conflict_subjects", ["connection", "key"])
    op.create_table(
        "remarks",
        sa.Column("id", sa.Integer(), primary_key=True),
        *(sa.Column(column.name, sa.String(), nullable=False) for column in _whom()),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("kind_of_notice", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
    )
    op.create_index("ix_remarks_whom", "remarks", ["connection", "side", "kind", "id_of"])
    op.create_index("ix_operations_answered_at", "operations", ["answered_at"])
    unsure = "status IN ('sent', 'failed', 'held') AND NOT is_looked_at"
    _index_some("ix_operations_unsure", "operations", ["run_id"], unsure)
    _index_what_is_held()


def _index_some(name: str, table: str, columns: list[str], which: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(which), postgresql_where=sa.text(which))


def _whom() -> tuple["sa.Column[str]", ...]:
    return tuple(sa.Column(name, sa.String(), primary_key=True) for name in ("connection", "side", "kind", "id_of"))


def _index_what_is_held() -> None:
    from scim_bridge.model.text import folded

    database = op.get_bind()
    insert = sa.text("INSERT INTO held_values (path, value, row) VALUES (:path, :value, :row)")
    for row, kind, shown in database.execute(sa.text("SELECT id, kind, shown FROM resources")).all():
        attributes = orjson.loads(shown)
        held = [
            {"path": path, "value": folded(str(value)), "row": row}
            for path in _HELD[kind]
            if (value := attributes.get(path))
        ]
        if held:
            database.execute(insert, held)
