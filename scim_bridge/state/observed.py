"""What the target last showed: resources, and who is in which group. Between verifying runs this stands for a reading.

A whole reading replaces it; every answered write moves it on, in the transaction that journals the answer.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlmodel import col

from scim_bridge.model.batch import batched_list
from scim_bridge.model.desired_side import found_by
from scim_bridge.model.identity import KINDS, Existing, Inventory, Kind, Members, TargetKey, Value
from scim_bridge.model.operation import Member, Operation, Outcome, landed
from scim_bridge.model.touch import member_path
from scim_bridge.model.verification import ReadingCost
from scim_bridge.state.look import put_down
from scim_bridge.state.statement import (
    ADD_MEMBER,
    HOLD,
    LET_GO,
    PUT_RESOURCE,
    REMOVE_MEMBER,
    ROW_OF,
    ROWS_OF,
    SEE_MEMBER,
    SHOW,
    SHOWN,
    TARGETS_OF,
    as_stored,
    carry_out_many,
)
from scim_bridge.state.table import LinkRow, MembershipRow, ReadingRow, ResourceRow, SeenChangeRow
from scim_bridge.state.upsert import upsert

_FEW = 500
"""So many values one statement asks for."""
_GROUPS = 50
"""So many groups are compared at a time: with their members some 25,000 memberships."""
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
    """A whole reading: what is not in it is gone. began: when it was begun, since what it shows is as old.

    What was written or looked at since then, by whichever connection, stays as it was seen then.
    """
    newer = _seen_since(database, endpoint, began, None)
    rows = _rows(database, endpoint)
    gone = [TargetKey(kind, at) for kind, at in rows if at not in inventory.of(kind) and (kind, at) not in newer]
    _forget(database, [(key.kind, *rows[key]) for key in gone])
    changed: dict[TargetKey, str] = {}
    for existing in (resource for kind in KINDS for resource in inventory.of(kind).values()):
        key, text = existing.key, text_of(existing.attributes)
        if key not in newer and (key not in rows or rows[key][1] != text):
            changed[key] = text
    known: dict[tuple[Kind, str], str] = {key: rows[key][1] for key in changed if key in rows}
    _note_changes(database, endpoint, known, changed, began)
    _put(database, endpoint, changed, rows, began)
    older = (col(ResourceRow.endpoint) == endpoint, col(ResourceRow.seen_at) < began)
    database.execute(update(ResourceRow).where(*older).values(seen_at=began))
    put_down(database, endpoint, [*changed, *gone], but=connection)
    keep_members(database, endpoint, members, began, but=connection)
    values = {"began": began, "requests": requests}
    statement = upsert(ReadingRow).values(connection=connection, endpoint=endpoint, **values)
    database.execute(statement.on_conflict_do_update(index_elements=["connection", "endpoint"], set_=values))


def _seen_since(
    database: Connection, endpoint: str, moment: datetime, keys: Collection[TargetKey] | None
) -> set[tuple[str, str]]:
    """Kind and target id of the resources that were seen after a moment; keys: of these, None of all."""
    columns = (col(ResourceRow.kind), col(ResourceRow.target_id))
    query = select(*columns).where(col(ResourceRow.endpoint) == endpoint, col(ResourceRow.seen_at) > moment)
    return {(kind, target_id) for kind, target_id in _of_keys(database, query, keys)}


def _members_since(database: Connection, endpoint: str, moment: datetime) -> set[str]:
    """The groups whose members were written or read after a moment."""
    mine = (col(ResourceRow.endpoint) == endpoint, col(ResourceRow.kind) == "group")
    query = select(col(ResourceRow.target_id)).where(*mine, col(ResourceRow.members_at) > moment)
    return set(database.execute(query).scalars())


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
    """Single resources that were looked at again; None for one that is gone. at: as in keep_reading."""
    newer = _seen_since(database, endpoint, at, found) if found else set()
    found = {key: there for key, there in found.items() if key not in newer}
    if not found:
        return
    rows = _rows(database, endpoint, found)
    _forget(database, [(key.kind, *rows[key]) for key, there in found.items() if there is None and key in rows])
    there = {key: text_of(existing.attributes) for key, existing in found.items() if existing is not None}
    before: dict[tuple[Kind, str], str] = {key: text for key, (_, text) in rows.items()}
    _note_changes(database, endpoint, before, there, at)
    _put(database, endpoint, there, rows, at)
    put_down(database, endpoint, [key for key in found if before.get(key) != there.get(key)])


def keep_members(database: Connection, endpoint: str, members: Members, at: datetime, *, but: str = "") -> None:
    """Who was found in these groups. Users that no listing has shown are left out. but: as in look.py.

    A group whose members were written or read after `at` stays as it was seen then.
    """
    newer = _members_since(database, endpoint, at) if members else set()
    members = {group_id: found for group_id, found in members.items() if group_id not in newer} if newer else members
    if not members:
        return
    rows = _rows_of_ends(database, endpoint, members)
    for few in batched_list((group_id for group_id in members if ("group", group_id) in rows), _GROUPS):
        _keep_few_groups(database, endpoint, {group_id: members[group_id] for group_id in few}, rows, at, but=but)


def _rows_of_ends(database: Connection, endpoint: str, members: Members) -> dict[tuple[Kind, str], int]:
    """The rows of these groups and of who is in them, as far as a listing has shown them."""
    ends = {TargetKey("group", group_id) for group_id in members}
    for user_ids in members.values():
        ends.update(TargetKey("user", user_id) for user_id in user_ids)
        if len(ends) > _MANY:
            break  # all are looked up then
    return _row_numbers(database, endpoint, ends)


def _keep_few_groups(
    database: Connection,
    endpoint: str,
    members: Members,
    rows: Mapping[tuple[Kind, str], int],
    at: datetime,
    *,
    but: str,
) -> None:
    """Some groups at a time: of a million memberships no list is made, most of which say nothing new."""
    groups = {group_id: rows["group", group_id] for group_id in members}
    read_before = _read_before(database, list(groups.values()))
    before = _memberships(database, list(groups.values()))
    then_in = {group_id: before.get(group, frozenset()) for group_id, group in groups.items()}
    gone = {TargetKey("user", user_id) for group_id in groups for user_id in then_in[group_id] - members[group_id]}
    rows = {**rows, **_row_numbers(database, endpoint, gone)} if gone else rows
    added: list[tuple[int, int]] = []
    removed: list[dict[str, int]] = []
    seen: list[tuple[str, str, str, Value | None]] = []
    moved: set[TargetKey] = set()
    for group_id, group in groups.items():
        joined = [user_id for user_id in members[group_id] - then_in[group_id] if ("user", user_id) in rows]
        left = then_in[group_id] - members[group_id]
        added += ((group, rows["user", user_id]) for user_id in joined)
        removed += ({"of_group": group, "of_user": rows["user", user_id]} for user_id in left)
        if group in read_before:
            seen += (("group", group_id, member_path(user_id), True) for user_id in joined)
            seen += (("group", group_id, member_path(user_id), False) for user_id in left)
            moved.update(TargetKey("user", user_id) for user_id in (*joined, *left))
    put_down(database, endpoint, moved, but=but)
    _note(database, endpoint, seen, at)
    carry_out_many(database, SEE_MEMBER, ("group", "user"), sorted(added))
    mine = (col(MembershipRow.group_row) == bindparam("of_group"), col(MembershipRow.user_row) == bindparam("of_user"))
    for batch in batched_list(removed):
        database.execute(delete(MembershipRow).where(*mine, ~col(MembershipRow.is_ours)), batch)
        database.execute(update(MembershipRow).where(*mine).values(is_seen=False), batch)
    these = col(ResourceRow.id).in_(groups.values())
    database.execute(update(ResourceRow).where(these).values(members_at=at))


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
    left_so = _as_they_are(database, endpoint, strays) if strays else []
    elsewhere = select(col(LinkRow.target_id)).where(
        col(LinkRow.endpoint) == endpoint, col(LinkRow.kind) == "group", col(LinkRow.connection) != connection
    )
    groups = select(col(ResourceRow.id)).where(col(ResourceRow.endpoint) == endpoint, col(ResourceRow.kind) == "group")
    groups = groups.where(col(ResourceRow.target_id).not_in(elsewhere))
    some = [groups] if of_groups is None else []
    some += (groups.where(col(ResourceRow.target_id).in_(ids)) for ids in batched_list(of_groups or (), _FEW))
    is_seen = col(MembershipRow.is_seen)
    # By the database alone: after a first run a million of them differ.
    for these in some:
        inside = col(MembershipRow.group_row).in_(these)
        database.execute(update(MembershipRow).where(inside, is_seen, ~col(MembershipRow.is_ours)).values(is_ours=True))
        database.execute(delete(MembershipRow).where(inside, ~is_seen))
    statement = upsert(MembershipRow)
    flags = {name: statement.excluded[name] for name in ("is_seen", "is_ours")}
    put_back = statement.on_conflict_do_update(index_elements=["group_row", "user_row"], set_=flags)
    for batch in batched_list(left_so):
        database.execute(put_back, batch)


def _as_they_are(database: Connection, endpoint: str, pairs: Set[tuple[str, str]]) -> list[dict[str, Any]]:
    """The rows of these memberships (group, user), each as someone else has made it: there and not ours, or ours and
    taken out.

    What the row said before does not count. Without state the first reading takes every membership for ours, and the
    next run would remove what this one has only reported.
    """
    ends = {TargetKey("group", group_id) for group_id, _ in pairs} | {
        TargetKey("user", user_id) for _, user_id in pairs
    }
    rows = _row_numbers(database, endpoint, ends)
    wanted = sorted(
        (rows["group", group_id], rows["user", user_id])
        for group_id, user_id in pairs
        if ("group", group_id) in rows and ("user", user_id) in rows
    )
    group, user = col(MembershipRow.group_row), col(MembershipRow.user_row)
    query = select(group, user).where(col(MembershipRow.is_seen))
    seen: set[tuple[int | None, int | None]] = set()
    for batch in batched_list(wanted, _FEW):
        found = query.where(group.in_({pair[0] for pair in batch}), user.in_({pair[1] for pair in batch}))
        seen.update((group_row, user_row) for group_row, user_row in database.execute(found))
    return [
        {"group_row": g, "user_row": u, "is_seen": (g, u) in seen, "is_ours": (g, u) not in seen} for g, u in wanted
    ]


def move_on(
    database: Connection, connection: str, endpoint: str, operation: Operation, outcome: Outcome, *, at: datetime
) -> None:
    """One answered write: what the target shows now, as far as the answer tells.

    Other connections look at it. Not at memberships: a group has one owner, so none of theirs is meant.
    """
    target_id = outcome.target_id or operation.target_id
    if target_id is None:
        return
    if operation.kind in ("delete_user", "delete_group"):
        if outcome.status == "done":
            key = TargetKey(operation.resource, target_id)
            _forget(database, [(key.kind, *found) for found in _rows(database, endpoint, [key]).values()])
            put_down(database, endpoint, [key], but=connection)
    elif operation.members:
        if outcome.status == "done" or outcome.refused:
            changed = [member for member in operation.members if member not in outcome.refused]
            _move_members(database, connection, endpoint, operation, group_id=target_id, changed=changed)
            this = (col(ResourceRow.endpoint) == endpoint, col(ResourceRow.target_id) == target_id)
            known = (col(ResourceRow.kind) == "group", col(ResourceRow.members_at) < at)  # not of one never read
            database.execute(update(ResourceRow).where(*this, *known).values(members_at=at))
    else:
        new = landed(operation, outcome)
        if new is not None:
            _merge(database, endpoint, operation, target_id, new | dict(outcome.shown), at=at)
            put_down(database, endpoint, [TargetKey(operation.resource, target_id)], but=connection)


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
    # A server gives out a number for each row that is put, used or not; so what is there is changed.
    if operation.is_create or not database.execute(SHOW, this | values).rowcount:
        database.execute(PUT_RESOURCE, values)
    if {*found_by(operation.resource, before)} != {*found_by(operation.resource, shown)}:
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
        database.execute(statement, [{"group": group, "user": user} for user in users])


def note_members(database: Connection, endpoint: str, group_id: str, members: Mapping[str, bool]) -> None:
    """Memberships that a write of ours made or ended, as a look has shown. members: user's target id → whether in."""
    group = _row(database, endpoint, "group", group_id) if members else None
    for is_in, statement in ((True, ADD_MEMBER), (False, REMOVE_MEMBER)):
        ids = [user_id for user_id, found in members.items() if found is is_in]
        named = {"of_endpoint": endpoint, "of_kind": "user", "target_ids": ids}
        rows = database.execute(ROWS_OF, named).scalars().all() if ids and group is not None else []
        if rows:
            database.execute(statement, [{"group": group, "user": user} for user in rows])


