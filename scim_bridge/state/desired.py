"""The desired side in the state (model/desired_side.py): moved on by what differs, in one transaction, never rewritten.

What lies here is by rows with small numbers: a membership is two of them, so that a million fit into 30 MiB.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, String, bindparam, cast, delete, func, insert, select, update
from sqlmodel import col

from scim_bridge.model.batch import batched_list
from scim_bridge.model.desired_side import DesiredWhole, Mapped, Membership, Moves, Whole
from scim_bridge.model.identity import (
    KINDS,
    AmbiguousMember,
    Desired,
    Flaw,
    Kind,
    Notice,
    OutOfScope,
    SourceCounts,
    SourceKey,
)
from scim_bridge.model.source import DirectMembers
from scim_bridge.state.look import look_at, look_at_everyone
from scim_bridge.state.statement import carry_out_many
from scim_bridge.state.table import ClaimRow, DirectMemberRow, DirectoryRow, RecordRow
from scim_bridge.state.upsert import upsert

_FEW = 500
"""So many values one statement asks for: SQLite takes 32,766 of them, and a list of them is built each time."""


def move_on(database: Connection, connection: str, moves: Moves) -> None:
    """Bring the desired side of a connection to what a reading has shown."""
    _keep_whole(database, connection, moves.whole)
    rows = rows_of(database, connection, {*moves.records, *_ends(moves)})
    _forget(database, [rows[key] for key, mapped in moves.records.items() if not mapped.rows and key in rows])
    rows |= _put(database, connection, [m for m in moves.records.values() if m.rows], rows)
    _join(database, rows, moves)
    look_at(database, connection, moves.look)


def replace_directory(database: Connection, connection: str, desired: DesiredWhole) -> None:
    """What a run about everyone has found, moved on to by what differs."""
    records: dict[SourceKey, Mapped] = {}
    rows: dict[SourceKey, int] = {}
    for row in all_records(database, connection):
        key: SourceKey = SourceKey("user" if row.kind == "user" else "group", row.source_id)
        rows[key] = row.id
        now = desired.records.get(key)
        if now is None:
            records[key] = Mapped(key=key)
        elif (row.shown, row.rows, row.wanted) != (now.shown, now.rows, wanted_text(now)):
            records[key] = now
    records |= {key: mapped for key, mapped in desired.records.items() if key not in rows}
    gone = [rows[key] for key, mapped in records.items() if not mapped.rows]
    _keep_whole(database, connection, desired.whole)  # not settled, so that everyone is looked at until the run ends
    look_at_everyone(database, connection)
    _forget(database, gone)
    made = _put(database, connection, [mapped for mapped in records.values() if mapped.rows], rows)
    _join_all(database, connection, {**rows, **made}, desired.members)


def _join_all(
    database: Connection, connection: str, rows: Mapping[SourceKey, int], members: Mapping[str, DirectMembers]
) -> None:
    """Direct memberships, group by group, so that never more than one group's stand side by side."""
    # By ids of one kind, since a key for each of a million members would take four times as long.
    user_rows, group_rows = ({key.id: row for key, row in rows.items() if key.kind == kind} for kind in KINDS)
    wanted = {
        group_rows[group]: {
            *(user_rows[user] for user in users if user in user_rows),
            *(group_rows[inner] for inner in groups if inner in group_rows),
        }
        for group, (users, groups) in members.items()
        if group in group_rows
    }
    gone: list[dict[str, int]] = []
    for group, stored in all_memberships(database, connection):
        now = wanted.get(group, set())
        gone += ({"g": group, "m": member} for member in stored - now)
        wanted[group] = now - stored
    this = (col(DirectMemberRow.group_row) == bindparam("g"), col(DirectMemberRow.member_row) == bindparam("m"))
    for batch in batched_list(gone):
        database.execute(delete(DirectMemberRow).where(*this), batch)
    new = ((group, member) for group in sorted(wanted) for member in sorted(wanted[group]))
    carry_out_many(database, insert(DirectMemberRow), ("group_row", "member_row"), new)


def _ends(moves: Moves) -> Iterator[SourceKey]:
    for group, member in (*moves.joined, *moves.left):
        yield SourceKey("group", group)
        yield member


def rows_of(database: Connection, connection: str, keys: Iterable[SourceKey]) -> dict[SourceKey, int]:
    """The rows of these records, as far as there are any."""
    found: dict[SourceKey, int] = {}
    wanted = frozenset(keys)
    for kind in KINDS:
        mine = (col(RecordRow.connection) == connection, col(RecordRow.kind) == kind)
        for batch in batched_list((key.id for key in wanted if key.kind == kind), _FEW):
            query = select(col(RecordRow.source_id), col(RecordRow.id)).where(*mine)
            for source_id, row in database.execute(query.where(col(RecordRow.source_id).in_(batch))):
                found[SourceKey(kind, source_id)] = row or 0
    return found


