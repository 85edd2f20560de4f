"""People are found by the names they go by, and what has happened to each is found without reading all runs"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_NAMED_BY = ("displayName", "name.familyName")
"""As in model/desired_side.py on the day of this migration."""
_BATCH = 10_000


def upgrade() -> None:
    """One new table, filled from the operations on record; names beside the values by which both sides are found."""
    op.create_table(
        "mentions",
        sa.Column("about", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("run_id", sa.Integer(), primary_key=True),
        sa.Column("operation_id", sa.String(), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_conflicts_source", "conflicts", ["connection", "resource", "source_id"])
    op.create_index("ix_conflicts_target", "conflicts", ["connection", "resource", "target_id"])
    op.create_index("ix_audit_subject", "audit", ["subject"])
    put = "INSERT OR IGNORE INTO mentions (about, run_id, operation_id) VALUES (:about, :run_id, :operation_id)"
    _fill("SELECT run_id, operation_id, document FROM operations", _mentions, put)
    put = "INSERT OR IGNORE INTO {} (path, value, row) VALUES ('known as', :value, :row)"
    _fill("SELECT id, shown FROM resources WHERE kind = 'user'", _shown, put.format("held_values"))
    _fill("SELECT id, wanted FROM records WHERE kind = 'user'", _wanted, put.format("claims"))


def _fill(query: str, rows_of: Any, statement: str) -> None:
    database = op.get_bind()
    found = database.execute(sa.text(query))
    while batch := found.fetchmany(_BATCH):
        rows = [row for each in batch for row in rows_of(*each)]
        if rows:
            database.execute(sa.text(statement), rows)


def _mentions(run_id: int, operation_id: str, document: str) -> Iterator[dict[str, Any]]:
    told = orjson.loads(document)
    kind = "group" if told["kind"].endswith(("_group", "_members")) else "user"
    for of, each in ((kind, told), *(("user", member) for member in told.get("members", ()))):
        side = "source" if each["source_id"] else "target"
        digest = hashlib.sha256(f"{side} {of} {each[f'{side}_id'] or ''}".encode("utf-8", "surrogatepass")).digest()
        about = int.from_bytes(digest[:8], "big", signed=True)
        yield {"about": about, "run_id": run_id, "operation_id": operation_id}


def _shown(row: int, shown: str) -> Iterator[dict[str, Any]]:
    yield from ({"value": name, "row": row} for name in _names(orjson.loads(shown)))


def _wanted(row: int, wanted: str) -> Iterator[dict[str, Any]]:
    found = {name for each in orjson.loads(wanted) for name in _names(each.get("attributes", {}))}
    yield from ({"value": name, "row": row} for name in found)


def _names(attributes: Mapping[str, Any]) -> set[str]:
    names = {_folded(str(value))[:64] for path in _NAMED_BY if (value := attributes.get(path))}
    return {name for name in names if not any(other.startswith(name) for other in names - {name})}


def _folded(text: str) -> str:
    from scim_bridge.model.text import folded

    return folded(text)
