"""Typed settings of each kind of source: what `source` of `bridge.yaml` means, with the defaults.

How they are written is in source_document.py, and what is written is read in read_source.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

from scim_bridge.config.secret import Secret

Flavor = Literal["openldap", "389-ds", "active-directory"]
BindMethod = Literal["simple", "external", "gssapi"]


MEMBER_TYPE = "member_type"
"""The column of a file of memberships that says user or group, where no other is named. It may be missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFile:
    """A file with a row for each membership, absolute, and its columns.

    type: the column that says user or group; None = MEMBER_TYPE, if there is one. group_by, member_by: the column of
    the groups and of the members whose values stand there; "id" is the one that the mapping names as the id.
    """

    path: Path
    group: str = "group_id"
    member: str = "member_id"
    type: str | None = None
    group_by: str = "id"
    member_by: str = "id"


@dataclass(frozen=True, slots=True)
class MemberList:
    """A column of lists. of: whose column: users name their groups there, groups their users.

    separator: what stands between two names, or "auto". by: the column of the others whose values are listed; "id" is
    the one that the mapping names as the id.
    """

    of: Literal["user", "group"]
    column: str
    separator: str = "auto"
    by: str = "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvSettings:
    """Files of a CSV source, absolute. delimiter: one character, or "auto".

    groups_from_users: there is no file of groups; they are made from the names in the users' lists.
    """

    users: Path
    groups: Path | None = None
    members: MemberFile | MemberList | None = None
    encoding: str = "auto"
    delimiter: str = "auto"
    groups_from_users: bool = False

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file."""
        members = self.members.path if isinstance(self.members, MemberFile) else None
        return tuple(path for path in (self.users, self.groups, members) if path is not None)

    def each(self, found: Callable[[Path], Path]) -> "CsvSettings":
        """The same with other files in the place of these."""
        members = self.members
        if isinstance(members, MemberFile):
            members = replace(members, path=found(members.path))
        groups = found(self.groups) if self.groups is not None else None
        return replace(self, users=found(self.users), groups=groups, members=members)


@dataclass(frozen=True, slots=True)
class Bind:
    """How to sign in to a directory server. dn and password: for `simple` alone."""

    method: BindMethod
    dn: str = ""
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class LdapTls:
    """start: StartTLS on ldap://. ca_file: whom to trust, None for the system's. Certificates are always checked.

    cert_file, key_file: our own, for `external`. allow_plain: ldap:// without TLS beyond loopback.
    """

    start: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    allow_plain: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """Where a directory's users or groups are found. filter: "" = what the flavor usually calls so.

    member: the attribute that lists a group's members. primary: whether a user's primary group counts as one of the
    user's groups, None = as is usual for these groups.
    """

    base: tuple[str, ...]
    filter: str
    member: str = ""
    primary: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapSettings:
    """An LDAP directory. urls: tried in order. flavor: None = asked of the root DSE. groups: None = none are read."""

    urls: tuple[str, ...]
    flavor: Flavor | None
    bind: Bind
    tls: LdapTls
    users: Search
    groups: Search | None
    reads_changes: bool
    page_size: int
    timeout: timedelta


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """An application's secret."""

    secret: Secret


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """An application's certificate (PEM) and its private key (PEM, by reference)."""

    certificate: Path
    key: Secret


@dataclass(frozen=True, slots=True)
class FederatedToken:
    """Workload identity: a file with a token of another issuer, read again for each sign-in."""

    token_file: Path


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """An identity that Azure gives the machine. client: of a user-assigned one, "" for the system's."""

    client: str


EntraCredential = ClientSecret | ClientCertificate | FederatedToken | ManagedIdentity


@dataclass(frozen=True, slots=True)
class EntraScope:
    """Whom to read: everyone (both empty), the groups with these object ids, or what an application is assigned."""

    groups: tuple[str, ...] = ()
    application: str = ""


@dataclass(frozen=True, slots=True)
class EntraCloud:
    """Where to sign in and where Graph is, both without a slash at the end. ca_file: None = whom the system trusts."""

    login: str
    graph: str
    ca_file: Path | None = None


CLOUDS: Mapping[str, EntraCloud] = {
    "global": EntraCloud("https://login.microsoftonline.com", "https://graph.microsoft.com"),
    "us-gov": EntraCloud("https://login.microsoftonline.us", "https://graph.microsoft.us"),
    "us-gov-dod": EntraCloud("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    "china": EntraCloud("https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
}
"""National clouds (learn.microsoft.com/graph/deployments)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraSettings:
    """A Microsoft Entra ID tenant, read through Microsoft Graph. client: the application id."""

    tenant: str
    client: str
    credential: EntraCredential
    scope: EntraScope
    cloud: EntraCloud
    reads_changes: bool
    page_size: int
    timeout: timedelta


@dataclass(frozen=True, slots=True)
class ServiceAccountKey:
    """A service account's key file (JSON), by reference."""

    key: Secret


@dataclass(frozen=True, slots=True)
class WorkloadIdentity:
    """A service account without a key: a workload of these federation settings (JSON, no secret) has tokens signed."""

    service_account: str
    federation: Path


GoogleCredential = ServiceAccountKey | WorkloadIdentity


@dataclass(frozen=True, slots=True)
class GoogleScope:
    """Whom to read: who is in all of these that are given; everyone if none is.

    org_units: users in these organizational units and below. query: users that Google's search finds. groups: groups
    whose address or name fits one of these patterns, and the groups in them. users: with groups, those in them alone,
    or all.
    """

    org_units: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    query: str = ""
    users: Literal["members", "all"] = "members"


@dataclass(frozen=True, slots=True)
class GoogleEndpoint:
    """Where an emulator of Google is, without a slash at the end. ca_file: None = whom the system trusts."""

    origin: str
    ca_file: Path | None = None


MY_CUSTOMER = "my_customer"
"""What Google calls the admin's own account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleSettings:
    """A Google Workspace account, read through the Directory API. admin: whose rights the service account borrows.

    customer: its id, or MY_CUSTOMER. domain: of it alone; then customer is "". endpoint: None =
    Google's own hosts.
    """

    admin: str
    credential: GoogleCredential
    customer: str
    domain: str
    scope: GoogleScope
    endpoint: GoogleEndpoint | None
    requests_per_second: float
    timeout: timedelta


SourceSettings = CsvSettings | LdapSettings | EntraSettings | GoogleSettings