def _this(endpoint: str, kind: str, target_id: str) -> dict[str, str]:
    return {"of_endpoint": endpoint, "of_kind": kind, "of_target_id": target_id}


def _row(database: Connection, endpoint: str, kind: Kind, target_id: str) -> int | None:
    row: int | None = database.execute(ROW_OF, _this(endpoint, kind, target_id)).scalar()
    return row


def _rows(
    database: Connection, endpoint: str, keys: Collection[TargetKey] | None = None
) -> dict[tuple[Kind, str], tuple[int, str]]:
    """(kind, target id) → (row, what it last showed); keys: of these alone, None for all."""
    columns = (col(ResourceRow.kind), col(ResourceRow.target_id), col(ResourceRow.id), col(ResourceRow.shown))
    found = _of_keys(database, select(*columns).where(col(ResourceRow.endpoint) == endpoint), keys)
    return {
        ("user" if kind == "user" else "group", target_id): (row or 0, shown) for kind, target_id, row, shown in found
    }


def _row_numbers(database: Connection, endpoint: str, keys: Collection[TargetKey]) -> dict[tuple[Kind, str], int]:
    """The rows of these resources, as far as there are any; of very many keys, of all resources."""
    columns = (col(ResourceRow.kind), col(ResourceRow.target_id), col(ResourceRow.id))
    found = _of_keys(database, select(*columns).where(col(ResourceRow.endpoint) == endpoint), keys)
    return {("user" if kind == "user" else "group", target_id): row or 0 for kind, target_id, row in found}


