"""Finds people and groups by how a name, an address or an id begins, and tells everything that happened to one.

Each question is a range of an index, cut off after a few rows, so that it costs the same in a directory of a hundred
and of a hundred thousand.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, and_, func, select
from sqlmodel import col

from scim_bridge.model.audit import Entry
from scim_bridge.model.desired_side import CALLED, KNOWN_AS
from scim_bridge.model.identity import INDEXED, KINDS, NAMES, Kind, Whom
from scim_bridge.model.run import ConflictRecord, OperationRecord
from scim_bridge.model.text import folded, normal
from scim_bridge.state.audit import about
from scim_bridge.state.desired import mapped_of_row
from scim_bridge.state.operation_subject import mentioned, names
from scim_bridge.state.record import conflict_record, operation_record
from scim_bridge.state.table import (
    ClaimRow,
    ConflictRow,
    ConflictSubjectRow,
    HeldValueRow,
    LinkRow,
    MentionRow,
    OperationRow,
    RecordRow,
    ResourceRow,
    RunRow,
    SeenChangeRow,
)

_PATHS = tuple(dict.fromkeys((*INDEXED["user"], *INDEXED["group"], CALLED, KNOWN_AS)))
_LAST = "\U0010ffff"
"""Behind every text that begins with what stands before it."""


class Place(NamedTuple):
    """A connection, and the endpoint that its last run wrote to, as the state knows it."""

    connection: str
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A user or a group that was found. whom: the record, or a resource that no record and no link claims.

    name: on the target, else in the source. display: how the user is called beside that. is_there: on the target.
    is_active: may sign in there, or will. is_wanted: the source shows it, in scope. target_id: "" where there is none.
    """

    connection: str
    whom: Whom
    name: str
    display: str
    is_there: bool
    is_active: bool
    is_wanted: bool
    target_id: str


@dataclass(frozen=True, slots=True)
class SeenChange:
    """A value that someone else changed on the target, as a reading found it. path: an attribute or a membership."""

    at: datetime
    path: str
    value: Any


Event = tuple[datetime, OperationRecord | ConflictRecord | SeenChange | Entry]


def places(database: Connection) -> list[Place]:
    """Every connection that has run, by name."""
    last = select(func.max(col(RunRow.id))).group_by(col(RunRow.connection))
    query = select(col(RunRow.connection), col(RunRow.endpoint)).where(col(RunRow.id).in_(last))
    return [Place(*row) for row in database.execute(query.order_by(col(RunRow.connection)))]


def search(database: Connection, at: Sequence[Place], text: str, limit: int) -> list[Found]:
    """Those who have a name, an address or an id that begins so, at most `limit`; an exact one comes first."""
    begin = folded(text)
    if not begin:
        return []
    hits: dict[tuple[str, Whom], None] = {}
    for exact in (True, False):
        for hit in _hits(database, at, text, begin, limit=limit, exact=exact):
            hits[hit] = None
        if len(hits) > limit:
            break
    shown = _shown(database, at, list(hits)[: 2 * limit])
    return shown[:limit]


def _hits(
    database: Connection, at: Sequence[Place], text: str, begin: str, *, limit: int, exact: bool
) -> Iterator[tuple[str, Whom]]:
    """Connection and whom, some of them twice. exact: else whatever begins so."""
    connections = {place.connection for place in at}
    by_endpoint: dict[str, list[str]] = {}
    for place in at:
        by_endpoint.setdefault(place.endpoint, []).append(place.connection)
    for path in _PATHS:
        rows = list(database.execute(_range(ClaimRow, path, begin, exact, limit)).scalars())
        for row in database.execute(_RECORD.where(col(RecordRow.id).in_(rows))) if rows else ():
            if row.connection in connections and row.source_id:
                yield row.connection, Whom("source", _kind(row.kind), row.source_id)
        rows = list(database.execute(_range(HeldValueRow, path, begin, exact, limit)).scalars())
        for row in database.execute(_RESOURCE.where(col(ResourceRow.id).in_(rows))) if rows else ():
            for connection in by_endpoint.get(row.endpoint, ()):
                yield connection, Whom("target", _kind(row.kind), row.target_id)
    yield from _by_id(database, by_endpoint, sorted(connections), normal(text), begin, limit=limit, exact=exact)


