"""Whom one side of a connection has and the other has not, from what is remembered of both."""

from collections.abc import Iterator
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, case, exists, func, literal, select, text
from sqlmodel import col

from scim_bridge.model.differing import Differing, Why
from scim_bridge.model.identity import KINDS, NAMES, Kind, Whom
from scim_bridge.state.desired import mapped_of_row
from scim_bridge.state.table import ConflictSubjectRow, LinkRow, RecordRow, RemarkRow, ResourceRow
from scim_bridge.state.transaction import reading


def differing(engine: Engine | None, connection: str, endpoint: str, shown: int) -> list[Differing]:
    """For each kind and reason that occurs: how many there are, and the names of the first `shown`."""
    if engine is None:
        return []
    with reading(engine) as database:
        return [
            found
            for kind in KINDS
            for found in (
                *_on_target(database, connection, endpoint, kind, shown),
                *_in_source(database, (connection, endpoint), kind, shown),
            )
        ]


def _on_target(database: Connection, connection: str, endpoint: str, kind: Kind, shown: int) -> Iterator[Differing]:
    mine = (col(ResourceRow.endpoint) == endpoint, col(ResourceRow.kind) == kind)
    columns = (col(ResourceRow.target_id), col(ResourceRow.shown))
    # One index less the other. To look for the link of each of 100,000 takes half as long again.
    linked = select(col(LinkRow.target_id)).where(col(LinkRow.endpoint) == endpoint, col(LinkRow.kind) == kind)
    unmanaged = (*mine, col(ResourceRow.target_id).in_(select(col(ResourceRow.target_id)).where(*mine).except_(linked)))
    who = (col(LinkRow.connection) == connection, col(LinkRow.endpoint) == endpoint, col(LinkRow.kind) == kind)
    has_left = select(col(LinkRow.target_id)).where(*who, text("departed IS NOT NULL"))  # as the index has it
    departed = (*mine, col(ResourceRow.target_id).in_(has_left))
    conditions: tuple[tuple[Why, tuple[Any, ...]], ...] = (("unmanaged", unmanaged), ("departed", departed))
    for why, where in conditions:
        count = database.execute(select(func.count()).select_from(ResourceRow).where(*where)).scalar_one()
        if not count:
            continue  # to look for the first would be to look at everyone once more
        rows = database.execute(select(*columns).where(*where).order_by(col(ResourceRow.id)).limit(shown)).all()
        names = (
            (str(orjson.loads(seen).get(NAMES[kind]) or number), Whom("target", kind, number)) for number, seen in rows
        )
        yield Differing(why, kind, count, tuple(sorted(names)))


def _in_source(database: Connection, of: tuple[str, str], kind: Kind, shown: int) -> Iterator[Differing]:
    connection, endpoint = of
    linked = select(col(LinkRow.source_id)).where(
        col(LinkRow.connection) == connection, col(LinkRow.endpoint) == endpoint, col(LinkRow.kind) == kind
    )
    why = case((_is_about(ConflictSubjectRow, connection, kind), "held"),
               (_is_about(RemarkRow, connection, kind, col(RemarkRow.what) == "skipped"), "left_alone"),
               else_=literal("not_yet")).label("why")  # fmt: skip
    mine = (col(RecordRow.connection) == connection, col(RecordRow.kind) == kind)
    # By the indexes alone, which do not say who is outside: a record is long, and nearly all of them have a link.
    unlinked = select(col(RecordRow.source_id)).where(*mine).except_(linked)
    inside = (col(RecordRow.source_id).in_(unlinked), ~col(RecordRow.is_outside))
    rows = select(why, *RecordRow.__table__.columns).where(*mine, *inside).subquery()  # type: ignore[attr-defined]
    for reason, count in database.execute(select(rows.c.why, func.count()).group_by(rows.c.why)).all():
        first = database.execute(select(rows).where(rows.c.why == reason).order_by(rows.c.id).limit(shown))
        names = ((_name(row), Whom("source", kind, row.source_id)) for row in first)
        yield Differing(reason, kind, count, tuple(sorted(names)))


def _name(row: Any) -> str:
    """As the mapping calls the record; its id where a rule gave no name."""
    return next((each.name for each in mapped_of_row(row).desired), row.source_id)


def _is_about(table: Any, connection: str, kind: Kind, *more: Any) -> Any:
    return exists().where(
        col(table.connection) == connection,
        col(table.side) == "source",
        col(table.kind) == kind,
        col(table.id_of) == col(RecordRow.source_id),
        *more,
    )
