"""The statements of every journaled write, built once: building one takes longer than carrying it out.

Parameters have names of their own ("of_…" for what is looked for), since a column's name is taken by its new value.
"""

from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, false, select, true, update
from sqlalchemy import Insert as BaseInsert
from sqlalchemy.dialects.sqlite import Insert
from sqlmodel import col

from scim_bridge.model.batch import batched_list
from scim_bridge.state.bulk import copy_in
from scim_bridge.state.packed import packed_rows
from scim_bridge.state.table import HeldValueRow, LinkRow, MembershipRow, OperationRow, ResourceRow, UtcDateTime
from scim_bridge.state.transaction import is_file
from scim_bridge.state.upsert import upsert

_MANY = 1_000
"""From so many rows on it is quicker to copy them to a server."""


def carry_out_many(
    database: Connection, statement: Any, names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
) -> None:
    """A statement for very many rows. names: its parameters, in the order of a row.

    The driver of a file gets the rows as they are, so a point in time must be in the form of `as_stored`: SQLAlchemy
    takes three times as long, most of it for a dictionary of each.
    """
    if not is_file(database):
        for batch in batched_list(rows):
            if len(batch) >= _MANY and isinstance(statement, BaseInsert):
                copy_in(database, statement, names, batch)
            else:
                database.execute(statement, [dict(zip(names, row, strict=True)) for row in batch])
        return
    compiled = statement.compile(dialect=database.dialect)
    packed = packed_rows(compiled, names, rows)
    if tuple(compiled.positiontup) != names:
        packed = map(itemgetter(*map(names.index, compiled.positiontup)), packed)
    for batch in batched_list(packed):
        database.exec_driver_sql(compiled.string, batch)


def as_stored(database: Connection, moment: datetime | None) -> Any:
    """A point in time as the driver takes it."""
    if moment is None:  # as nearly every link has it, and what makes the form is looked up each time
        return None
    # By the dialect's own form of the type: the general one leaves the rest to the driver, a call for each row.
    process = UtcDateTime().dialect_impl(database.dialect).bind_processor(database.dialect)
    return process(moment) if process is not None else moment


def _this(column: Any) -> ColumnElement[bool]:
    is_it: ColumnElement[bool] = col(column) == bindparam(f"of_{column.key}")
    return is_it


_THIS_OPERATION = (_this(OperationRow.run_id), _this(OperationRow.operation_id))
OPERATION_SENT = (
    update(OperationRow).where(*_THIS_OPERATION).values(status=bindparam("status"), sent_at=bindparam("at"))
)
OPERATION_ENDED = (
    update(OperationRow)
    .where(*_THIS_OPERATION)
    .values(
        status=bindparam("status"),
        target_id=bindparam("target_id"),
        request_id=bindparam("request_id"),
        detail=bindparam("detail"),
        answered_at=bindparam("at"),
        is_looked_at=bindparam("is_known"),
    )
)
OPERATION_LOOKED_AT = (
    update(OperationRow)
    .where(*_THIS_OPERATION)
    .values(
        status=bindparam("status"),
        target_id=bindparam("target_id"),
        detail=bindparam("detail"),
        answered_at=bindparam("at"),
        is_looked_at=True,
    )
)
OPERATION_UNSENT = (
    update(OperationRow).where(*_THIS_OPERATION).values(status=bindparam("status"), detail=bindparam("detail"))
)

_THESE_LINKS = (_this(LinkRow.connection), _this(LinkRow.endpoint), _this(LinkRow.kind))
LINK = select(col(LinkRow.applied), col(LinkRow.name), col(LinkRow.target_id)).where(
    *_THESE_LINKS, _this(LinkRow.source_id)
)
TARGETS_OF = select(col(LinkRow.target_id)).where(
    *_THESE_LINKS, col(LinkRow.source_id).in_(bindparam("source_ids", expanding=True))
)
UNLINK = delete(LinkRow).where(*_THESE_LINKS, _this(LinkRow.target_id))
UNLINK_OTHERS = delete(LinkRow).where(
    *_THESE_LINKS, _this(LinkRow.target_id), col(LinkRow.source_id) != bindparam("of_source_id")
)
_put_link = upsert(LinkRow).values(
    {
        name: bindparam(name)
        for name in ("connection", "endpoint", "kind", "source_id", "target_id", "name", "applied", "departed")
    }
    | {"is_confirmed": True}
)
PUT_LINK = _put_link.on_conflict_do_update(
    index_elements=["connection", "endpoint", "kind", "source_id"],
    set_={name: _put_link.excluded[name] for name in ("target_id", "name", "applied", "is_confirmed")},
)

PAIR = ("connection", "endpoint", "kind", "source_id", "target_id", "name", "applied", "departed", "left_at")
"""The parameters of PUT_PAIR."""
_put_pair = upsert(LinkRow).values({name: bindparam(name) for name in PAIR} | {"is_confirmed": true()})
PUT_PAIR = _put_pair.on_conflict_do_update(
    index_elements=["connection", "endpoint", "kind", "source_id"],
    set_={name: _put_pair.excluded[name] for name in (*PAIR[4:], "is_confirmed")},
)

_THIS_RESOURCE = (_this(ResourceRow.endpoint), _this(ResourceRow.kind), _this(ResourceRow.target_id))
ROW_OF = select(col(ResourceRow.id)).where(*_THIS_RESOURCE)
ROWS_OF = select(col(ResourceRow.id)).where(
    _this(ResourceRow.endpoint),
    _this(ResourceRow.kind),
    col(ResourceRow.target_id).in_(bindparam("target_ids", expanding=True)),
)
SHOWN = select(col(ResourceRow.shown)).where(*_THIS_RESOURCE)
SHOW = update(ResourceRow).where(*_THIS_RESOURCE).values(shown=bindparam("shown"), seen_at=bindparam("seen_at"))
_put_resource = upsert(ResourceRow).values(
    {name: bindparam(name) for name in ("endpoint", "kind", "target_id", "shown", "seen_at", "members_at")}
)
PUT_RESOURCE = _put_resource.on_conflict_do_update(
    index_elements=["endpoint", "kind", "target_id"],
    set_={name: _put_resource.excluded[name] for name in ("shown", "seen_at")},
)
"""A group that is new is put with members_at, since it is known to be empty; of one that is known it stays."""


def _put_member(*, is_ours: bool) -> Insert:
    values = {"is_seen": true(), "is_ours": true() if is_ours else false()}
    put = upsert(MembershipRow).values(group_row=bindparam("group"), user_row=bindparam("user"), **values)
    again = values if is_ours else {"is_seen": true()}
    return put.on_conflict_do_update(index_elements=["group_row", "user_row"], set_=again)


ADD_MEMBER = _put_member(is_ours=True)
SEE_MEMBER = _put_member(is_ours=False)
REMOVE_MEMBER = delete(MembershipRow).where(
    col(MembershipRow.group_row) == bindparam("group"), col(MembershipRow.user_row) == bindparam("user")
)
HOLD = (
    upsert(HeldValueRow).values({name: bindparam(name) for name in ("path", "value", "row")}).on_conflict_do_nothing()
)
LET_GO = delete(HeldValueRow).where(_this(HeldValueRow.path), _this(HeldValueRow.value), _this(HeldValueRow.row))
"""A value by which a resource is found, and one that it holds no more."""
