"""Google Workspace as a source: everything is read each time; what is remembered tells what has changed of it.

Nothing cheaper proves that a group's members are unchanged (its etag and count do not), and a search lags by hours, so
that a late index would look like leavers. What changes is therefore told by comparing with what is remembered.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import orjson

from scim_bridge.config.source import GoogleScope, GoogleSettings
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.identity import CHANGES, AttributeType, Kind, Notice, Snapshot, SourceKey
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.model.source import Learned, Memory, SourceChanges, SourceReading, Wanted
from scim_bridge.source.google import listing
from scim_bridge.source.google.api import Api
from scim_bridge.source.google.excerpt import changed_entries, changes
from scim_bridge.source.google.memory import Entries, entries_of, kind_and_id
from scim_bridge.source.google.refusal import Absent, PageLost
from scim_bridge.source.google.scope import reach_before, reach_of, require_whole, roots_of
from scim_bridge.source.google.sign_in import SignIn
from scim_bridge.source.google.snapshot import Shown
from scim_bridge.source.google.user import ID, Selection, selection, types
from scim_bridge.source.google.vanished import require_admin, require_gone
from scim_bridge.source.https import Trust
from scim_bridge.source.patience import Patience

_FORM = 1
"""The form in which entries are remembered; raise it when memory.py writes them differently."""

_HOW = "everything is read each time: all pages of users and groups, and the members of each group"


class GoogleSource:
    """An account (model.protocol.Source). users, groups: what the mapping uses of each kind."""

    def __init__(
        self, settings: GoogleSettings, users: Wanted, groups: Wanted, patience: Patience | None = None
    ) -> None:
        self._settings = settings
        self._users: Selection = selection(users)
        self._anchors = (users.id, groups.id)
        self._patience = patience
        self._trust = Trust(settings.endpoint.ca_file if settings.endpoint else None, "source.endpoint.ca_file")
        self._sign_in = SignIn(settings, self._trust)

    @property
    def key(self) -> str:
        """A hash of the account, the scope, what is selected and in which form it is remembered."""
        settings, scope = self._settings, self._settings.scope
        whom = [sorted(scope.org_units), sorted(scope.groups), scope.query, scope.users]
        where = [settings.customer, settings.domain, settings.endpoint.origin if settings.endpoint else ""]
        chosen = [sorted(self._users.names), sorted(self._users.schemas or ["all"]), self._anchors]
        return hashlib.sha256(orjson.dumps([_FORM, where, whom, chosen])).hexdigest()

    def attributes(self, kind: Kind, memory: Memory | None = None) -> Mapping[str, AttributeType]:  # noqa: ARG002 - the interface
        """The documented names, and what the source decodes."""
        return types(kind)

    def read(self, today: str, memory: Memory | None = None, progress: Progress = silent) -> SourceReading:  # noqa: ARG002 - the interface
        """Everything in scope now."""
        everybody = self._everybody(memory, progress)
        before = memory.entries if memory is not None else {}
        changed = changed_entries(before, everybody.texts())
        return SourceReading(self._shown(everybody).snapshot(), Learned("", changed, memory is None))

    def changes(self, today: str, memory: Memory, progress: Progress = silent) -> SourceChanges | SourceReading:
        """What has changed, by comparing everything with what is remembered."""
        if self._anchors != (ID, ID):
            return self.read(today, memory, progress)
        everybody = self._everybody(memory, progress)
        before = dict(memory.entries)
        changed = changed_entries(before, everybody.texts())
        learned = Learned("", changed, is_whole=False)
        if not changed:
            return SourceChanges(records={}, learned=learned)
        scope = self._settings.scope
        reaches = reach_before(scope, before), reach_of(scope, everybody)
        found = changes(changed, self._shown(everybody), everybody, *reaches)
        return SourceChanges(records=found.records, members=found.members, warnings=found.warnings, learned=learned)

    def ask(self, today: str, memory: Memory | None, wanted: Iterable[SourceKey]) -> SourceChanges | SourceReading:  # noqa: ARG002 - the interface
        """Everything: managers are named by addresses, and who is in a group with all users in it takes all users."""
        return SourceReading(self.read(today, memory).snapshot)

    def probe(self, today: str) -> Snapshot:  # noqa: ARG002 - the interface
        """A page of users and one of groups, whatever the scope; the sign-in names each scope that is missing."""
        with self._open() as api:
            users = listing.first_page(api, "users", {"maxResults": "100", "projection": "full"})
            groups = listing.first_page(api, "groups", {"maxResults": "100"})
            if groups:
                api.find("groups", groups[0]["id"], "members", maxResults=1)
        found = entries_of(users, groups, {row["id"]: [] for row in groups}, self._users, None)
        shown = Shown(found, reach_of(GoogleScope(), found), self._anchors).snapshot()
        # What is noted of members and managers is about everyone, and this is a page.
        return replace(shown, warnings=(Notice(CHANGES, "source", _HOW),))

    def _everybody(self, memory: Memory | None, progress: Progress) -> Entries:
        """All users, groups and members. Raises if a listing was cut, or a part of the scope fits no one."""
        scope = self._settings.scope
        with self._open() as api:
            users = listing.users(api, self._users.fields, self._users.projection, progress)
            require_admin(api, users)
            groups = listing.groups(api, progress)
            found = listing.found_users(api, scope.query, progress) if scope.query else None
            listed = {row["id"] for row in groups}
            members = listing.members(api, roots_of(scope, groups), listed, progress)
            everybody = entries_of(users, groups, members, self._users, found)
            known = [kind_and_id(key) for key in (memory.entries if memory is not None else ())]
            gone_users = {key for kind, key in known if kind == "user"} - everybody.users.keys()
            gone_groups = {key for kind, key in known if kind == "group"} - listed
            require_gone(api, gone_users, gone_groups, progress)
        require_whole(scope, everybody)
        return everybody

    def _shown(self, everybody: Entries) -> Shown:
        return Shown(everybody, reach_of(self._settings.scope, everybody), self._anchors)

    @contextmanager
    def _open(self) -> Iterator[Api]:
        with Api(self._settings, self._sign_in, self._trust, self._patience or Patience()) as api:
            try:
                yield api
            except (Absent, PageLost) as error:
                what = f"the account has changed while it was being read, or source.domain is not its own ({error})"
                raise SourceUnreadable(what, "Run again; if it lasts, look at source.customer or domain.") from None
