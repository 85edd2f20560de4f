"""Typed settings of each kind of source: `source` of `bridge.yaml` read, checked and made absolute."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from scim_bridge.config.secret import Secret

Flavor = Literal["openldap", "active-directory"]
BindMethod = Literal["simple", "external", "gssapi"]


@dataclass(frozen=True, slots=True)
class CsvSettings:
    """Files of a CSV source, absolute. delimiter: one character, or "auto"."""

    users: Path
    groups: Path | None
    members: Path | None
    encoding: str
    delimiter: str


@dataclass(frozen=True, slots=True)
class Bind:
    """How to sign in to a directory server. dn and password: for `simple` alone."""

    method: BindMethod
    dn: str
    password: Secret | None


@dataclass(frozen=True, slots=True)
class LdapTls:
    """start: StartTLS on ldap://. ca_file: whom to trust, None for the system's. Certificates are always checked.

    cert_file, key_file: our own, for `external`. allow_plain: ldap:// without TLS beyond loopback.
    """

    start: bool
    ca_file: Path | None
    cert_file: Path | None
    key_file: Path | None
    allow_plain: bool


@dataclass(frozen=True, slots=True)
class Search:
    """Where a directory's users or groups are found. member: the attribute that lists a group's members."""

    base: tuple[str, ...]
    filter: str
    member: str = ""


@dataclass(frozen=True, slots=True)
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
    """Workload identity: a file with a token of another issuer, read anew for each sign-in."""

    token_file: Path


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """An identity that Azure gives the machine. client: of a user-assigned one, "" for the system's."""

    client: str


EntraCredential = ClientSecret | ClientCertificate | FederatedToken | ManagedIdentity


@dataclass(frozen=True, slots=True)
class EntraScope:
    """Whom to read: everybody (both empty), the groups with these object ids, or what an application is assigned."""

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


@dataclass(frozen=True, slots=True)
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


SourceSettings = CsvSettings | LdapSettings | EntraSettings
