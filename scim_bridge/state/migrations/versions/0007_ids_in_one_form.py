"""Source ids and names in the form in which they are compared: composed (NFC) and trimmed, names folded"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from scim_bridge.model.plan import conflict_key
from scim_bridge.model.text import folded, normal

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_PLACE = ("connection", "endpoint", "kind", "source_id")


def upgrade() -> None:
    """Rewrite what earlier versions kept as the source had written it, so that no link and no decision is lost."""
    database = op.get_bind()
    tables = sa.MetaData()
    links = sa.Table("links", tables, autoload_with=database)
    conflicts = sa.Table("conflicts", tables, autoload_with=database)
    for row in database.execute(sa.select(links).order_by(*(links.c[name] for name in _PLACE))).mappings().all():
        _rewrite_link(database, links, dict(row))
    for row in database.execute(sa.select(conflicts)).mappings().all():
        if row["source_id"] != normal(row["source_id"]):
            _rewrite_conflict(database, conflicts, dict(row))


def _rewrite_link(database: sa.Connection, links: sa.Table, row: dict[str, Any]) -> None:
    """One link. Two that only differed in form cannot both stay: the one whose record is there goes before the other.

    The resource of the other one then has no link; its user, if active, is listed as unclaimed by the next run.
    """
    mine = sa.and_(*(links.c[name] == row[name] for name in _PLACE))
    new = {"source_id": normal(row["source_id"]), "name": folded(row["name"])}
    if new["source_id"] != row["source_id"]:
        there = sa.and_(*(links.c[name] == (new | {k: row[k] for k in _PLACE[:3]})[name] for name in _PLACE))
        other = database.execute(sa.select(links).where(there)).mappings().first()
        if other is not None and (other["departed"] is None or row["departed"] is not None):
            database.execute(sa.delete(links).where(mine))
            return
        database.execute(sa.delete(links).where(there))
    if new != {name: row[name] for name in new}:
        database.execute(sa.update(links).where(mine).values(**new))


def _rewrite_conflict(database: sa.Connection, conflicts: sa.Table, row: dict[str, Any]) -> None:
    """A question about such an id. Its key holds the id: where it is seen how, the decision moves to the new key."""
    source_id = normal(row["source_id"])
    mine = sa.and_(conflicts.c.connection == row["connection"], conflicts.c.key == row["key"])
    new = {"source_id": source_id}
    for others in _others(row):
        before, after = (
            conflict_key(row["kind"], [f"{row['resource']}:{each}", *others]) for each in (row["source_id"], source_id)
        )
        if before == row["key"]:
            there = sa.and_(conflicts.c.connection == row["connection"], conflicts.c.key == after)
            database.execute(sa.delete(conflicts).where(there))
            new["key"] = after
    database.execute(sa.update(conflicts).where(mine).values(**new))


def _others(row: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """What a key may be made of besides the record: its resource, the attribute, both."""
    paths = tuple(path for path in row["path"].split(",") if path)
    targets = tuple(target for target in (row["target_id"],) if target)
    yield from {(), targets, paths, targets + paths}
