"""Finds the few that a run, an explanation or a page is about, by the indexes: no one else is loaded.

Every answer is about one connection at one endpoint, as the state has it. What a reading has shown since lies over it
(run/overlay.py).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, literal_column, or_, select, text, tuple_
from sqlmodel import col

from scim_bridge.model.batch import batched_list
from scim_bridge.model.conflict_kind import LASTING
from scim_bridge.model.desired_side import Claim, Mapped, claims_called
from scim_bridge.model.identity import NAMES, Existing, Kind, Notice, SourceKey, TargetKey, Whom
from scim_bridge.model.plan import Conflict, Skipped
from scim_bridge.model.remembered import Link
from scim_bridge.model.text import folded, normal
from scim_bridge.state.desired import all_memberships, all_records, mapped_in
from scim_bridge.state.record import StoredAttributes, conflict_of
from scim_bridge.state.remembered import LINK_COLUMNS, link_of
from scim_bridge.state.table import (
    ClaimRow,
    ConflictRow,
    ConflictSubjectRow,
    DirectMemberRow,
    HeldValueRow,
    LinkRow,
    LookRow,
    MembershipRow,
    RecordRow,
    RemarkRow,
    ResourceRow,
)

_FEW = 500
_ONE: ColumnElement[int] = literal_column("1")
_IS_ACTIVE = ~col(ResourceRow.shown).contains('"active":false')
"""In a text inside of the JSON the quotation marks are escaped, so nothing else reads so."""


class Lookup:
    """Looks the few up. Holds one connection to the database for as long as it is used."""

    def __init__(self, database: Connection, connection: str, endpoint: str) -> None:
        self._database = database
        self._connection = connection
        self._endpoint = endpoint

    def _each(self, values: Iterable[Any], query: Callable[[list[Any]], Any]) -> Iterator[Any]:
        """The rows of a query for each few of these values."""
        for batch in batched_list(values, _FEW):
            yield from self._database.execute(query(batch))

    # The desired side.

    def mapped(self, keys: Iterable[SourceKey]) -> dict[SourceKey, Mapped]:
        """What these records have become, as far as they are there."""
        return mapped_in(self._database, self._connection, keys)

    def claiming(self, kind: Kind, claims: Collection[Claim]) -> set[str]:
        """Source ids of the records that claim one of these."""
        query = select(col(RecordRow.source_id), col(RecordRow.connection), col(RecordRow.kind))
        rows = self._each(self._rows_with(ClaimRow, claims), lambda batch: query.where(col(RecordRow.id).in_(batch)))
        return {row.source_id for row in rows if (row.connection, row.kind) == (self._connection, kind)}

    def _rows_with(self, table: Any, claims: Collection[Claim]) -> set[int]:
        """The rows of records or resources that have one of these, of whatever connection or kind.

        In a query of its own, and path by path: joined, or by pairs of path and value, SQLite reads all rows of the
        connection and looks for the values of each.
        """
        values: dict[str, list[str]] = defaultdict(list)
        for path, value in claims:
            values[path].append(value)
        found: set[int] = set()
        for path, of_path in values.items():
            query = select(col(table.row)).where(col(table.path) == path)
            rows = self._each(of_path, lambda batch, q=query: q.where(col(table.value).in_(batch)))  # type: ignore[misc]
            found.update(row.row for row in rows)
        return found

    def choosing(self) -> dict[SourceKey, Mapped]:
        """The records of which a rule has several values to choose from."""
        return self._flagged("is_choosing")

    def outside(self, limit: int) -> dict[SourceKey, Mapped]:
        """Records that the scope rule leaves out, at most so many."""
        return self._flagged("is_outside", limit)

    def _flagged(self, flag: str, limit: int | None = None) -> dict[SourceKey, Mapped]:
        """The records for which a column of `records` is true; it has an index of these alone."""
        query = select(col(RecordRow.kind), col(RecordRow.source_id)).where(
            col(RecordRow.connection) == self._connection, text(flag)
        )
        return self.mapped(SourceKey(row.kind, row.source_id) for row in self._database.execute(query.limit(limit)))

    def left_out(self) -> int:
        """How many records the scope rule leaves out."""
        mine = (col(RecordRow.connection) == self._connection, text("is_outside"))
        query = select(func.count()).select_from(RecordRow).where(*mine)
        return int(self._database.execute(query).scalar_one())

    def records(self) -> Iterator[Any]:
        """Every record: id, kind, source_id, shown and what else its row has."""
        return all_records(self._database, self._connection)

    def memberships_by_row(self) -> Iterator[tuple[int, set[int]]]:
        """Every group that has members, by its row, with the rows of its direct members."""
        return all_memberships(self._database, self._connection)

    def reports(self, managers: Iterable[str]) -> set[str]:
        """Source ids of the users who name one of these as their manager."""
        # Whose they are is looked at afterwards: asked for it too, and for several managers, SQLite reads all records.
        query = select(col(RecordRow.connection), col(RecordRow.kind), col(RecordRow.source_id))
        query = query.where(col(RecordRow.manager) != "")
        rows = self._each(managers, lambda ids: query.where(col(RecordRow.manager).in_(ids)))
        return {row.source_id for row in rows if (row.connection, row.kind) == (self._connection, "user")}

    def _direct(self) -> tuple[Any, Any, Any]:
        """The records of members and of groups, and the query for the direct memberships of all connections between
        them: group_id, and the member's kind and source_id."""
        member, group = RecordRow.__table__.alias("m"), RecordRow.__table__.alias("g")  # type: ignore[attr-defined]
        query = select(group.c.source_id.label("group_id"), member.c.kind, member.c.source_id).select_from(member)
        query = query.join(DirectMemberRow, col(DirectMemberRow.member_row) == member.c.id)
        query = query.join(group, group.c.id == col(DirectMemberRow.group_row))
        return member, group, query

    def groups_around(self, members: Iterable[SourceKey]) -> dict[SourceKey, set[str]]:
        """Member → ids of the groups that it is directly in."""
        found: dict[SourceKey, set[str]] = defaultdict(set)
        wanted = frozenset(members)
        member, _, query = self._direct()
        query = query.where(member.c.connection == self._connection)
        for kind in ("user", "group"):
            of_kind = query.where(member.c.kind == kind)
            ids = (key.id for key in wanted if key.kind == kind)
            for row in self._each(ids, lambda batch, q=of_kind: q.where(member.c.source_id.in_(batch))):  # type: ignore[misc]
                found[SourceKey(kind, row.source_id)].add(row.group_id)
        return found

    def nested(self) -> set[tuple[str, SourceKey]]:
        """Every group that is directly in a group: (group, the one inside)."""
        member, _, query = self._direct()
        mine = (member.c.connection == self._connection, member.c.kind == "group")
        return {(row.group_id, SourceKey("group", row.source_id)) for row in self._database.execute(query.where(*mine))}

    def direct_members(self, groups: Iterable[str]) -> dict[str, set[SourceKey]]:
        """Group id → who is directly in it."""
        found: dict[str, set[SourceKey]] = defaultdict(set)
        _, group, query = self._direct()
        query = query.where(group.c.connection == self._connection, group.c.kind == "group")
        for row in self._each(groups, lambda batch: query.where(group.c.source_id.in_(batch))):
            found[row.group_id].add(SourceKey(row.kind, row.source_id))
        return found

    # The target.

    def _resources(self, *columns: Any) -> Any:
        return select(*columns).select_from(ResourceRow).where(col(ResourceRow.endpoint) == self._endpoint)

    def holding(self, kind: Kind, claims: Collection[Claim]) -> set[str]:
        """Target ids of the resources that hold one of these."""
        query = select(col(ResourceRow.target_id), col(ResourceRow.endpoint), col(ResourceRow.kind))
        held = self._rows_with(HeldValueRow, claims)
        rows = self._each(held, lambda batch: query.where(col(ResourceRow.id).in_(batch)))
        return {row.target_id for row in rows if (row.endpoint, row.kind) == (self._endpoint, kind)}

    def resources(self, kind: Kind, target_ids: Iterable[str]) -> dict[str, Existing]:
        """These resources as they were last seen, as far as they are there."""
        query = self._resources(col(ResourceRow.target_id), col(ResourceRow.shown)).where(col(ResourceRow.kind) == kind)
        rows = self._each(target_ids, lambda ids: query.where(col(ResourceRow.target_id).in_(ids)))
        return {row.target_id: Existing(kind, row.target_id, StoredAttributes(row.shown)) for row in rows}

    def inside(self, user_ids: Iterable[str], *, ours: bool = False) -> dict[str, set[str]]:
        """Group → which of these users were last seen in it, by target ids. ours: were left in it by us."""
        found: dict[str, set[str]] = defaultdict(set)
        group, user = ResourceRow.__table__.alias("g"), ResourceRow.__table__.alias("u")  # type: ignore[attr-defined]
        counts = col(MembershipRow.is_ours if ours else MembershipRow.is_seen)
        query = select(group.c.target_id.label("group_id"), user.c.target_id.label("user_id")).select_from(user)
        query = query.join(MembershipRow, and_(col(MembershipRow.user_row) == user.c.id, counts))
        query = query.join(group, group.c.id == col(MembershipRow.group_row))
        query = query.where(user.c.endpoint == self._endpoint, user.c.kind == "user")
        for row in self._each(user_ids, lambda ids: query.where(user.c.target_id.in_(ids))):
            found[row.group_id].add(row.user_id)
        return found

    def members(self, group_ids: Iterable[str] | None, *, ours: bool = False) -> dict[str, frozenset[str]]:
        """Who was last seen in these groups, or was left in them by us; None for all groups.

        Groups whose members were never read are left out.
        """
        read = self._resources(col(ResourceRow.id), col(ResourceRow.target_id)).where(
            col(ResourceRow.kind) == "group", col(ResourceRow.members_at).is_not(None)
        )
        if group_ids is None:
            rows = iter(self._database.execute(read))
        else:
            rows = self._each(group_ids, lambda ids: read.where(col(ResourceRow.target_id).in_(ids)))
        groups: dict[int, str] = {row.id: row.target_id for row in rows}
        found: dict[int, list[int]] = {row: [] for row in groups}
        counts = col(MembershipRow.is_ours if ours else MembershipRow.is_seen)
        pairs = select(col(MembershipRow.group_row), col(MembershipRow.user_row)).where(counts)
        for group, user in self._each(groups, lambda ids: pairs.where(col(MembershipRow.group_row).in_(ids))):
            found[group].append(user)
        # Each name once: of a million memberships, joining it to each takes twice as long.
        names = self._names({user for users in found.values() for user in users})
        return {groups[row]: frozenset(map(names.__getitem__, users)) for row, users in found.items()}

    def _names(self, rows: Iterable[int]) -> dict[int, str]:
        """Row of a resource → its target id."""
        query = select(col(ResourceRow.id), col(ResourceRow.target_id))
        found = self._each(rows, lambda ids: query.where(col(ResourceRow.id).in_(ids)))
        return {row.id: row.target_id for row in found}

    def sizes(self, group_ids: Iterable[str]) -> dict[str, int]:
        """How many users were last seen in each of these groups; those that were never read are left out."""
        query = self._resources(col(ResourceRow.target_id), func.count(col(MembershipRow.user_row)).label("size"))
        on = and_(col(MembershipRow.group_row) == col(ResourceRow.id), col(MembershipRow.is_seen))
        query = query.join(MembershipRow, on, isouter=True).group_by(col(ResourceRow.id), col(ResourceRow.target_id))
        query = query.where(col(ResourceRow.kind) == "group", col(ResourceRow.members_at).is_not(None))
        rows = self._each(group_ids, lambda ids: query.where(col(ResourceRow.target_id).in_(ids)))
        return {row.target_id: row.size for row in rows}

    def shown_counts(self) -> dict[str, int]:
        """How many resources of each kind the target holds."""
        query = self._resources(col(ResourceRow.kind), func.count().label("n")).group_by(col(ResourceRow.kind))
        return {row.kind: row.n for row in self._database.execute(query)}

    def some_members(self, group_id: str, limit: int) -> list[str]:
        """Some of the users who were last seen in this group (target ids), in the order of their rows."""
        group, user = ResourceRow.__table__.alias("g"), ResourceRow.__table__.alias("u")  # type: ignore[attr-defined]
        query = select(user.c.target_id).select_from(group)
        query = query.join(MembershipRow, and_(col(MembershipRow.group_row) == group.c.id, col(MembershipRow.is_seen)))
        query = query.join(user, user.c.id == col(MembershipRow.user_row))
        mine = (group.c.endpoint == self._endpoint, group.c.kind == "group", group.c.target_id == group_id)
        return list(self._database.execute(query.where(*mine).limit(limit)).scalars())

    def direct_count(self, group: str) -> int:
        """How many users and groups are directly in this group (source id)."""
        query = select(func.count()).select_from(RecordRow)
        query = query.join(DirectMemberRow, col(DirectMemberRow.group_row) == col(RecordRow.id))
        mine = (col(RecordRow.connection) == self._connection, col(RecordRow.kind) == "group")
        return int(self._database.execute(query.where(*mine, col(RecordRow.source_id) == group)).scalar_one())

    # What binds the two.

    def links(
        self, kind: Kind, source_ids: Collection[str] = (), target_ids: Collection[str] = ()
    ) -> tuple[dict[str, Link], set[TargetKey]]:
        """The links of these records and of these resources; and the resources that another connection has linked."""
        at = select(*LINK_COLUMNS).where(col(LinkRow.endpoint) == self._endpoint, col(LinkRow.kind) == kind)
        mine = at.where(col(LinkRow.connection) == self._connection)
        rows = [*self._each(source_ids, lambda ids: mine.where(col(LinkRow.source_id).in_(ids)))]
        rows += self._each(target_ids, lambda ids: at.where(col(LinkRow.target_id).in_(ids)))
        links: dict[str, Link] = {}
        elsewhere: set[TargetKey] = set()
        for row in rows:
            if row.connection != self._connection:
                elsewhere.add(TargetKey(kind, row.target_id))
            elif row.is_confirmed:
                links[row.source_id] = link_of(row)
        return links, elsewhere

    def elsewhere(self) -> str:
        """What other connections have linked here, as a text that changes with it."""
        at = (col(LinkRow.endpoint) == self._endpoint, col(LinkRow.connection) != self._connection)
        columns = (col(LinkRow.kind), col(LinkRow.source_id), col(LinkRow.target_id))
        first = self._database.execute(select(columns[0]).where(*at).limit(1)).first()
        if first is None:
            return ""
        total, ids = 0, 0
        for row in self._database.execute(select(*columns).where(*at)):
            total, ids = total + 1, ids ^ hash_of(f"{row.kind} {row.source_id} {row.target_id}")
        return f"{total} {ids:x}"

    def departed_until(self, moment: Any) -> set[SourceKey]:
        """The records whose grace began before this moment."""
        query = select(col(LinkRow.kind), col(LinkRow.source_id)).where(
            col(LinkRow.endpoint) == self._endpoint,
            col(LinkRow.connection) == self._connection,
            col(LinkRow.departed) <= moment,
        )
        return {SourceKey(row.kind, row.source_id) for row in self._database.execute(query)}

    # What waits.

    def to_look_at(self) -> set[Whom]:
        """Who needs a look, whether anything has changed or not.

        With them all who are in conflict, also where a person left it so: what these wait for may be free now, and of a
        resource that was changed or deleted no one remembers what it held before.
        """
        looks = self._whom(LookRow)
        return looks | self._whom(ConflictSubjectRow) if looks else looks

    def _whom(self, table: Any) -> set[Whom]:
        columns = (col(table.side), col(table.kind), col(table.id_of))
        rows = self._database.execute(select(*columns).where(col(table.connection) == self._connection))
        return {Whom(row.side, row.kind, row.id_of) for row in rows}

    def number_to_look_at(self) -> int:
        """How many to_look_at would give."""
        mine = col(LookRow.connection) == self._connection
        return int(self._database.execute(select(func.count()).select_from(LookRow).where(mine)).scalar_one())

    def decided(self) -> set[Whom]:
        """Whom the open conflicts are about that a person has decided, unless they are to be left as they are."""
        query = select(col(ConflictSubjectRow.side), col(ConflictSubjectRow.kind), col(ConflictSubjectRow.id_of))
        on = and_(
            col(ConflictRow.connection) == col(ConflictSubjectRow.connection),
            col(ConflictRow.key) == col(ConflictSubjectRow.key),
        )
        query = query.join(ConflictRow, on).where(
            col(ConflictRow.connection) == self._connection,
            col(ConflictRow.closed).is_(None),
            col(ConflictRow.resolution).not_in(("", *LASTING)),
        )
        return {Whom(row.side, row.kind, row.id_of) for row in self._database.execute(query)}

    def conflicts_of_others(self, whom: Collection[Whom]) -> tuple[list[Conflict], list[Conflict]]:
        """The open conflicts that are about none of these: those that wait, and those left as they are by decision."""
        about = {row.key for row in self._about(ConflictSubjectRow, (col(ConflictSubjectRow.key),), whom)}
        mine = (col(ConflictRow.connection) == self._connection, col(ConflictRow.closed).is_(None))
        waiting: list[Conflict] = []
        settled: list[Conflict] = []
        for row in self._database.execute(select(ConflictRow.__table__).where(*mine)):  # type: ignore[attr-defined]
            if row.key not in about:
                (settled if row.resolution in LASTING else waiting).append(conflict_of(row))
        return waiting, settled

    def groups_in_conflict(self, group_ids: Iterable[str]) -> set[str]:
        """Those of these groups (source ids) about which a conflict is open."""
        query = select(col(ConflictSubjectRow.id_of)).where(
            col(ConflictSubjectRow.connection) == self._connection,
            col(ConflictSubjectRow.side) == "source",
            col(ConflictSubjectRow.kind) == "group",
        )
        return {
            row.id_of for row in self._each(group_ids, lambda ids: query.where(col(ConflictSubjectRow.id_of).in_(ids)))
        }

    def remarks_about_others(self, whom: Collection[Whom]) -> tuple[list[Skipped], list[Notice], int]:
        """What was said of all but these: left alone, warned of, and how many are held."""
        mine = {row.id for row in self._about(RemarkRow, (col(RemarkRow.id),), whom)}
        skipped, notices, held = [], [], 0
        query = select(RemarkRow.__table__).where(col(RemarkRow.connection) == self._connection)  # type: ignore[attr-defined]
        for row in self._database.execute(query.order_by(col(RemarkRow.id))):
            if row.id in mine:
                continue
            if row.what == "skipped":
                skipped.append(Skipped(row.subject, row.detail))
            elif row.what == "warning":
                notices.append(Notice(row.kind_of_notice, row.subject, row.detail))
            else:
                held += 1
        return skipped, notices, held

    def _about(self, table: Any, columns: tuple[Any, ...], whom: Collection[Whom]) -> Iterator[Any]:
        query = select(*columns).where(col(table.connection) == self._connection)
        these = tuple_(col(table.side), col(table.kind), col(table.id_of))
        return self._each(map(tuple, whom), lambda batch: query.where(these.in_(batch)))

    # The guard's bases.

    def managed(
        self, kind: Kind, most: int | None = None, *, among: Collection[str] | None = None, active: bool = False
    ) -> int:
        """How many resources of a kind are linked and there. most: so many are counted, None for all. among: of these
        target ids. active: may sign in."""
        query = self._linked(kind, _ONE)
        if active:
            query = query.where(_IS_ACTIVE)
        return self._count(query, most, among)

    def linked(self) -> int:
        """How many links there are."""
        mine = (col(LinkRow.endpoint) == self._endpoint, col(LinkRow.connection) == self._connection)
        return int(self._database.execute(select(func.count()).select_from(LinkRow).where(*mine)).scalar_one())

    def memberships(self, most: int | None = None, *, among: Collection[str] | None = None) -> int:
        """How many memberships the managed groups have. most: so many are counted, None for all. among: these groups
        alone (target ids)."""
        query = self._linked("group", _ONE).join(MembershipRow, col(MembershipRow.group_row) == col(ResourceRow.id))
        return self._count(query.where(col(MembershipRow.is_seen)), most, among)

    def group_names(self) -> dict[str, str]:
        """Target id → name of each managed group."""
        rows = self._database.execute(self._linked("group", col(ResourceRow.target_id), col(ResourceRow.shown)))
        return {row.target_id: str(StoredAttributes(row.shown).get(NAMES["group"], "")) for row in rows}

    def _linked(self, kind: Kind, *columns: Any) -> Any:
        on = and_(
            col(LinkRow.endpoint) == col(ResourceRow.endpoint),
            col(LinkRow.kind) == col(ResourceRow.kind),
            col(LinkRow.target_id) == col(ResourceRow.target_id),
            col(LinkRow.is_confirmed),
        )
        query = self._resources(*columns).join(LinkRow, on)
        return query.where(col(ResourceRow.kind) == kind, col(LinkRow.connection) == self._connection)

    def _count(self, query: Any, most: int | None, among: Collection[str] | None) -> int:
        if among is None:
            counted: Iterator[Any] = iter(self._database.execute(_number(query.limit(most))))
        else:
            counted = self._each(among, lambda ids: _number(query.where(col(ResourceRow.target_id).in_(ids))))
        return sum(int(row[0]) for row in counted)

    # By name.

    def called(self, who: str) -> set[Whom]:
        """Records and resources with this name, email, source id or target id."""
        found: set[Whom] = set()
        for kind in ("user", "group"):
            named = claims_called(kind, who)
            found |= {Whom("source", kind, source_id) for source_id in self.claiming(kind, named) if source_id}
            found |= {Whom("target", kind, target_id) for target_id in self.holding(kind, named)}
            found |= {Whom.record(key) for key in self.mapped([SourceKey(kind, normal(who))]) if key.id}
            found |= {Whom("target", kind, target_id) for target_id in self.resources(kind, [normal(who)])}
            links, _ = self.links(kind, [normal(who)], [normal(who)])
            found |= {Whom("source", kind, source_id) for source_id in links}
            found |= {Whom("source", kind, source_id) for source_id in self._linked_as(kind, who)}
        return found

    def _linked_as(self, kind: Kind, who: str) -> list[str]:
        mine: tuple[ColumnElement[bool], ...] = (
            col(LinkRow.endpoint) == self._endpoint,
            col(LinkRow.connection) == self._connection,
            col(LinkRow.kind) == kind,
            or_(col(LinkRow.name) == folded(who)),
        )
        return [row.source_id for row in self._database.execute(select(col(LinkRow.source_id)).where(*mine))]


def _number(query: Any) -> Any:
    return select(func.count()).select_from(query.subquery())


def hash_of(text: str) -> int:
    """A number for a text, the same in every process."""
    import hashlib

    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
