"""Who is looked at by the next run about some, whatever changes in the source until then (docs/design.md §1.3).

Several connections share what the target was last seen to hold. So a change of it is put down for each of them, in the
transaction that writes it.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, select
from sqlmodel import col

from scim_bridge.model.identity import TargetKey, Whom
from scim_bridge.state.statement import carry_out_many
from scim_bridge.state.table import ConflictRow, ConflictSubjectRow, LookRow, ReadingRow
from scim_bridge.state.upsert import upsert

_NAMES = ("connection", "side", "kind", "id_of")
_LOOK = upsert(LookRow).values({name: bindparam(name) for name in _NAMES}).on_conflict_do_nothing()
_LOOKED = delete(LookRow).where(*(col(getattr(LookRow, name)) == bindparam(f"of_{name}") for name in _NAMES))
# Who has not read this target in full yet begins with everyone.
_CONCERNED = select(col(ReadingRow.connection)).where(
    col(ReadingRow.endpoint) == bindparam("of_endpoint"), col(ReadingRow.connection) != bindparam("but")
)
_OF_CONFLICT = (
    select(
        col(ConflictSubjectRow.connection),
        col(ConflictSubjectRow.side),
        col(ConflictSubjectRow.kind),
        col(ConflictSubjectRow.id_of),
    )
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
_LOOK_AT_DECIDED = upsert(LookRow).from_select(_NAMES, _OF_CONFLICT).on_conflict_do_nothing()


def look_at(database: Connection, connection: str, whom: Iterable[Whom]) -> None:
    """The next run looks at these."""
    carry_out_many(database, _LOOK, _NAMES, ((connection, *each) for each in whom))


def look_at_everyone(database: Connection, connection: str) -> None:
    """A run about everyone has begun: no one needs a look beside it, but for what is put down from now on."""
    database.execute(delete(LookRow).where(col(LookRow.connection) == connection))


def looked_at(database: Connection, connection: str, whom: Iterable[Whom]) -> None:
    """These need no look any more."""
    carry_out_many(database, _LOOKED, tuple(f"of_{name}" for name in _NAMES), ((connection, *each) for each in whom))


def put_down(database: Connection, endpoint: str, changed: Collection[TargetKey], *, but: str = "") -> None:
    """These resources are not as they were last seen: every connection of this target looks at them.

    Where someone came into a group or left it, the user is meant, and not the group. but: the connection whose own run
    sees to it.
    """
    if changed:
        for connection in database.execute(_CONCERNED, {"of_endpoint": endpoint, "but": but}).scalars().all():
            look_at(database, connection, (Whom.resource(*key) for key in changed))


def look_at_decided(database: Connection, connection: str, keys: Iterable[str]) -> None:
    """The next run looks at those whom these conflicts are about, as far as a person has decided them.

    A decision changes what is planned when it is made, taken back, or over with its conflict; a lasting one too: where
    a name may stay as it is, another waits no more for a change of it.
    """
    rows = [{"of_connection": connection, "of_key": key} for key in sorted(keys)]
    if rows:
        database.execute(_LOOK_AT_DECIDED, rows)


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
