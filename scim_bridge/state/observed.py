"""What the target last showed: resources, and who is in which group. Between verifying runs this stands for a reading.

A whole reading replaces it; every answered write moves it on, in the transaction that journals the answer.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import aliased
from sqlmodel import col

from scim_bridge.model.desired_side import claims_of
from scim_bridge.model.identity import INDEXED, KINDS, Existing, Inventory, Kind, Members, TargetKey, Value
from scim_bridge.model.operation import Member, Operation, Outcome, landed
from scim_bridge.model.touch import member_path
from scim_bridge.model.verification import ReadingCost
from scim_bridge.state.statement import (
    ADD_MEMBER,
    HOLD,
    LET_GO,
    PUT_RESOURCE,
    REMOVE_MEMBER,
    ROW_OF,
    ROWS_OF,
    SEE_MEMBER,
    SHOWN,
    TARGETS_OF,
)
from scim_bridge.state.table import LinkRow, MembershipRow, ReadingRow, ResourceRow, SeenChangeRow

_Item = TypeVar("_Item")
_BATCH = 10_000
_FEW = 500
"""So many values one statement asks for."""
_MANY = 5_000
"""From so many resources on it is quicker to go through all of them."""


def keep_reading(
    database: Connection,
    connection: str,
    endpoint: str,
    inventory: Inventory,
    members: Members,
    *,
    began: datetime,
    requests: int,
) -> None:
    """A whole reading: what is not in it is gone. began: when it was begun, since what it shows is as old."""
    rows = _rows(database, endpoint)
    shown = {r.key: text_of(r.attributes) for kind in KINDS for r in inventory.of(kind).values()}
    _forget(
        database,
        [(kind, row, text) for (kind, target_id), (row, text) in rows.items() if (kind, target_id) not in shown],
    )
    known = {key: text for key, (_, text) in rows.items()}
    changed = {key: text for key, text in shown.items() if known.get(key) != text}
    _note_changes(database, endpoint, known, changed, began)
    _put(database, endpoint, changed, rows, began)
    database.execute(update(ResourceRow).where(col(ResourceRow.endpoint) == endpoint).values(seen_at=began))
    keep_members(database, endpoint, members, began)
    values = {"began": began, "requests": requests}
    statement = upsert(ReadingRow).values(connection=connection, endpoint=endpoint, **values)
    database.execute(statement.on_conflict_do_update(index_elements=["connection", "endpoint"], set_=values))


def forget_reading(database: Connection, connection: str, endpoint: str) -> None:
    """As if this target had not been read in full yet; single resources stay as they were last seen."""
    mine = (col(ReadingRow.connection) == connection, col(ReadingRow.endpoint) == endpoint)
    database.execute(delete(ReadingRow).where(*mine))


def reading_cost(database: Connection, connection: str, endpoint: str) -> ReadingCost:
    """What the last whole reading took, and how much there is to read now."""
    mine = (col(ReadingRow.connection) == connection, col(ReadingRow.endpoint) == endpoint)
    measured = database.execute(select(col(ReadingRow.requests)).where(*mine)).scalar() or 0
    kinds = select(col(ResourceRow.kind), func.count()).where(col(ResourceRow.endpoint) == endpoint)
    rows = database.execute(kinds.group_by(col(ResourceRow.kind))).all()
    counts = {str(kind): int(count) for kind, count in rows}
    sizes = select(func.count()).select_from(MembershipRow)
    sizes = sizes.join(ResourceRow, col(ResourceRow.id) == col(MembershipRow.group_row))
    sizes = sizes.where(col(ResourceRow.endpoint) == endpoint, col(MembershipRow.is_seen))
    members = database.execute(sizes.group_by(col(MembershipRow.group_row))).scalars()
    return ReadingCost(measured, counts.get("user", 0), counts.get("group", 0), tuple(members))


def keep_resources(
    database: Connection, endpoint: str, found: Mapping[TargetKey, Existing | None], at: datetime
) -> None:
    """Single resources that were looked at again; None for one that is gone."""
    if not found:
        return
    rows = _rows(database, endpoint, found)
    _forget(database, [(key.kind, *rows[key]) for key, there in found.items() if there is None and key in rows])
    there = {key: text_of(existing.attributes) for key, existing in found.items() if existing is not None}
    _note_changes(database, endpoint, {key: text for key, (_, text) in rows.items()}, there, at)
    _put(database, endpoint, there, rows, at)


def keep_members(database: Connection, endpoint: str, members: Members, at: datetime) -> None:
    """Who was found in these groups. Users that no listing has shown are left out."""
    if not members:
        return
    named = {TargetKey("group", group_id) for group_id in members}
    named |= {TargetKey("user", user_id) for user_ids in members.values() for user_id in user_ids}
    ids = {key: row for key, (row, _) in _rows(database, endpoint, named).items()}
    groups = [ids["group", group_id] for group_id in members if ("group", group_id) in ids]
    read_before = _read_before(database, groups)
    before = _memberships(database, groups)
    added: list[dict[str, Any]] = []
    removed: list[dict[str, int]] = []
    seen: list[tuple[str, str, str, Value | None]] = []
    for group_id, user_ids in members.items():
        group = ids.get(("group", group_id))
        if group is None:
            continue
        now = {ids["user", user_id]: user_id for user_id in user_ids if ("user", user_id) in ids}
        then = before.get(group, {})
        joined, left = now.keys() - then.keys(), then.keys() - now.keys()
        added += ({"group": group, "user": user, "ours": False} for user in joined)
        removed += ({"of_group": group, "of_user": user} for user in left)
        if group in read_before:
            seen += (("group", group_id, member_path(now[user]), True) for user in joined)
            seen += (("group", group_id, member_path(then[user]), False) for user in left)
    _note(database, endpoint, seen, at)
    for batch in batched_list(added):
        database.execute(SEE_MEMBER, batch)
    mine = (col(MembershipRow.group_row) == bindparam("of_group"), col(MembershipRow.user_row) == bindparam("of_user"))
    for batch in batched_list(removed):
        database.execute(delete(MembershipRow).where(*mine, ~col(MembershipRow.is_ours)), batch)
        database.execute(update(MembershipRow).where(*mine).values(is_seen=False), batch)
    read = [{"row": ids["group", group_id]} for group_id in members if ("group", group_id) in ids]
    statement = update(ResourceRow).where(col(ResourceRow.id) == bindparam("row")).values(members_at=at)
    if read:
        database.execute(statement, read)


def _note_changes(
    database: Connection,
    endpoint: str,
    before: Mapping[tuple[Kind, str], str],
    after: Mapping[TargetKey, str],
    at: datetime,
) -> None:
    """Attributes that a reading shows otherwise than our answered writes and the last reading left them."""
    found: list[tuple[str, str, str, Value | None]] = []
    for (kind, target_id), text in after.items():
        if before.get((kind, target_id), text) == text:
            continue
        old, new = orjson.loads(before[kind, target_id]), orjson.loads(text)
        paths = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
        found += ((kind, target_id, path, new.get(path)) for path in paths)
    _note(database, endpoint, found, at)


def _note(database: Connection, endpoint: str, found: list[tuple[str, str, str, Value | None]], at: datetime) -> None:
    place = {"endpoint": endpoint, "seen_at": at}
    rows = (
        place | {"kind": kind, "target_id": target_id, "path": path, "value": orjson.dumps(value).decode()}
        for kind, target_id, path, value in found
    )
    for batch in batched_list(rows):
        database.execute(insert(SeenChangeRow), batch)


def _read_before(database: Connection, groups: list[int]) -> set[int]:
    """Those of these rows whose members were known before: only there is a difference a change."""
    found: set[int] = set()
    for batch in batched_list(groups, _FEW):
        mine = (col(ResourceRow.id).in_(batch), col(ResourceRow.members_at).is_not(None))
        found |= {row for row in database.execute(select(col(ResourceRow.id)).where(*mine)).scalars() if row}
    return found


def settle_members(
    database: Connection,
    connection: str,
    endpoint: str,
    strays: Set[tuple[str, str]],
    of_groups: Collection[str] | None = None,
) -> None:
    """A plan has been applied to its end: what is seen is as we left it, but for strays.

    strays: (group, user) target ids whose membership someone else changed, and which are left so. The groups of other
    connections stay as those left them: only a run of theirs can tell what is drift there. of_groups: target ids of
    the groups that were looked at, None for all.
    """
    if of_groups is not None:
        strays = {pair for pair in strays if pair[0] in of_groups}
    group, user = aliased(ResourceRow), aliased(ResourceRow)
    row = (col(MembershipRow.group_row), col(MembershipRow.user_row))
    is_seen = col(MembershipRow.is_seen)
    query = select(*row, col(group.target_id), col(user.target_id), is_seen)
    query = query.join(group, col(group.id) == row[0]).join(user, col(user.id) == row[1])
    elsewhere = select(col(LinkRow.target_id)).where(
        col(LinkRow.endpoint) == endpoint, col(LinkRow.kind) == "group", col(LinkRow.connection) != connection
    )
    query = query.where(col(group.target_id).not_in(elsewhere))
    differing = query.where(col(group.endpoint) == endpoint, or_(~is_seen, ~col(MembershipRow.is_ours)))
    if of_groups is None:
        found = database.execute(differing).all()
    else:
        few = batched_list(of_groups, _FEW)
        found = [each for ids in few for each in database.execute(differing.where(col(group.target_id).in_(ids)))]
    over = [
        ({"of_group": group_row, "of_user": user_row}, was_seen)
        for group_row, user_row, group_id, user_id, was_seen in found
        if (group_id, user_id) not in strays
    ]
    mine = (row[0] == bindparam("of_group"), row[1] == bindparam("of_user"))
    for batch in batched_list(key for key, was_seen in over if was_seen):
        database.execute(update(MembershipRow).where(*mine).values(is_ours=True), batch)
    for batch in batched_list(key for key, was_seen in over if not was_seen):
        database.execute(delete(MembershipRow).where(*mine), batch)
    taken_out = strays - {(group_id, user_id) for _, _, group_id, user_id, _ in found}
    if taken_out:
        _keep_taken_out(database, endpoint, taken_out)


def _keep_taken_out(database: Connection, endpoint: str, pairs: Set[tuple[str, str]]) -> None:
    """Memberships that are ours and were not seen, of which a state that was lost has no row."""
    ids = {(kind, target_id): row for (kind, target_id), (row, _) in _rows(database, endpoint).items()}
    rows = [
        {"group_row": ids["group", group_id], "user_row": ids["user", user_id], "is_seen": False, "is_ours": True}
        for group_id, user_id in sorted(pairs)
        if ("group", group_id) in ids and ("user", user_id) in ids
    ]
    for batch in batched_list(rows):
        database.execute(insert(MembershipRow), batch)


def move_on(
    database: Connection, connection: str, endpoint: str, operation: Operation, outcome: Outcome, *, at: datetime
) -> None:
    """One answered write: what the target shows now, as far as the answer tells."""
    target_id = outcome.target_id or operation.target_id
    if target_id is None:
        return
    if operation.kind in ("delete_user", "delete_group"):
        if outcome.status == "done":
            key = TargetKey(operation.resource, target_id)
            _forget(database, [(key.kind, *found) for found in _rows(database, endpoint, [key]).values()])
    elif operation.members:
        if outcome.status == "done" or outcome.refused:
            changed = [member for member in operation.members if member not in outcome.refused]
            _move_members(database, connection, endpoint, operation, group_id=target_id, changed=changed)
    else:
        new = landed(operation, outcome)
        if new is not None:
            _merge(database, endpoint, operation, target_id, new | dict(outcome.shown), at=at)


def _merge(
    database: Connection,
    endpoint: str,
    operation: Operation,
    target_id: str,
    new: Mapping[str, Value | None],
    *,
    at: datetime,
) -> None:
    this = _this(endpoint, operation.resource, target_id)
    before: dict[str, Value | None] = {}
    if not operation.is_create:
        text = database.execute(SHOWN, this).scalar()
        before = orjson.loads(text) if text is not None else {}
    shown = {path: value for path, value in (before | dict(new)).items() if value is not None}
    values = {
        "endpoint": endpoint,
        "kind": operation.resource,
        "target_id": target_id,
        "shown": text_of(shown),
        "seen_at": at,
        "members_at": at if operation.kind == "create_group" else None,
    }
    database.execute(PUT_RESOURCE, values)
    if not before.keys().isdisjoint(INDEXED[operation.resource]) or not shown.keys().isdisjoint(
        INDEXED[operation.resource]
    ):
        row = database.execute(ROW_OF, this).scalar() or 0
        _hold(database, [(operation.resource, row, before, shown)])


def _move_members(
    database: Connection,
    connection: str,
    endpoint: str,
    operation: Operation,
    *,
    group_id: str,
    changed: Iterable[Member],
) -> None:
    group = _row(database, endpoint, "group", group_id)
    changed = list(changed)
    new = [m.source_id for m in changed if m.target_id is None]  # created by this very run, so their links tell
    links = {"of_connection": connection, "of_endpoint": endpoint, "of_kind": "user", "source_ids": new}
    found = database.execute(TARGETS_OF, links).scalars().all() if new else []
    ids = [*found, *(m.target_id for m in changed if m.target_id is not None)]
    named = {"of_endpoint": endpoint, "of_kind": "user", "target_ids": ids}
    users = database.execute(ROWS_OF, named).scalars().all()
    if group is not None and users:
        statement = ADD_MEMBER if operation.kind == "add_members" else REMOVE_MEMBER
        database.execute(statement, [{"group": group, "user": user, "ours": True} for user in users])


def note_members(database: Connection, endpoint: str, group_id: str, members: Mapping[str, bool]) -> None:
    """Memberships that a write of ours made or ended, as a look has shown. members: user's target id → whether in."""
    group = _row(database, endpoint, "group", group_id) if members else None
    for is_in, statement in ((True, ADD_MEMBER), (False, REMOVE_MEMBER)):
        ids = [user_id for user_id, found in members.items() if found is is_in]
        named = {"of_endpoint": endpoint, "of_kind": "user", "target_ids": ids}
        rows = database.execute(ROWS_OF, named).scalars().all() if ids and group is not None else []
        if rows:
            database.execute(statement, [{"group": group, "user": user, "ours": True} for user in rows])


