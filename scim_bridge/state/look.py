"""Who is looked at by the next run about some, whatever changes in the source until then (docs/design.md §1.3).

Several connections share what the target was last seen to hold. So a change of it is put down for each of them, in the
transaction that writes it. A run of one of them may be under way by then, and have loaded what was before. So a run
takes off only the notes that were there when it began, and its own.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, select, true, update
from sqlmodel import col

from scim_bridge.model.identity import TargetKey, Whom
from scim_bridge.state.statement import carry_out_many
from scim_bridge.state.table import ConflictRow, ConflictSubjectRow, LookRow, ReadingRow
from scim_bridge.state.upsert import upsert

_NAMES = ("connection", "side", "kind", "id_of")
_COLUMNS = (*_NAMES, "is_new")
_THIS = tuple(col(getattr(LookRow, name)) == bindparam(f"of_{name}") for name in _NAMES)
_LOOK = upsert(LookRow).values({name: bindparam(name) for name in _COLUMNS}).on_conflict_do_nothing()
_LOOKED = delete(LookRow).where(*_THIS, ~col(LookRow.is_new))
_NEW = update(LookRow).where(*_THIS).values(is_new=true())
_OF_THIS = tuple(f"of_{name}" for name in _NAMES)
# Who has not read this target in full yet begins with everyone.
_CONCERNED = select(col(ReadingRow.connection)).where(
    col(ReadingRow.endpoint) == bindparam("of_endpoint"), col(ReadingRow.connection) != bindparam("but")
)
_OF_CONFLICT = (
    select(col(ConflictSubjectRow.side), col(ConflictSubjectRow.kind), col(ConflictSubjectRow.id_of))
    .join(
        ConflictRow,
        and_(
            col(ConflictRow.connection) == col(ConflictSubjectRow.connection),
            col(ConflictRow.key) == col(ConflictSubjectRow.key),
        ),
    )
    .where(
        col(ConflictSubjectRow.connection) == bindparam("of_connection"),
        col(ConflictSubjectRow.key) == bindparam("of_key"),
        col(ConflictRow.resolution) != "",
    )
)


def look_at(database: Connection, connection: str, whom: Iterable[Whom]) -> None:
    """The next run looks at these. The run under way knows why."""
    carry_out_many(database, _LOOK, _COLUMNS, ((connection, *each, False) for each in whom))


def look_begins(database: Connection, connection: str) -> None:
    """A run begins, and will see why the notes that there are were put down."""
    mine = (col(LookRow.connection) == connection, col(LookRow.is_new))
    database.execute(update(LookRow).where(*mine).values(is_new=False))


def look_at_everyone(database: Connection, connection: str) -> None:
    """A run about everyone has read both sides: no one needs a look beside it, but for what was put down meanwhile."""
    database.execute(delete(LookRow).where(col(LookRow.connection) == connection, ~col(LookRow.is_new)))


def looked_at(database: Connection, connection: str, whom: Iterable[Whom]) -> None:
    """These need no look any more, unless something was put down since the run began."""
    carry_out_many(database, _LOOKED, _OF_THIS, ((connection, *each) for each in whom))


def _put_new(database: Connection, connection: str, whom: Collection[Whom]) -> None:
    """The next run looks at these; one that is under way has not seen why."""
    look_at(database, connection, whom)
    carry_out_many(database, _NEW, _OF_THIS, ((connection, *each) for each in whom))


def put_down(database: Connection, endpoint: str, changed: Collection[TargetKey], *, but: str = "") -> None:
    """These resources are not as they were last seen: every connection of this target looks at them.

    Where someone came into a group or left it, the user is meant, and not the group. but: the connection whose own run
    sees to it.
    """
    if changed:
        for connection in database.execute(_CONCERNED, {"of_endpoint": endpoint, "but": but}).scalars().all():
            _put_new(database, connection, [Whom.resource(*key) for key in changed])


def look_at_decided(database: Connection, connection: str, keys: Iterable[str], *, by_run: bool) -> None:
    """The next run looks at those whom these conflicts are about, as far as a person has decided them.

    by_run: the run under way says so, of conflicts that are over.

    A decision changes what is planned when it is made, taken back, or over with its conflict; a lasting one too: where
    a name may stay as it is, another waits no more for a change of it.
    """
    for key in sorted(keys):
        of_key = {"of_connection": connection, "of_key": key}
        found = database.execute(_OF_CONFLICT, of_key).all()
        put = look_at if by_run else _put_new
        put(database, connection, [Whom(row.side, row.kind, row.id_of) for row in found])


def these_of(table: Any) -> tuple[Any, ...]:
    """Which rows of a table are about one of those that keys_of gives."""
    return (
        col(table.side) == bindparam("of_side"),
        col(table.kind) == bindparam("of_kind"),
        col(table.id_of) == bindparam("of_id"),
    )


def keys_of(whom: Iterable[Whom]) -> Iterator[dict[str, str]]:
    """The parameters of these_of for each of these."""
    return ({"of_side": side, "of_kind": kind, "of_id": id_of} for side, kind, id_of in whom)
