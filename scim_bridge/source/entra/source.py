"""Microsoft Entra ID as a source: everything, what changed, or one identity, all by one way into a snapshot.

The first round of the two delta queries is the whole reading, their links are the watermark, and later rounds cost what
changed. Where delta is switched off, users and groups are listed and every group's members asked for.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import orjson

from scim_bridge.config.source import EntraSettings
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.identity import AttributeType, Kind, Record, Snapshot, SourceKey
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.model.source import (
    Learned,
    Memory,
    SourceChanges,
    SourceReading,
    Wanted,
    moved_on,
)
from scim_bridge.model.text import normal
from scim_bridge.source.entra.delta_round import Listing, Rounds, first_page, first_rounds, listed, merge, next_rounds
from scim_bridge.source.entra.excerpt import Excerpt, Unclear, noted
from scim_bridge.source.entra.graph import Graph
from scim_bridge.source.entra.memory import FACTS, Assigned, Revision, Watermark, key_of
from scim_bridge.source.entra.property import ID, Selection, selection
from scim_bridge.source.entra.question import Identity, look_at
from scim_bridge.source.entra.refusal import (
    READ_ASSIGNMENTS,
    READ_GROUPS,
    READ_HIDDEN,
    READ_USERS,
    Absent,
    PositionLost,
    refused,
)
from scim_bridge.source.entra.scope import assignments, not_there, reach_of, require_groups
from scim_bridge.source.entra.sign_in import SignIn
from scim_bridge.source.entra.snapshot import Reach, read_entries, snapshot
from scim_bridge.source.https import Trust
from scim_bridge.source.patience import Patience

_FORM = 2
"""The form in which entries are remembered; raise it when memory.py writes them differently."""
_HIDDEN = "HiddenMembership"


class EntraSource:
    """A tenant (model.protocol.Source). users, groups: what the mapping uses of each kind; no more is read."""

    def __init__(
        self, settings: EntraSettings, users: Wanted, groups: Wanted, patience: Patience | None = None
    ) -> None:
        self._settings = settings
        # A group that hides its members looks like an empty one, so how visible it is has to be known.
        group_names = Wanted(groups.id, groups.names | {"visibility"}, groups.is_all)
        self._selections: dict[Kind, Selection] = {
            "user": selection("user", users),
            "group": selection("group", group_names),
        }
        self._patience = patience
        self._trust = Trust(settings.cloud.ca_file, "source.cloud.ca_file")
        self._sign_in = SignIn(settings, self._trust)

    @property
    def key(self) -> str:
        """A hash of tenant, application, cloud, scope what is selected and in which form it is remembered."""
        settings = self._settings
        read = [(chosen.properties, chosen.has_manager) for chosen in self._selections.values()]
        scope = [sorted(settings.scope.groups), settings.scope.application]
        parts = [_FORM, settings.tenant, settings.client, settings.cloud.graph, scope, read, settings.reads_changes]
        return hashlib.sha256(orjson.dumps(parts)).hexdigest()

    def attributes(self, kind: Kind, memory: Memory | None = None) -> Mapping[str, AttributeType]:  # noqa: ARG002 - the interface
        """Graph's documented properties, and the extensions that the mapping speaks of."""
        return self._selections[kind].types

    def read(self, today: str, memory: Memory | None = None, progress: Progress = silent) -> SourceReading:  # noqa: ARG002 - the interface
        """Everything in scope now, by the changes since the memory where that can be had."""
        with self._open() as graph:
            if not self._settings.reads_changes:
                return self._listed(graph, memory, progress)
            if memory is None:
                return self._whole(graph, progress, "")
            try:
                return self._changed(graph, memory, progress)
            except PositionLost as lost:
                return self._whole(graph, progress, str(lost))

    def changes(self, today: str, memory: Memory, progress: Progress = silent) -> SourceChanges | SourceReading:  # noqa: ARG002 - the interface
        """What has changed, by a round of changes; everything where that cannot be had."""
        with self._open() as graph:
            if not self._settings.reads_changes:
                return self._listed(graph, memory, progress)
            try:
                rounds = next_rounds(graph, Watermark.read(memory.watermark), self._selections, progress)
            except PositionLost as lost:
                return self._whole(graph, progress, str(lost))
            revision = Revision(memory.entries)
            merge(graph, revision, rounds, is_first=False)
            assigned = self._assigned(graph)
            excerpt = Excerpt(memory, revision.changed(), self._selections)
            try:
                found = self._told(graph, excerpt, memory, assigned)
            except Unclear:
                return self._concluded(graph, memory.entries, revision, rounds, None)
            watermark = Watermark(rounds.users_link, rounds.groups_link, assigned).text()
            learned = Learned(watermark, {**revision.changed(), **excerpt.learned}, is_whole=False)
            return replace(found, learned=learned)

    def ask(self, today: str, memory: Memory | None, wanted: Iterable[SourceKey]) -> SourceChanges | SourceReading:
        """These records and their memberships as they are now: one request for every six or so of them."""
        if memory is None:
            return self.read(today)
        who = [one for key in wanted for one in self._called(memory, *key)]
        revision = Revision(memory.entries)
        with self._open() as graph:
            assigned = self._assigned(graph)
            look_at(graph, revision, who, self._selections)
            chosen = {key_of(one.kind, one.object_id) for one in who}
            excerpt = Excerpt(memory, revision.changed(), self._selections, chosen)
            try:
                return self._told(graph, excerpt, memory, assigned)
            except Unclear:
                return SourceReading(self._believed(graph, moved_on(memory.entries, revision.changed()), assigned)[0])

    def _told(self, graph: Graph, excerpt: Excerpt, memory: Memory, assigned: Assigned) -> SourceChanges:
        """What an excerpt says, unless something of the scope is missing or was hidden from us. Raises Unclear."""
        for group_id in self._settings.scope.groups:
            if not excerpt.has("group", group_id):
                raise not_there(group_id)
        before = Watermark.read(memory.watermark).assigned
        reach = reach_of(self._settings.scope, before), reach_of(self._settings.scope, assigned)
        found = excerpt.changes(*reach)
        shown = (record for key, records in found.records.items() if key.kind == "group" for record in records)
        self._require_empty(graph, [group for group in shown if group.id in excerpt.empty])
        return found

    def probe(self, today: str) -> Snapshot:  # noqa: ARG002 - the interface
        """A page of users and one of groups, whatever the scope; and that permissions and scope are as they must be."""
        with self._open() as graph:
            self._require_permissions(graph)
            self._assigned(graph)
            require_groups(graph, self._settings.scope.groups)
            revision = first_page(graph, self._selections, self._settings.page_size)
        entries = moved_on({}, revision.changed())
        return snapshot(entries, self._selections["user"], self._selections["group"], Reach())[0]

    def _whole(self, graph: Graph, progress: Progress, reason: str) -> SourceReading:
        try:
            rounds = first_rounds(graph, self._selections, self._settings.page_size, progress)
        except PositionLost:
            # A listing that took longer than its place lives is begun once more; the second time it is an outage.
            rounds = self._second_try(graph, progress)
        revision = Revision({})
        merge(graph, revision, rounds, is_first=True)
        return self._concluded(graph, {}, revision, rounds, reason)

    def _second_try(self, graph: Graph, progress: Progress) -> Rounds:
        try:
            return first_rounds(graph, self._selections, self._settings.page_size, progress)
        except PositionLost as lost:
            raise SourceUnreadable(f"the source could not be read to its end: {lost}", "Run again later.") from None

    def _changed(self, graph: Graph, memory: Memory, progress: Progress) -> SourceReading:
        rounds = next_rounds(graph, Watermark.read(memory.watermark), self._selections, progress)
        revision = Revision(memory.entries)
        merge(graph, revision, rounds, is_first=False)
        return self._concluded(graph, memory.entries, revision, rounds, None)

    def _concluded(
        self, graph: Graph, before: Mapping[str, str], revision: Revision, rounds: Rounds, reason: str | None
    ) -> SourceReading:
        """What a round of changes comes to. reason: why everything was read; None if it was not."""
        assigned = self._assigned(graph)
        changed = revision.changed()
        watermark = Watermark(rounds.users_link, rounds.groups_link, assigned).text()
        shown, facts = self._believed(graph, moved_on(before, changed), assigned)
        changed |= {FACTS: facts} if before.get(FACTS) != facts else {}
        return SourceReading(shown, Learned(watermark, changed, reason is not None, reason or ""))

    def _listed(self, graph: Graph, memory: Memory | None, progress: Progress) -> SourceReading:
        """Everything by plain listings. What is remembered of it is for looking at someone in between."""
        before = memory.entries if memory is not None else {}
        revision, assigned = Revision(before), self._assigned(graph)
        roots = reach_of(self._settings.scope, assigned).groups
        listed(graph, revision, Listing(self._selections, self._settings.page_size, roots), progress)
        changed = revision.changed()
        shown, facts = self._believed(graph, moved_on(before, changed), assigned)
        changed |= {FACTS: facts} if before.get(FACTS) != facts else {}
        return SourceReading(shown, Learned(Watermark(assigned=assigned).text(), changed, memory is None))

    def _believed(self, graph: Graph, entries: Mapping[str, str], assigned: Assigned) -> tuple[Snapshot, str]:
        """The snapshot of these entries, and what is noted of groups, to be remembered.

        Raises if something of the scope is missing or was hidden from us.
        """
        for group_id in self._settings.scope.groups:
            if key_of("group", group_id) not in entries:
                raise not_there(group_id)
        reach = reach_of(self._settings.scope, assigned)
        shown, notes = snapshot(entries, self._selections["user"], self._selections["group"], reach)
        self._require_empty(graph, [group for group in shown.groups if group.id not in shown.members])
        return shown, noted(notes)

    def _require_empty(self, graph: Graph, groups: Iterable[Record]) -> None:
        """Raises if the members of one of these groups may be hidden from us, so that it only seems empty."""
        hiding = [group for group in groups if group.attributes.get("visibility") == _HIDDEN]
        if hiding:
            _require_sight(graph, ", ".join(str(group.attributes.get("displayName", group.id)) for group in hiding[:3]))

    def _shown(self, entries: Mapping[str, str], assigned: Assigned) -> Snapshot:
        reach = reach_of(self._settings.scope, assigned)
        return snapshot(entries, self._selections["user"], self._selections["group"], reach)[0]

    def _assigned(self, graph: Graph) -> Assigned:
        application = self._settings.scope.application
        return assignments(graph, application) if application else Assigned()

    def _require_permissions(self, graph: Graph) -> None:
        roles = graph.roles
        needed = [READ_USERS, READ_GROUPS, *([READ_ASSIGNMENTS] if self._settings.scope.application else [])]
        missing = [permission for permission in needed if roles is not None and not permission.is_granted(roles)]
        if missing:
            has = ", ".join(sorted(roles or ())) or "none at all"
            raise refused(tuple(missing), f"its token shows these permissions: {has}", graph.client)

    def _called(self, memory: Memory, kind: Kind, record_id: str) -> list[Identity]:
        """Who has this record id: everyone whose entry says so, where the mapping's id is not the object id."""
        anchor = self._selections[kind].anchor
        if anchor == ID:
            return [Identity(kind, record_id)]
        known = read_entries(memory.entries)
        rows = known.users if kind == "user" else {object_id: group.row for object_id, group in known.groups.items()}
        bearers = (object_id for object_id, row in rows.items() if normal(str(row.get(anchor, ""))) == record_id)
        return [Identity(kind, object_id) for object_id in bearers]

    @contextmanager
    def _open(self) -> Iterator[Graph]:
        with Graph(self._settings, self._sign_in, self._trust, self._patience or Patience()) as graph:
            try:
                yield graph
            except (Absent, PositionLost) as error:
                what = f"the tenant has changed while it was being read, or is in another cloud ({error})"
                raise SourceUnreadable(what, "Run again; if it lasts, look at source.cloud.") from None


def _require_sight(graph: Graph, names: str) -> None:
    """Raises unless our token shows that we may see hidden members, so that these groups are empty as they seem."""
    roles = graph.roles
    if roles is None:
        raise SourceUnreadable(
            f"{names} would seem to be empty, hides its members, and the token does not show whether we may see them",
            f"Grant {READ_HIDDEN.name}; if that is granted, add a member or let the group show its members.",
        )
    if not READ_HIDDEN.is_granted(roles):
        raise refused((READ_HIDDEN,), f"{names} would seem to be empty", graph.client)