def _this(endpoint: str, kind: str, target_id: str) -> dict[str, str]:
    return {"of_endpoint": endpoint, "of_kind": kind, "of_target_id": target_id}


def _row(database: Connection, endpoint: str, kind: Kind, target_id: str) -> int | None:
    row: int | None = database.execute(ROW_OF, _this(endpoint, kind, target_id)).scalar()
    return row


def _rows(
    database: Connection, endpoint: str, keys: Collection[TargetKey] | None = None
) -> dict[tuple[Kind, str], tuple[int, str]]:
    """(kind, target id) → (row, what it last showed); keys: of these alone, None for all."""
    columns = (col(ResourceRow.id), col(ResourceRow.kind), col(ResourceRow.target_id), col(ResourceRow.shown))
    query = select(*columns).where(col(ResourceRow.endpoint) == endpoint)
    if keys is None or len(keys) > _MANY:
        rows = database.execute(query)
        return {("user" if k == "user" else "group", target_id): (row or 0, text) for row, k, target_id, text in rows}
    found: dict[tuple[Kind, str], tuple[int, str]] = {}
    for kind in KINDS:
        of_kind = query.where(col(ResourceRow.kind) == kind)
        for batch in batched_list((key.id for key in keys if key.kind == kind), _FEW):
            for row, _, target_id, shown in database.execute(of_kind.where(col(ResourceRow.target_id).in_(batch))):
                found[kind, target_id] = (row or 0, shown)
    return found


