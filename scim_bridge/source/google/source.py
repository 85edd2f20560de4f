"""Google Workspace as a source: everything is read each time; what is remembered tells what has changed of it.

Nothing cheaper proves that a group's members are unchanged (its etag and count do not), and a search lags by hours, so
that a late index would look like leavers. What changes is therefore told by comparing with what is remembered.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace

import orjson

from scim_bridge.config.source import GoogleSettings
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.identity import CHANGES, AttributeType, Kind, Notice, Snapshot, SourceKey
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.model.source import Learned, Memory, SourceChanges, SourceReading, Wanted
from scim_bridge.source.google import listing
from scim_bridge.source.google.account import Account, read_account, require_gone_of, require_left_of
from scim_bridge.source.google.api import Api
from scim_bridge.source.google.excerpt import changed_entries, changes
from scim_bridge.source.google.listing import Row
from scim_bridge.source.google.look import Unclear, look_at
from scim_bridge.source.google.memory import GroupEntry, user_of
from scim_bridge.source.google.people import People
from scim_bridge.source.google.refusal import Absent, PageLost
from scim_bridge.source.google.scope import Reach
from scim_bridge.source.google.sign_in import SignIn
from scim_bridge.source.google.snapshot import Shown, anchored
from scim_bridge.source.google.stretch import Held
from scim_bridge.source.google.user import ID, Selection, attributes_of, selection, types
from scim_bridge.source.https import Trust
from scim_bridge.source.patience import Patience

_FORM = 3
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
        with self._open() as api:
            # All entries are needed for what they show, so they are not held against the memory one by one.
            account = read_account(api, self._users, self._settings.scope, None, progress)
            known = dict(memory.entries.items()) if memory is not None else {}
            require_gone_of(api, known, account, progress)
            require_left_of(api, known, account.groups, account.people, account.listed)
        changed = changed_entries(known, account.changed)
        return SourceReading(self._whole(account), Learned("", changed, memory is None))

    def changes(self, today: str, memory: Memory, progress: Progress = silent) -> SourceChanges | SourceReading:
        """What has changed, by holding everything against what is remembered."""
        if self._anchors != (ID, ID):
            return self.read(today, memory, progress)
        with self._open() as api:
            account = read_account(api, self._users, self._settings.scope, memory, progress)
        learned = Learned("", account.changed, is_whole=False)
        return replace(changes(account, memory, self._settings.scope, self._users), learned=learned)

    def ask(self, today: str, memory: Memory | None, wanted: Iterable[SourceKey]) -> SourceChanges | SourceReading:
        """These as they are now: a request or two for each user, and for each group its pages of members.

        Everything, where more than these has a say.
        """
        if memory is not None and self._anchors == (ID, ID):
            with self._open() as api, suppress(Unclear):
                return look_at(api, self._users, memory, wanted)
        return SourceReading(self.read(today, memory).snapshot)

    def probe(self, today: str) -> Snapshot:  # noqa: ARG002 - the interface
        """A page of users and one of groups, whatever the scope; the sign-in names each scope that is missing."""
        with self._open() as api:
            users = listing.first_page(api, "users", {"maxResults": "100", "projection": "full"})
            groups = listing.first_page(api, "groups", {"maxResults": "100"})
            if groups:
                api.find("groups", groups[0]["id"], "members", maxResults=1)
        people = People(chosen=self._users, held=Held(), found=None, has_units=False)
        people.put(users)
        shown = self._shown(people, {row["id"]: GroupEntry(row) for row in groups}, users)
        # What is noted of members and managers is about everyone, and this is a page.
        return replace(shown, warnings=(Notice(CHANGES, "source", _HOW),))

    def _whole(self, account: Account) -> Snapshot:
        """What an account shows of which every entry is at hand."""
        users = [user_of(text)[0] for key, text in account.changed.items() if text and key.startswith("user ")]
        return self._shown(account.people, account.groups, users, account.reach)

    def _shown(
        self, people: People, groups: Mapping[str, GroupEntry], users: list[Row], reach: Reach | None = None
    ) -> Snapshot:
        """reach: who is in the scope, None for all."""
        of_users, of_groups = self._anchors
        reach = reach or Reach(frozenset(people.ids), frozenset(groups))
        ids = {row["id"]: anchored(attributes_of(row, self._users, None), of_users) for row in users}
        shown = Shown(
            chosen=self._users,
            manager_of=lambda address: ids.get(people.manager_of(address) or ""),
            user_ids=ids,
            group_ids={key: anchored(groups[key].row, of_groups) for key in reach.groups},
            groups=groups,
            reach=reach,
        )
        unknown = people.unknown_managers(reach.users)
        return shown.snapshot([row for row in users if row["id"] in reach.users], unknown)

    @contextmanager
    def _open(self) -> Iterator[Api]:
        with Api(self._settings, self._sign_in, self._trust, self._patience or Patience()) as api:
            try:
                yield api
            except (Absent, PageLost) as error:
                what = f"the account has changed while it was being read, or source.domain is not its own ({error})"
                raise SourceUnreadable(what, "Run again; if it lasts, look at source.customer or domain.") from None
