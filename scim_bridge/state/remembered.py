"""What earlier runs left behind, put together for the planner: links, counts, what was decided, what was refused."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, func, or_, select
from sqlmodel import col

from scim_bridge.model.identity import Kind, SourceKey, TargetKey
from scim_bridge.model.remembered import EarlierRuns, Link, Remembered
from scim_bridge.model.run import ConflictRecord
from scim_bridge.state.record import StoredAttributes, resolution_of
from scim_bridge.state.refusal import refusals_of
from scim_bridge.state.table import ConnectionRow, LinkRow, RunRow
from scim_bridge.state.window import last_applied, recent


def known_of(
    database: Connection, connection: str, endpoint: str, since: datetime | None, open_now: Collection[ConflictRecord]
) -> Remembered:
    """What is known of this connection at this endpoint.

    since: when the sliding window of the limits begins, None for a window without runs. open_now: its open conflicts.
    """
    links, elsewhere, aside = _links(database, connection, endpoint)
    begun, has_applied = _past(database, connection, endpoint)
    is_it = col(ConnectionRow.name) == connection
    unsettled = database.execute(select(col(ConnectionRow.unsettled)).where(is_it)).scalar()
    counts, mapping = last_applied(database, connection, endpoint, since, after_run=(unsettled or 1) - 1)
    counted = recent(database, connection, endpoint, since) if since is not None else {}
    stored = refusals_of(database, connection, endpoint)
    told = {c.conflict.key: c.conflict for c in open_now}
    refused = {r.key: replace(r, conflict=told[key]) for key, r in stored if key in told}
    return Remembered(
        users=links["user"],
        groups=links["group"],
        is_fresh=not begun or unsettled is not None,
        has_applied=has_applied,
        linked_elsewhere=frozenset(elsewhere),
        unclaimed=frozenset(c.target_id or "" for c in told.values() if c.kind == "unclaimed"),
        earlier=EarlierRuns(counts, mapping, counted),
        resolutions={c.conflict.key: resolution_of(c) for c in open_now if c.resolution},
        assigned={c.target_id: c for c in told.values() if c.kind == "orphan_with_assignments" and c.target_id},
        refusals=refused,
        aside=aside,
    )


def _links(
    database: Connection, connection: str, endpoint: str
) -> tuple[dict[Kind, dict[str, Link]], set[TargetKey], dict[SourceKey, Link]]:
    """This connection's links at this endpoint, what other connections have linked there, and links set aside."""
    links: dict[Kind, dict[str, Link]] = {"user": {}, "group": {}}
    elsewhere: set[TargetKey] = set()
    aside: dict[SourceKey, Link] = {}
    columns = (
        col(LinkRow.connection),
        col(LinkRow.kind),
        col(LinkRow.source_id),
        col(LinkRow.target_id),
        col(LinkRow.applied),
        col(LinkRow.departed),
        col(LinkRow.left_at),
        col(LinkRow.is_confirmed),
    )
    rows = database.execute(select(*columns).where(col(LinkRow.endpoint) == endpoint)).yield_per(10_000)
    for owner, stored_kind, source_id, target_id, applied, departed, left_at, is_confirmed in rows:
        kind: Kind = "user" if stored_kind == "user" else "group"
        if owner != connection:
            elsewhere.add(TargetKey(kind, target_id))
            continue
        link = Link(
            kind=kind,
            source_id=source_id,
            target_id=target_id,
            applied=StoredAttributes(applied),
            departed=departed,
            left_at=left_at,
        )
        if is_confirmed:
            links[kind][source_id] = link
        else:
            aside[link.key] = link
    return links, elsewhere, aside


def _past(database: Connection, connection: str, endpoint: str) -> tuple[bool, bool]:
    """Whether any run came as far as applying, and whether names are no longer adopted.

    A run that relinked held what it found by name. If it was cut, the next one has a state again and must hold it too.
    A run about some (`--only`) says nothing about all.
    """
    mine = (col(RunRow.connection) == connection, col(RunRow.endpoint) == endpoint)
    begun = (*mine, col(RunRow.has_begun), col(RunRow.of_one).is_(False))
    settled = func.max(or_(col(RunRow.is_complete), col(RunRow.is_relinking)))
    count, is_settled = database.execute(select(func.count(), settled).where(*begun)).one()
    return bool(count), bool(is_settled)