def _memberships(database: Connection, groups: list[int]) -> dict[int, dict[int, str]]:
    """Row of each group → row and id of each user that was last seen in it."""
    found: dict[int, dict[int, str]] = {}
    query = select(col(MembershipRow.group_row), col(MembershipRow.user_row), col(ResourceRow.target_id))
    query = query.join(ResourceRow, col(ResourceRow.id) == col(MembershipRow.user_row))
    for batch in batched_list(groups, _FEW):
        seen = query.where(col(MembershipRow.group_row).in_(batch), col(MembershipRow.is_seen))
        for group, user, user_id in database.execute(seen):
            found.setdefault(group, {})[user] = user_id
    return found


def _put(
    database: Connection,
    endpoint: str,
    changed: Mapping[TargetKey, str],
    before: Mapping[tuple[Kind, str], tuple[int, str]],
    at: datetime,
) -> None:
    """Insert or replace what was seen, with the values by which it is found. before: rows as they were."""
    values = (
        {"endpoint": endpoint, "kind": kind, "target_id": target_id, "shown": text, "seen_at": at, "members_at": None}
        for (kind, target_id), text in changed.items()
    )
    for batch in batched_list(values):
        database.execute(PUT_RESOURCE, batch)
    new = [key for key in changed if key not in before]
    rows = {key: row for key, (row, _) in (_rows(database, endpoint, new) if new else {}).items()}
    moved = (
        (key.kind, before[key][0], orjson.loads(before[key][1]), orjson.loads(text))
        if key in before
        else (key.kind, rows[key], {}, orjson.loads(text))
        for key, text in changed.items()
    )
    _hold(database, moved)


