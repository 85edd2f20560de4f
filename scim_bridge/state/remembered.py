"""What earlier runs left behind, put together for the planner: links, counts, what was decided, what was refused."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, or_, select
from sqlmodel import col

from scim_bridge.model.identity import Kind, SourceKey, TargetKey
from scim_bridge.model.remembered import EarlierRuns, Link, Remembered
from scim_bridge.model.run import ConflictRecord
from scim_bridge.state.record import StoredAttributes, resolution_of
from scim_bridge.state.refusal import refusals_of
from scim_bridge.state.table import ConnectionRow, LinkRow, RunRow
from scim_bridge.state.window import last_applied, recent

_NO_LINKS: tuple[dict[Kind, dict[str, Link]], set[TargetKey], dict[SourceKey, Link]] = (
    {"user": {}, "group": {}},
    set(),
    {},
)


def known_of(
    database: Connection,
    connection: str,
    endpoint: str,
    since: datetime | None,
    open_now: Collection[ConflictRecord],
    *,
    with_links: bool = True,
) -> Remembered:
    """What is known of this connection at this endpoint.

    since: when the sliding window of the limits begins, None for a window without runs. open_now: its open conflicts.
    with_links: else those are left out, for who looks up the few that are wanted.
    """
    found = _links(database, connection, endpoint) if with_links else _NO_LINKS
    links, elsewhere, aside = found
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


LINK_COLUMNS = (
    col(LinkRow.connection),
    col(LinkRow.kind),
    col(LinkRow.source_id),
    col(LinkRow.target_id),
    col(LinkRow.applied),
    col(LinkRow.departed),
    col(LinkRow.left_at),
    col(LinkRow.is_confirmed),
)


def link_of(row: Any) -> Link:
    """A link, from its columns."""
    return Link(
        kind="user" if row.kind == "user" else "group",
        source_id=row.source_id,
        target_id=row.target_id,
        applied=StoredAttributes(row.applied),
        departed=row.departed,
        left_at=row.left_at,
    )


def _links(
    database: Connection, connection: str, endpoint: str
) -> tuple[dict[Kind, dict[str, Link]], set[TargetKey], dict[SourceKey, Link]]:
    """This connection's links at this endpoint, what other connections have linked there, and links set aside."""
    links: dict[Kind, dict[str, Link]] = {"user": {}, "group": {}}
    elsewhere: set[TargetKey] = set()
    aside: dict[SourceKey, Link] = {}
    query = select(*LINK_COLUMNS).where(col(LinkRow.endpoint) == endpoint)
    for row in database.execute(query).yield_per(10_000):
        link = link_of(row)
        if row.connection != connection:
            elsewhere.add(link.target_key)
        elif row.is_confirmed:
            links[link.kind][link.source_id] = link
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
    settled = func.max(case((or_(col(RunRow.is_complete), col(RunRow.is_relinking)), 1), else_=0))
    count, is_settled = database.execute(select(func.count(), settled).where(*begun)).one()
    return bool(count), bool(is_settled)