def _range(table: Any, path: str, begin: str, exact: bool, limit: int) -> Any:
    value = col(table.value)
    return (
        select(col(table.row))
        .where(col(table.path) == path, *_begins(value, begin, exact))
        .order_by(value)
        .limit(limit)
    )


_RECORD = select(col(RecordRow.connection), col(RecordRow.kind), col(RecordRow.source_id))
_RESOURCE = select(col(ResourceRow.endpoint), col(ResourceRow.kind), col(ResourceRow.target_id))


def _by_id(
    database: Connection,
    by_endpoint: Mapping[str, Sequence[str]],
    connections: Sequence[str],
    whole: str,
    begin: str,
    *,
    limit: int,
    exact: bool,
) -> Iterator[tuple[str, Whom]]:
    """By source id and target id as they are written, and by the name of a link.

    All connections and kinds in one statement: SQLite looks into the index once for each of them.
    """
    kinds = list(KINDS)
    records = (col(RecordRow.connection).in_(connections), col(RecordRow.kind).in_(kinds))
    query = _RECORD.where(*records, *_begins(col(RecordRow.source_id), whole, exact)).limit(limit)
    for row in database.execute(query):
        if row.source_id:
            yield row.connection, Whom("source", _kind(row.kind), row.source_id)
    resources = (col(ResourceRow.endpoint).in_(list(by_endpoint)), col(ResourceRow.kind).in_(kinds))
    query = _RESOURCE.where(*resources, *_begins(col(ResourceRow.target_id), whole, exact)).limit(limit)
    for row in database.execute(query):
        for connection in by_endpoint[row.endpoint]:
            yield connection, Whom("target", _kind(row.kind), row.target_id)
    columns = (col(LinkRow.connection), col(LinkRow.kind), col(LinkRow.source_id))
    links = (col(LinkRow.endpoint).in_(list(by_endpoint)), col(LinkRow.kind).in_(kinds))
    for of_it, value in ((col(LinkRow.name), begin), (col(LinkRow.target_id), whole)):
        for row in database.execute(select(*columns).where(*links, *_begins(of_it, value, exact)).limit(limit)):
            if row.connection in connections:
                yield row.connection, Whom("source", _kind(row.kind), row.source_id)
    mine = (col(LinkRow.connection).in_(connections), *links)
    query = select(*columns).where(*mine, *_begins(col(LinkRow.source_id), whole, exact)).limit(limit)
    yield from ((r.connection, Whom("source", _kind(r.kind), r.source_id)) for r in database.execute(query))


def _begins(column: Any, value: str, exact: bool) -> tuple[Any, ...]:
    return (column == value,) if exact else (column >= value, column < value + _LAST)


def _kind(kind: str) -> Kind:
    return "user" if kind == "user" else "group"


def _shown(database: Connection, at: Sequence[Place], hits: Iterable[tuple[str, Whom]]) -> list[Found]:
    """Each once, in the order in which they were found: a resource with a link is its record."""
    endpoints = {place.connection: place.endpoint for place in at}
    found: dict[tuple[str, Whom], Found] = {}
    for connection, whom in hits:
        link = _link(database, Place(connection, endpoints[connection]), whom)
        if whom.side == "target" and link is None and _is_anothers(database, endpoints[connection], whom):
            continue
        who = Whom("source", whom.kind, link.source_id) if link is not None else whom
        if (connection, who) not in found:
            found[connection, who] = _one(database, Place(connection, endpoints[connection]), who, link)
    return list(found.values())


