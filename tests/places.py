"""Where an organization can live: CSV files, a real slapd, emulated Entra and Google, a real Active Directory (Samba).

Each is kept equal to an organization as its administrator would, and read by its source with the mapping that is ready.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from scim_bridge.config.source import CsvSettings, GoogleScope, LdapSettings, MemberFile, Search, SourceSettings
from scim_bridge.mapping.compiled import CompiledMapping, compile_mapping
from scim_bridge.mapping.document import Mapping as Rules
from scim_bridge.mapping.document import load_mapping, wanted
from scim_bridge.mapping.record import map_records
from scim_bridge.model.identity import EXTERNAL_ID, MANAGER, Directory, Snapshot
from scim_bridge.model.protocol import Source
from scim_bridge.model.remembered import LastApplied
from scim_bridge.model.source import Memory, SourceReading
from scim_bridge.plan.fit import fit
from scim_bridge.sandbox.entra.server import EntraSandbox
from scim_bridge.sandbox.google.server import GoogleSandbox
from scim_bridge.source import open_source
from scim_bridge.target.identity_center import IDENTITY_CENTER
from tests.e2e.world import at_rest
from tests.ldap_organization import Entries, change, open_ldap_entries
from tests.ldap_server import ROOT, Slapd, add, require_slapd
from tests.organization import Organization
from tests.remembering import remembered
from tests.samba_server import ADMIN, DOMAIN, PASSWORD, Samba, active_directory_entries, require_samba, unit
from tests.source.entra.tenant import Tenant
from tests.source.entra.tenant import settings as entra_settings
from tests.source.files import put
from tests.source.google.account import Account
from tests.source.google.account import settings as google_settings
from tests.source.ldap.reading import NO_TLS, simple
from tests.source.ldap.reading import settings as slapd_settings

MAPPINGS = Path(__file__).parents[1] / "mappings"
TODAY = "2027-03-13"
PATIENCE = timedelta(seconds=30)


class Place(Protocol):
    """Somewhere that an organization lives. mapping: the ready one for it."""

    mapping: str

    @property
    def settings(self) -> SourceSettings:
        """How to read it."""
        ...

    def become(self, there: Organization) -> None:
        """Hold this organization from now on."""
        ...


@dataclass
class Files:
    """CSV files in a folder."""

    folder: Path
    mapping: str = "csv.yaml"

    @property
    def settings(self) -> SourceSettings:
        users, groups, members = (self.folder / f"{name}.csv" for name in ("users", "groups", "members"))
        return CsvSettings(users=users, groups=groups, members=MemberFile(path=members))

    def become(self, there: Organization) -> None:
        put(there, self.folder)
        for path in self.folder.glob("*.csv"):
            at_rest(path)


@dataclass
class OpenLdap:
    """A slapd, changed over a connection."""

    server: Slapd
    mapping: str = "openldap.yaml"
    there: Organization = field(default_factory=Organization)

    @property
    def settings(self) -> SourceSettings:
        return slapd_settings(self.server)

    def become(self, there: Organization) -> None:
        change(self.server.admin(), open_ldap_entries(self.there), open_ldap_entries(there))
        self.there = there.copy()


@dataclass
class Entra:
    """An emulated tenant, changed as in its portal."""

    sandbox: EntraSandbox
    mapping: str = "entra-id.yaml"
    tenant: Tenant = field(init=False)

    def __post_init__(self) -> None:
        self.tenant = Tenant(self.sandbox)

    @property
    def settings(self) -> SourceSettings:
        return entra_settings(self.sandbox)

    def become(self, there: Organization) -> None:
        self.tenant.become(there)


@dataclass
class Google:
    """An emulated account of Google Workspace, changed as in its console."""

    sandbox: GoogleSandbox
    mapping: str = "google-workspace.yaml"
    account: Account = field(init=False)

    def __post_init__(self) -> None:
        self.account = Account(self.sandbox)

    @property
    def settings(self) -> SourceSettings:
        return google_settings(self.sandbox, scope=GoogleScope(org_units=("/Staff",)))

    def become(self, there: Organization) -> None:
        self.account.become(there)


@dataclass
class ActiveDirectory:
    """A Samba domain controller, changed over a connection."""

    server: Samba
    mapping: str = "active-directory.yaml"
    there: Organization = field(default_factory=Organization)

    @property
    def settings(self) -> SourceSettings:
        bind = simple(ADMIN, PASSWORD)
        people = Search(tuple(f"OU={name},{DOMAIN}" for name in ("people", "branch")), "")
        teams = Search((f"OU=groups,{DOMAIN}",), "", "member")
        return LdapSettings(
            urls=(self.server.url,),
            flavor=None,
            bind=bind,
            tls=NO_TLS,
            users=people,
            groups=teams,
            reads_changes=True,
            page_size=500,
            timeout=PATIENCE,
        )

    def become(self, there: Organization) -> None:
        change(self.server.system(), self._entries(self.there), self._entries(there), ("manager", "member"))
        self.there = there.copy()

    def _entries(self, there: Organization) -> Entries:
        entries = active_directory_entries(there)
        for key, person in there.people.items():
            name, attributes = entries[key]
            entries[key] = name, {**attributes, "userPrincipalName": [person.mail]}
        return entries


@contextmanager
def opened(name: str) -> Iterator[Place]:
    """csv, openldap, entra, google or active-directory, with no one in it."""
    with tempfile.TemporaryDirectory() as folder:
        if name == "csv":
            yield Files(Path(folder))
        elif name == "entra":
            with EntraSandbox() as sandbox:
                yield Entra(sandbox)
        elif name == "google":
            with GoogleSandbox() as account:
                yield Google(account)
        elif name == "openldap":
            require_slapd()
            slapd = Slapd(Path(folder) / "slapd")
            slapd.load(ROOT)
            slapd.start()
            try:
                yield OpenLdap(slapd)
            finally:
                slapd.stop()
        else:
            require_samba()
            samba = Samba(Path(folder))
            samba.provision()
            samba.start()
            try:
                for each in ("people", "branch", "groups"):
                    add(samba.system(), unit(each))
                yield ActiveDirectory(samba)
            finally:
                samba.stop()


@dataclass
class Reader:
    """A source over a place, with a memory that is kept between readings as the state would keep it."""

    place: Place
    memory: Memory | None = None
    rules: Rules = field(init=False)

    def __post_init__(self) -> None:
        self.rules = load_mapping(MAPPINGS / self.place.mapping)

    def source(self) -> Source:
        """A new one, as each command opens it."""
        return open_source(self.place.settings, wanted(self.rules.users), wanted(self.rules.groups))

    def whole(self) -> Directory:
        """What everything that is there should become."""
        return self._mapped(self.source().read(TODAY))

    def follow(self) -> Directory:
        """The same by what has changed since the last time."""
        reading = self.source().read(TODAY, self.memory)
        self._remember(reading)
        return self._mapped(reading)

    def _remember(self, reading: SourceReading) -> None:
        if reading.learned is not None:
            self.memory = remembered(self.memory, reading)

    def _mapped(self, reading: SourceReading) -> Directory:
        return fit(map_records(reading.snapshot, self.compiled(), TODAY, LastApplied()), IDENTITY_CENTER)

    def compiled(self) -> CompiledMapping:
        """The ready mapping over what this source has."""
        source = self.source()
        return compile_mapping(self.rules, source.attributes("user"), source.attributes("group"))


def by_name(directory: Directory) -> object:
    """A desired state without ids: users and managers by userName, groups by displayName, members by both."""
    users = {user.source_id: str(user.attributes["userName"]) for user in directory.users}
    groups = {group.source_id: str(group.attributes["displayName"]) for group in directory.groups}
    assert len(set(users.values())) == len(users)
    shown = {}
    for user in directory.users:
        attributes = {path: value for path, value in user.attributes.items() if path != EXTERNAL_ID and value != ""}
        if MANAGER in attributes:
            attributes[MANAGER] = users[str(attributes[MANAGER])]
        shown[users[user.source_id]] = (attributes, user.flaws)
    members = {groups[key]: {users[u] for u in inside} for key, inside in directory.members.items()}
    return shown, set(groups.values()), members


def with_ids(directory: Directory) -> object:
    """A desired state regardless of order."""
    records = {(d.kind, d.source_id): (d.attributes, d.flaws) for d in (*directory.users, *directory.groups)}
    return records, directory.members, directory.counts, set(directory.out_of_scope)


def counts_of(snapshot: Snapshot) -> tuple[int, int]:
    """Users and groups shown."""
    return len(snapshot.users), len(snapshot.groups)
