"""What a run leaves to the next one: who needs a look, and what is said of those that it will not be about."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert
from sqlmodel import col

from scim_bridge.model.batch import batched_list
from scim_bridge.model.identity import Whom
from scim_bridge.model.plan import Conflict, Remark
from scim_bridge.model.shadow import Difference
from scim_bridge.state.desired import settle_directory
from scim_bridge.state.look import keys_of, look_at, looked_at, these_of
from scim_bridge.state.shadow import keep_differences
from scim_bridge.state.table import ConflictSubjectRow, RemarkRow
from scim_bridge.state.upsert import upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What a run leaves behind. again: whom the next run looks at, whatever changes until then.

    subjects: whom this run was about, None for those alone who were named, or for everyone; is_everyone tells the two
    apart. groups: target ids of those that were compared whole, None for all. remarks: what its plan said of them.
    is_settled: False if everyone has to be looked at next. differences: what its plan would have changed, if it was in
    shadow.
    """

    again: frozenset[Whom]
    subjects: frozenset[Whom] | None = None
    is_everyone: bool = False
    groups: frozenset[str] | None = None
    remarks: tuple[Remark, ...] = ()
    is_settled: bool = True
    differences: tuple[Difference, ...] | None = None


def leave(database: Connection, connection: str, run_id: int, aftermath: Aftermath) -> None:
    """Put on record what a run leaves to the next one."""
    if aftermath.subjects is not None:
        looked_at(database, connection, aftermath.subjects)
    if aftermath.is_everyone or aftermath.subjects is not None:
        _remark(database, connection, aftermath)
    if aftermath.is_everyone or not aftermath.is_settled:
        settle_directory(database, connection, is_settled=aftermath.is_settled)
    look_at(database, connection, aftermath.again)
    if aftermath.differences is not None:
        keep_differences(database, connection, run_id, aftermath.differences)


def _remark(database: Connection, connection: str, aftermath: Aftermath) -> None:
    mine = col(RemarkRow.connection) == connection
    if aftermath.subjects is None:
        database.execute(delete(RemarkRow).where(mine))
    else:
        these = these_of(RemarkRow)
        for batch in batched_list(keys_of(aftermath.subjects)):
            database.execute(delete(RemarkRow).where(mine, *these), batch)
    rows = (
        {
            "connection": connection,
            "side": remark.about.side,
            "kind": remark.about.kind,
            "id_of": remark.about.id,
            "what": remark.what,
            "kind_of_notice": remark.kind,
            "subject": remark.subject,
            "detail": remark.detail,
        }
        for remark in aftermath.remarks
    )
    for new in batched_list(rows):
        database.execute(insert(RemarkRow), new)


def keep_subjects(database: Connection, connection: str, conflicts: Iterable[Conflict]) -> None:
    """Whom these conflicts are about; of those that say nothing of it (others tell them), it stays as it was."""
    told = [conflict for conflict in conflicts if conflict.about]
    mine = (col(ConflictSubjectRow.connection) == connection, col(ConflictSubjectRow.key) == bindparam("of_key"))
    for keys in batched_list({"of_key": conflict.key} for conflict in told):
        database.execute(delete(ConflictSubjectRow).where(*mine), keys)
    rows = (
        {"connection": connection, "side": side, "kind": kind, "id_of": id_of, "key": conflict.key}
        for conflict in told
        for side, kind, id_of in conflict.about
    )
    for batch in batched_list(rows):
        database.execute(upsert(ConflictSubjectRow).on_conflict_do_nothing(), batch)


def forget_subjects(database: Connection, connection: str, keys: Iterable[str]) -> None:
    """These conflicts are over."""
    mine = (col(ConflictSubjectRow.connection) == connection, col(ConflictSubjectRow.key) == bindparam("of_key"))
    for batch in batched_list({"of_key": key} for key in keys):
        database.execute(delete(ConflictSubjectRow).where(*mine), batch)