def _forget(database: Connection, rows: list[int]) -> None:
    """Records that are gone, with all that names them."""
    gone = [{"gone": row} for row in rows]
    if not gone:
        return
    for batch in batched_list(rows, _FEW):
        stored = database.execute(_STORED.where(col(RecordRow.id).in_(batch))).all()
        _claim(database, [(row.id, mapped_of_row(row).claims, frozenset()) for row in stored])
    for column in (col(DirectMemberRow.group_row), col(DirectMemberRow.member_row)):
        database.execute(delete(DirectMemberRow).where(column == bindparam("gone")), gone)
    database.execute(delete(RecordRow).where(col(RecordRow.id) == bindparam("gone")), gone)


def _put(
    database: Connection, connection: str, records: list[Mapped], rows: Mapping[SourceKey, int]
) -> dict[SourceKey, int]:
    """Insert or replace these records and what they claim. Gives the rows of those that are new."""
    before: dict[int, frozenset[tuple[str, str]]] = {}
    for batch in batched_list((rows[mapped.key] for mapped in records if mapped.key in rows), _FEW):
        stored = database.execute(_STORED.where(col(RecordRow.id).in_(batch)))
        before |= {row.id: mapped_of_row(row).claims for row in stored}
    changed = [{"of_id": rows[mapped.key]} | _columns(mapped) for mapped in records if mapped.key in rows]
    if changed:
        values: dict[str, Any] = {name: bindparam(name) for name in _columns(records[0])}
        database.execute(update(RecordRow).where(col(RecordRow.id) == bindparam("of_id")).values(values), changed)
    new = [m for m in records if m.key not in rows]
    if new:
        names = ("connection", "kind", "source_id", *_columns(new[0]))
        put = insert(RecordRow).values({name: bindparam(name) for name in names})
        carry_out_many(database, put, names, ((connection, *m.key, *_columns(m).values()) for m in new))
    made = rows_of(database, connection, (mapped.key for mapped in new))
    _claim(database, [(rows[each.key], before[rows[each.key]], each.claims) for each in records if each.key in rows])
    _claim(database, [(made[each.key], frozenset(), each.claims) for each in new])
    return made


def _claim(
    database: Connection, changes: Iterable[tuple[int, frozenset[tuple[str, str]], frozenset[tuple[str, str]]]]
) -> None:
    """Rows with what they claimed and what they claim now."""
    gone, new = [], []
    for row, before, now in changes:
        gone += [{"of_path": path, "of_value": value, "of_row": row} for path, value in before - now]
        new += [(path, value, row) for path, value in now - before]
    this: tuple[Any, ...] = (col(ClaimRow.path), col(ClaimRow.value), col(ClaimRow.row))
    where = [column == bindparam(f"of_{column.key}") for column in this]
    for batch in batched_list(gone):
        database.execute(delete(ClaimRow).where(*where), batch)
    carry_out_many(database, insert(ClaimRow), ("path", "value", "row"), sorted(new))


def _join(database: Connection, rows: Mapping[SourceKey, int], moves: Moves) -> None:
    left = [pair for each in moves.left if (pair := _pair(rows, each))]
    this = (col(DirectMemberRow.group_row) == bindparam("g"), col(DirectMemberRow.member_row) == bindparam("m"))
    for batch in batched_list(left):
        database.execute(delete(DirectMemberRow).where(*this), [{"g": group, "m": member} for group, member in batch])
    joined = sorted(pair for each in moves.joined if (pair := _pair(rows, each)))
    statement = upsert(DirectMemberRow).on_conflict_do_nothing()
    for batch in batched_list(joined):
        database.execute(statement, [{"group_row": group, "member_row": member} for group, member in batch])


def _pair(rows: Mapping[SourceKey, int], membership: Membership) -> tuple[int, int] | None:
    group, member = rows.get(SourceKey("group", membership[0])), rows.get(membership[1])
    return (group, member) if group is not None and member is not None else None


def settle_directory(database: Connection, connection: str, *, is_settled: bool) -> None:
    """Whether only what changes needs a look from now on."""
    mine = col(DirectoryRow.connection) == connection
    database.execute(update(DirectoryRow).where(mine).values(is_settled=is_settled))


def _keep_whole(database: Connection, connection: str, whole: Whole) -> None:
    values = {
        "made_with": whole.made_with,
        "today": whole.today,
        "users": whole.counts.users,
        "groups": whole.counts.groups,
        "memberships": whole.counts.memberships,
        "digest": whole.digest,
        "ambiguous": _text([_ambiguous(each) for each in whole.ambiguous]),
        "warnings": _text([_notices(whole.shown_warnings), _notices(whole.warnings)]),
        "elsewhere": whole.elsewhere,
        "is_settled": whole.is_settled,
    }
    statement = upsert(DirectoryRow).values(connection=connection, **values)
    database.execute(statement.on_conflict_do_update(index_elements=["connection"], set_=values))


def _notices(notices: Iterable[Notice]) -> list[list[str]]:
    return [[notice.kind, notice.subject, notice.detail] for notice in notices]