def _of_keys(database: Connection, query: Any, keys: Collection[TargetKey] | None) -> Iterator[Any]:
    if keys is None or len(keys) > _MANY:
        yield from database.execute(query)
        return
    for kind in KINDS:
        of_kind = query.where(col(ResourceRow.kind) == kind)
        for batch in batched_list((key.id for key in keys if key.kind == kind), _FEW):
            yield from database.execute(of_kind.where(col(ResourceRow.target_id).in_(batch)))


def _memberships(database: Connection, groups: list[int]) -> dict[int, frozenset[str]]:
    """Row of each group → target ids of the users that were last seen in it."""
    # A text for each group instead of a row for each member: an eighth of the time. No id has a line break in it, since
    # ids stand in URLs.
    users = func.aggregate_strings(col(ResourceRow.target_id), "\n")
    query = select(col(MembershipRow.group_row), users).join(
        ResourceRow, col(ResourceRow.id) == col(MembershipRow.user_row)
    )
    seen = query.where(col(MembershipRow.is_seen)).group_by(col(MembershipRow.group_row))
    found: dict[int, frozenset[str]] = {}
    for batch in batched_list(groups, _FEW):
        for group, ids in database.execute(seen.where(col(MembershipRow.group_row).in_(batch))):
            found[group] = frozenset(ids.split("\n"))
    return found


