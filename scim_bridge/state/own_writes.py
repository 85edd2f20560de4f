"""What our runs have written recently, from the journal: what a listing may not show yet."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import orjson
from sqlalchemy import Connection, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from scim_bridge.model.batch import batched_list
from scim_bridge.model.identity import Kind, TargetKey
from scim_bridge.model.own_write import OwnWrites
from scim_bridge.state.table import LinkRow, MembershipRow, OperationRow, ResourceRow, RunRow

_BATCH = 500
_Ids = tuple[str | None, str | None]
"""Source id and target id of a member, as the plan knew them."""


def own_writes(database: Connection, connection: str, endpoint: str, since: datetime) -> OwnWrites:
    """Answered since then: resources by whichever connection, memberships by this one.

    Whether a user is in a group now, what was last seen says: every answer has moved it on, also one to a request of
    which a part was refused.
    """
    columns = (
        col(RunRow.connection),
        col(OperationRow.kind),
        col(OperationRow.target_id),
        col(OperationRow.document),
        col(OperationRow.answered_at),
    )
    young = or_(col(RunRow.ended).is_(None), col(RunRow.ended) >= since)  # of all runs ever few are looked through
    answered = (col(OperationRow.answered_at) >= since, col(OperationRow.status).in_(("done", "held")))
    query = select(*columns).join(RunRow, col(RunRow.id) == col(OperationRow.run_id))
    query = query.where(col(RunRow.endpoint) == endpoint, young, *answered).order_by(col(OperationRow.answered_at))
    changed: dict[TargetKey, datetime] = {}
    created: dict[str, datetime] = {}
    deleted: set[TargetKey] = set()
    touched: dict[str, set[_Ids]] = {}
    for owner, operation_kind, target_id, document, at in database.execute(query):
        kind: Kind = "user" if operation_kind.endswith("_user") else "group"
        if target_id is None or at is None:
            continue
        if operation_kind.endswith("_members"):
            if owner == connection:
                members = orjson.loads(document)["members"]
                touched.setdefault(target_id, set()).update((m["source_id"], m["target_id"]) for m in members)
        elif operation_kind.startswith("delete_"):
            deleted.add(TargetKey(kind, target_id))
            changed.pop(TargetKey(kind, target_id), None)
        else:
            changed[TargetKey(kind, target_id)] = at
            if operation_kind.startswith("create_"):
                created[target_id] = at
    return OwnWrites(
        changed=changed,
        created=created,
        deleted=frozenset(deleted),
        members=_memberships(database, connection, endpoint, touched),
    )


def _memberships(
    database: Connection, connection: str, endpoint: str, touched: Mapping[str, set[_Ids]]
) -> dict[str, dict[str, bool]]:
    """For each user that a request named: whether the user is in the group now."""
    new = {source_id for members in touched.values() for source_id, target_id in members if target_id is None}
    ids = _target_ids(database, connection, endpoint, {source_id for source_id in new if source_id is not None})
    inside = _inside(database, endpoint, touched)
    return {
        group_id: {
            user_id: (group_id, user_id) in inside
            for source_id, target_id in members
            if (user_id := target_id or ids.get(source_id or ""))
        }
        for group_id, members in touched.items()
    }


def _target_ids(database: Connection, connection: str, endpoint: str, source_ids: set[str]) -> dict[str, str]:
    """Source id → target id of users that the run itself created."""
    mine = (col(LinkRow.connection) == connection, col(LinkRow.endpoint) == endpoint, col(LinkRow.kind) == "user")
    query = select(col(LinkRow.source_id), col(LinkRow.target_id)).where(*mine)
    return {
        source_id: target_id
        for batch in batched_list(sorted(source_ids), _BATCH)
        for source_id, target_id in database.execute(query.where(col(LinkRow.source_id).in_(batch)))
    }


def _inside(database: Connection, endpoint: str, group_ids: Iterable[str]) -> set[tuple[str, str]]:
    """Who was last seen in these groups."""
    group, user = aliased(ResourceRow), aliased(ResourceRow)
    query = select(col(group.target_id), col(user.target_id)).select_from(MembershipRow)
    query = query.join(group, col(group.id) == col(MembershipRow.group_row))
    query = query.join(user, col(user.id) == col(MembershipRow.user_row))
    query = query.where(col(group.endpoint) == endpoint, col(group.kind) == "group", col(MembershipRow.is_seen))
    return {
        (group_id, user_id)
        for batch in batched_list(sorted(group_ids), _BATCH)
        for group_id, user_id in database.execute(query.where(col(group.target_id).in_(batch)))
    }