def _hold(database: Connection, moved: Iterable[tuple[Kind, int, Mapping[str, object], Mapping[str, object]]]) -> None:
    """Resources (kind, row) with what they showed and what they show: the values by which they are found."""
    gone, new = [], []
    for kind, row, before, now in moved:
        then, found = frozenset(claims_of(kind, before)), frozenset(claims_of(kind, now))
        gone += [{"of_path": path, "of_value": value, "of_row": row} for path, value in then - found]
        new += [{"path": path, "value": value, "row": row} for path, value in found - then]
    for over in batched_list(gone):
        database.execute(LET_GO, over)
    for held in batched_list(sorted(new, key=lambda each: (each["path"], each["value"]))):
        database.execute(HOLD, held)


def _forget(database: Connection, resources: list[tuple[Kind, int, str]]) -> None:
    """Resources that are gone: kind, row, and what each last showed."""
    rows = [{"row": row} for _, row, _ in resources]
    if rows:
        _hold(database, ((kind, row, orjson.loads(text), {}) for kind, row, text in resources))
        for column in (col(MembershipRow.group_row), col(MembershipRow.user_row)):
            database.execute(delete(MembershipRow).where(column == bindparam("row")), rows)
        database.execute(delete(ResourceRow).where(col(ResourceRow.id) == bindparam("row")), rows)


def batched_list(items: Iterable[_Item], size: int = _BATCH) -> Iterator[list[_Item]]:
    """The items in lists of at most `size`."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def text_of(attributes: Mapping[str, Any]) -> str:
    """Attributes as they lie in the database; the same attributes are always the same text."""
    return orjson.dumps(dict(attributes), option=orjson.OPT_SORT_KEYS).decode()