def _put(
    database: Connection,
    endpoint: str,
    changed: Mapping[TargetKey, str],
    before: Mapping[tuple[Kind, str], tuple[int, str]],
    at: datetime,
) -> None:
    """Insert or replace what was seen, with the values by which it is found. before: rows as they were."""
    seen_at = as_stored(database, at)
    names = ("endpoint", "kind", "target_id", "shown", "seen_at", "members_at")
    values = ((endpoint, kind, target_id, text, seen_at, None) for (kind, target_id), text in changed.items())
    carry_out_many(database, PUT_RESOURCE, names, values)
    new = [key for key in changed if key not in before]
    rows = _row_numbers(database, endpoint, new) if new else {}
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
        then, found = frozenset(found_by(kind, before)), frozenset(found_by(kind, now))
        gone += [(path, value, row) for path, value in then - found]
        new += [(path, value, row) for path, value in found - then]
    carry_out_many(database, LET_GO, ("of_path", "of_value", "of_row"), gone)
    carry_out_many(database, HOLD, ("path", "value", "row"), sorted(new))


def _forget(database: Connection, resources: list[tuple[Kind, int, str]]) -> None:
    """Resources that are gone: kind, row, and what each last showed."""
    rows = [{"row": row} for _, row, _ in resources]
    if rows:
        _hold(database, ((kind, row, orjson.loads(text), {}) for kind, row, text in resources))
        for column in (col(MembershipRow.group_row), col(MembershipRow.user_row)):
            database.execute(delete(MembershipRow).where(column == bindparam("row")), rows)
        database.execute(delete(ResourceRow).where(col(ResourceRow.id) == bindparam("row")), rows)


def text_of(attributes: Mapping[str, Any]) -> str:
    """Attributes as they lie in the database; the same attributes are always the same text."""
    return orjson.dumps(dict(attributes), option=orjson.OPT_SORT_KEYS).decode()
