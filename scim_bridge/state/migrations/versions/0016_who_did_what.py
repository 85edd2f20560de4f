"""Who did what when and from where, each entry with the hash of the one before"""

import sqlalchemy as sa
from alembic import op

from scim_bridge.state.table import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_CHANGED, _REMOVED = "an entry of the audit is never changed", "an entry of the audit is never removed"
"""The hash is filled in by the transaction that adds an entry; after that no statement may change or remove it."""
_HASHED, _FAIL = "OLD.hash <> ''", "SELECT RAISE(ABORT, '{}')"
_IN_FILE = (
    f"CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit WHEN {_HASHED} BEGIN {_FAIL.format(_CHANGED)}; END",
    f"CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit BEGIN {_FAIL.format(_REMOVED)}; END",
)
_ON_SERVER = (
    """CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN
    IF TG_OP = 'UPDATE' THEN IF OLD.hash = '' THEN RETURN NEW; END IF; END IF;
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
    END $$""",
    f"""CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit FOR EACH ROW
    EXECUTE FUNCTION audit_refuses('{_CHANGED}')""",
    f"""CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit FOR EACH ROW
    EXECUTE FUNCTION audit_refuses('{_REMOVED}')""",
    f"CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_refuses('{_REMOVED}')",
)


def upgrade() -> None:
    """One new table, which is only ever added to."""
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sqlite_autoincrement=True,
    )
    for statement in _IN_FILE if op.get_bind().dialect.name == "sqlite" else _ON_SERVER:
        op.execute(sa.text(statement.replace(":", r"\:")))