def _link(database: Connection, place: Place, whom: Whom) -> Any:
    column = col(LinkRow.source_id if whom.side == "source" else LinkRow.target_id)
    query = select(col(LinkRow.source_id), col(LinkRow.target_id), col(LinkRow.name)).where(
        col(LinkRow.endpoint) == place.endpoint,
        col(LinkRow.kind) == whom.kind,
        column == whom.id,
        col(LinkRow.connection) == place.connection,
    )
    return database.execute(query).first()


def _is_anothers(database: Connection, endpoint: str, whom: Whom) -> bool:
    """Another connection has linked the resource, so it is shown there."""
    mine = (col(LinkRow.endpoint) == endpoint, col(LinkRow.kind) == whom.kind, col(LinkRow.target_id) == whom.id)
    return database.execute(select(col(LinkRow.connection)).where(*mine).limit(1)).first() is not None


def _one(database: Connection, place: Place, whom: Whom, link: Any) -> Found:
    target_id = whom.id if whom.side == "target" else link.target_id if link is not None else None
    seen: dict[str, Any] | None = None
    if target_id is not None:
        mine = (col(ResourceRow.kind) == whom.kind, col(ResourceRow.target_id) == target_id)
        query = select(col(ResourceRow.shown)).where(col(ResourceRow.endpoint) == place.endpoint, *mine)
        text = database.execute(query).scalar()
        seen = orjson.loads(text) if text is not None else None
    wanted = None
    if whom.side == "source":
        these = (col(RecordRow.connection) == place.connection, col(RecordRow.kind) == whom.kind)
        row = database.execute(select(RecordRow.__table__).where(*these, col(RecordRow.source_id) == whom.id)).first()  # type: ignore[attr-defined]
        wanted = mapped_of_row(row) if row is not None else None
    desired = next(iter(wanted.desired), None) if wanted is not None else None
    outside = next((out.name for out in wanted.outside), "") if wanted is not None else ""
    attributes = seen if seen is not None else desired.attributes if desired is not None else {}
    name = str(attributes.get(NAMES[whom.kind]) or outside or (link.name if link is not None else "") or whom.id)
    return Found(
        connection=place.connection,
        whom=whom,
        name=name,
        display=str(attributes.get("displayName") or "") if whom.kind == "user" else "",
        is_there=seen is not None,
        is_active=attributes.get("active", True) is not False and (seen is not None or desired is not None),
        is_wanted=desired is not None,
        target_id=target_id or "",
    )


def operations_about(
    database: Connection, connection: str, whom: Sequence[Whom], limit: int, before: datetime | None
) -> list[Event]:
    """The last operations of runs that are about one of these, or name one as a member; the newest first."""
    found: dict[tuple[int, str], Event] = {}
    for each in whom:
        for at, record in _mentioned(database, connection, each, limit, before):
            if names(record.kind, record.document, whom):
                found[record.run_id, record.operation_id] = (at, record)
    return list(found.values())


def _mentioned(
    database: Connection, connection: str, whom: Whom, limit: int, before: datetime | None
) -> Iterator[tuple[datetime, OperationRecord]]:
    """In the order of the index, run by run, so that what is older than the last one shown is never looked at."""
    at = func.coalesce(col(OperationRow.answered_at), col(OperationRow.sent_at), col(RunRow.started)).label("at")
    operation = and_(
        col(OperationRow.run_id) == col(MentionRow.run_id),
        col(OperationRow.operation_id) == col(MentionRow.operation_id),
    )
    query = select(OperationRow.__table__, at).select_from(MentionRow).join(OperationRow, operation)  # type: ignore[attr-defined]
    query = query.join(RunRow, col(RunRow.id) == col(MentionRow.run_id))
    query = query.where(mentioned(whom), func.coalesce(col(RunRow.connection), "") == connection)
    if before is not None:
        begun = select(col(RunRow.id)).where(col(RunRow.started) <= before).order_by(col(RunRow.id).desc()).limit(1)
        query = query.where(col(MentionRow.run_id) <= begun.scalar_subquery(), at < before)
    for row in database.execute(query.order_by(col(MentionRow.run_id).desc(), at.desc()).limit(limit)):
        values = {key: value for key, value in row._mapping.items() if key != "at"}  # noqa: SLF001 - SQLAlchemy's name
        yield row.at, operation_record(OperationRow(**values))


