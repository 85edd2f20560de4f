"""Microsoft Entra ID as a source: everything, what changed, or one identity, all by one way into a snapshot.

The first round of the two delta queries is the whole reading, their links are the watermark, and later rounds cost what
changed. Where delta is switched off, users and groups are listed and every group's members asked for.
"""

import hashlib
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import orjson

from scim_bridge.config.source import EntraSettings
from scim_bridge.errors import Misconfigured, SourceUnreadable
from scim_bridge.model.identity import AttributeType, Kind, Snapshot, SourceKey
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.model.source import Learned, Memory, SourceChanges, SourceReading, Wanted, moved_on, picked
from scim_bridge.model.text import normal
from scim_bridge.source.entra.delta_round import Listing, Rounds, first_page, first_rounds, listed, merge, next_rounds
from scim_bridge.source.entra.graph import Graph, Patience
from scim_bridge.source.entra.memory import Assigned, Revision, Watermark, key_of
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

_FORM = 1
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
        self._trusted: ssl.SSLContext | None = None
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

    def changes(self, today: str, memory: Memory, progress: Progress = silent) -> SourceChanges | SourceReading:
        """Everything: what of it has changed is found out by comparing."""
        return self.read(today, memory, progress)

    def ask(self, today: str, memory: Memory | None, wanted: Iterable[SourceKey]) -> SourceChanges:
        """These records and their memberships as they are now."""
        keys = list(wanted)
        return picked(self.look(today, memory, keys).snapshot, keys)

    def look(self, today: str, memory: Memory | None, wanted: Iterable[tuple[Kind, str]]) -> SourceReading:
        """What is remembered, with these as they are now: one request for every six or so of them."""
        if memory is None:
            return self.read(today)
        assigned = Watermark.read(memory.watermark).assigned
        who = [one for kind, record_id in wanted for one in self._called(memory, kind, record_id)]
        if not who:
            return SourceReading(self._shown(memory.entries, assigned))
        revision = Revision(memory.entries)
        with self._open() as graph:
            assigned = self._assigned(graph)
            look_at(graph, revision, who, self._selections)
            changed = revision.changed()
            shown = self._believed(graph, moved_on(memory.entries, changed), assigned)
        return SourceReading(shown, Learned(memory.watermark, changed, is_whole=False))

    def probe(self, today: str) -> Snapshot:  # noqa: ARG002 - the interface
        """A page of users and one of groups, whatever the scope; and that permissions and scope are as they must be."""
        with self._open() as graph:
            self._require_permissions(graph)
            self._assigned(graph)
            require_groups(graph, self._settings.scope.groups)
            revision = first_page(graph, self._selections, self._settings.page_size)
        return snapshot(moved_on({}, revision.changed()), self._selections["user"], self._selections["group"], Reach())

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
        shown = self._believed(graph, moved_on(before, changed), assigned)
        return SourceReading(shown, Learned(watermark, changed, reason is not None, reason or ""))

    def _listed(self, graph: Graph, memory: Memory | None, progress: Progress) -> SourceReading:
        """Everything by plain listings. What is remembered of it is for looking at someone in between."""
        before = memory.entries if memory is not None else {}
        revision, assigned = Revision(before), self._assigned(graph)
        roots = reach_of(self._settings.scope, assigned).groups
        listed(graph, revision, Listing(self._selections, self._settings.page_size, roots), progress)
        changed = revision.changed()
        shown = self._believed(graph, moved_on(before, changed), assigned)
        return SourceReading(shown, Learned(Watermark(assigned=assigned).text(), changed, memory is None))

    def _believed(self, graph: Graph, entries: Mapping[str, str], assigned: Assigned) -> Snapshot:
        """The snapshot of these entries, unless something of the scope is missing or was hidden from us."""
        for group_id in self._settings.scope.groups:
            if key_of("group", group_id) not in entries:
                raise not_there(group_id)
        shown = self._shown(entries, assigned)
        hiding = [group for group in shown.groups if group.attributes.get("visibility") == _HIDDEN]
        empty = [group for group in hiding if group.id not in shown.members]
        if empty:
            _require_sight(graph, ", ".join(str(group.attributes.get("displayName", group.id)) for group in empty[:3]))
        return shown

    def _shown(self, entries: Mapping[str, str], assigned: Assigned) -> Snapshot:
        reach = reach_of(self._settings.scope, assigned)
        return snapshot(entries, self._selections["user"], self._selections["group"], reach)

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

    def _trust(self) -> ssl.SSLContext:
        """Whose certificates to believe in: made once, for that reads a file of hundreds of them."""
        if self._trusted is None:
            self._trusted = _context(self._settings.cloud.ca_file)
        return self._trusted


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


def _context(ca_file: Path | None) -> ssl.SSLContext:
    if ca_file is None:
        return httpx.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except OSError as error:
        reason = error.strerror or "it holds no certificate in PEM"
        raise Misconfigured(f"source.cloud.ca_file {ca_file} cannot be read ({reason})", "Look at the file.") from None