def whole_of(database: Connection, connection: str) -> Whole | None:
    """What is true of all records; None before the first reading."""
    row = database.execute(select(DirectoryRow.__table__).where(col(DirectoryRow.connection) == connection)).first()  # type: ignore[attr-defined]
    if row is None:
        return None
    return Whole(
        made_with=row.made_with,
        today=row.today,
        counts=SourceCounts(row.users, row.groups, row.memberships),
        digest=row.digest,
        ambiguous=tuple(map(_ambiguous_of, orjson.loads(row.ambiguous))),
        shown_warnings=tuple(Notice(*each) for each in orjson.loads(row.warnings)[0]),
        warnings=tuple(Notice(*each) for each in orjson.loads(row.warnings)[1]),
        elsewhere=row.elsewhere,
        is_settled=row.is_settled,
    )


def mapped_in(database: Connection, connection: str, keys: Iterable[SourceKey]) -> dict[SourceKey, Mapped]:
    """What these records have become, as far as they are there."""
    found: dict[SourceKey, Mapped] = {}
    wanted = frozenset(keys)
    for kind in KINDS:
        mine = (col(RecordRow.connection) == connection, col(RecordRow.kind) == kind)
        for batch in batched_list((key.id for key in wanted if key.kind == kind), _FEW):
            for row in database.execute(_STORED.where(*mine, col(RecordRow.source_id).in_(batch))):
                found[SourceKey(kind, row.source_id)] = mapped_of_row(row)
    return found


def all_records(database: Connection, connection: str) -> Iterator[Any]:
    """The row of every record: id, kind, source_id, shown, rows, wanted, is_choosing; a batch at a time."""
    query = _STORED.where(col(RecordRow.connection) == connection)
    yield from database.execute(query.execution_options(stream_results=True)).yield_per(5_000)


def all_memberships(database: Connection, connection: str) -> Iterator[tuple[int, set[int]]]:
    """Every group that has members, by its row, with the rows of its direct members."""
    mine = select(col(RecordRow.id)).where(col(RecordRow.connection) == connection, col(RecordRow.kind) == "group")
    # A text for each group instead of a row for each member, as in observed.py: of a million rows none is made.
    members = func.aggregate_strings(cast(col(DirectMemberRow.member_row), String), ",")
    query = select(col(DirectMemberRow.group_row), members).where(col(DirectMemberRow.group_row).in_(mine))
    for group, rows in database.execute(query.group_by(col(DirectMemberRow.group_row))).yield_per(500):
        yield group, set(map(int, rows.split(",")))


_STORED = select(
    col(RecordRow.id),
    col(RecordRow.kind),
    col(RecordRow.source_id),
    col(RecordRow.shown),
    col(RecordRow.rows),
    col(RecordRow.wanted),
    col(RecordRow.is_choosing),
)


def _columns(mapped: Mapped) -> dict[str, Any]:
    return {
        "shown": mapped.shown,
        "rows": mapped.rows,
        "wanted": wanted_text(mapped),
        "manager": mapped.manager,
        "is_choosing": mapped.is_choosing,
        "is_outside": bool(mapped.outside),
    }


def wanted_text(mapped: Mapped) -> str:
    """What a record has become, as it lies in the database; the same is always the same text."""
    return _text([_desired(each) for each in mapped.desired] + [_outside(each) for each in mapped.outside])


def _text(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _desired(desired: Desired) -> dict[str, Any]:
    flaws = [[f.kind, f.attribute, f.detail, f.remedy, f.fatal] for f in desired.flaws]
    whole = {"attributes": dict(desired.attributes), "places": desired.places, "flaws": flaws, "may_be": desired.may_be}
    return {"id": desired.source_id} | {name: value for name, value in whole.items() if value}


def _outside(out: OutOfScope) -> dict[str, Any]:
    return {"id": out.source_id, "place": out.place, "rule": out.rule, "name": out.name}


def mapped_of_row(row: Any) -> Mapped:
    """What a record has become, from its row."""
    kind: Kind = "user" if row.kind == "user" else "group"
    told = orjson.loads(row.wanted)
    return Mapped(
        key=SourceKey(kind, row.source_id),
        desired=tuple(_desired_of(kind, each) for each in told if "rule" not in each),
        outside=tuple(
            OutOfScope(kind, each["id"], each["place"], each["rule"], each["name"]) for each in told if "rule" in each
        ),
        shown=row.shown,
        rows=row.rows,
        is_choosing=row.is_choosing,
    )


def _desired_of(kind: Kind, told: Mapping[str, Any]) -> Desired:
    return Desired(
        kind=kind,
        source_id=told["id"],
        attributes=told.get("attributes", {}),
        places=tuple(told.get("places", ())),
        flaws=tuple(Flaw(*each) for each in told.get("flaws", ())),
        may_be=tuple(told.get("may_be", ())),
    )


def _ambiguous(each: AmbiguousMember) -> dict[str, Any]:
    return {
        name: getattr(each, name)
        for name in ("reference", "groups", "users", "nested", "fits", "detail", "remedy", "count")
    }


def _ambiguous_of(told: Mapping[str, Any]) -> AmbiguousMember:
    return AmbiguousMember(
        reference=told["reference"],
        groups=tuple(told["groups"]),
        users=tuple(told["users"]),
        nested=tuple(told["nested"]),
        fits=tuple((kind, place) for kind, place in told["fits"]),
        detail=told["detail"],
        remedy=told["remedy"],
        count=told["count"],
    )