def conflicts_about(database: Connection, connection: str, whom: Sequence[Whom]) -> list[ConflictRecord]:
    """Every conflict about one of these, open or closed; those that are open also where they name others first."""
    keys: dict[str, None] = {}
    for each in whom:
        mine = (col(ConflictSubjectRow.connection) == connection, col(ConflictSubjectRow.side) == each.side)
        these = (*mine, col(ConflictSubjectRow.kind) == each.kind, col(ConflictSubjectRow.id_of) == each.id)
        keys |= dict.fromkeys(database.execute(select(col(ConflictSubjectRow.key)).where(*these)).scalars())
        column = col(ConflictRow.source_id if each.side == "source" else ConflictRow.target_id)
        of_it = (col(ConflictRow.connection) == connection, col(ConflictRow.resource) == each.kind, column == each.id)
        keys |= dict.fromkeys(database.execute(select(col(ConflictRow.key)).where(*of_it).limit(1_000)).scalars())
    these_keys = (col(ConflictRow.connection) == connection, col(ConflictRow.key).in_(list(keys)[:1_000]))
    rows = database.execute(select(ConflictRow.__table__).where(*these_keys))  # type: ignore[attr-defined]
    found = [conflict_record(ConflictRow(**row._mapping)) for row in rows]  # noqa: SLF001 - SQLAlchemy's name
    return sorted(found, key=lambda record: (record.first_seen, record.conflict.key))


def changed_by_others(
    database: Connection, endpoint: str, whom: Whom, limit: int, before: datetime | None
) -> list[Event]:
    """What someone else changed of this resource on the target, the newest first."""
    columns = (col(SeenChangeRow.seen_at), col(SeenChangeRow.path), col(SeenChangeRow.value))
    mine = (col(SeenChangeRow.target_id) == whom.id, col(SeenChangeRow.kind) == whom.kind)
    query = select(*columns).where(*mine, col(SeenChangeRow.endpoint) == endpoint)
    if before is not None:
        query = query.where(col(SeenChangeRow.seen_at) < before)
    rows = database.execute(query.order_by(col(SeenChangeRow.id).desc()).limit(limit))
    return [(row.seen_at, SeenChange(row.seen_at, row.path, orjson.loads(row.value))) for row in rows]


def history(
    database: Connection, place: Place, whom: Sequence[Whom], *, limit: int, before: datetime | None
) -> list[Event]:
    """What happened to one, the newest first: operations, conflicts, what others changed, what people did about it.

    whom: the record, and its resource. before: only what is older than this moment. What happened at the same moment
    as the last one stands beside it, also beyond the limit, so that nothing is lost between two pages.
    """
    events = operations_about(database, place.connection, whom, limit, before)
    for each in whom:
        if each.side == "target":
            events += changed_by_others(database, place.endpoint, each, limit, before)
    conflicts = conflicts_about(database, place.connection, whom)
    events += [(record.first_seen, record) for record in conflicts]
    keys = [record.conflict.key for record in conflicts]
    events += [(entry.at, entry) for entry in about(database, place.connection, [*keys, *(w.id for w in whom)])]
    events = [event for event in events if before is None or event[0] < before]
    events.sort(key=lambda event: event[0], reverse=True)
    return events[: whole_moments(events, limit)]


def whole_moments(events: Sequence[Event], limit: int) -> int:
    """How many of these make a page of about so many that does not end within one moment."""
    end = min(limit, len(events))
    while end < len(events) and events[end][0] == events[end - 1][0]:
        end += 1
    return end
