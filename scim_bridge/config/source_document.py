"""`source` of `bridge.yaml` as it is written, for each kind (docs/design.md §3). What it means is in source.py."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, JsonValue, Tag, model_validator

from scim_bridge.config import form, source
from scim_bridge.config.section import (
    AzureName,
    Duration,
    Encoding,
    LdapFilter,
    LdapUrl,
    Mailbox,
    Origin,
    PageSize,
    Reference,
    Section,
    Separator,
    Text,
    Unit,
)
from scim_bridge.config.section_of_settings import defaults_of, section_of

_FILE, _LIST, _CSV = map(defaults_of, (source.MemberFile, source.MemberList, source.CsvSettings))
_OF_FILE = ("group", "member", "type", "group_by", "member_by")
_OF_LIST = ("separator", "by")


def _way(key: str, *others: str) -> JsonValue:
    return {"required": [key], "properties": dict.fromkeys(others, False)}


class Memberships(Section):
    """Where memberships are, if not in a file with our own columns: in one of three ways.

    A file with a row for each membership (`file`); a column of users that lists their groups (`users`); a column of
    groups that lists their users (`groups`). by, group_by, member_by: the column that what is written there is looked
    up in; "id" is the column that the mapping names as the id.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                _way("file", "users", "groups", *_OF_LIST),
                _way("users", "file", "groups", *_OF_FILE),
                _way("groups", "file", "users", *_OF_FILE),
            ]
        }
    )

    file: Text = ""
    group: Text = _FILE["group"]
    member: Text = _FILE["member"]
    type: Text = source.MEMBER_TYPE
    group_by: Text = _FILE["group_by"]
    member_by: Text = _FILE["member_by"]
    users: Text = ""
    groups: Text = ""
    separator: Separator = _LIST["separator"]
    by: Text = _LIST["by"]

    @model_validator(mode="after")
    def _is_one(self) -> "Memberships":
        if sum(map(bool, (self.file, self.users, self.groups))) != 1:
            raise ValueError(
                ": write one of {file: FILE, group: COLUMN, member: COLUMN}, {users: COLUMN} (a column of users that "
                "lists groups), {groups: COLUMN} (a column of groups that lists users)"
            )
        wrong = [key for key in (_OF_LIST if self.file else _OF_FILE) if key in self.model_fields_set]
        if wrong:
            way = next(key for key in ("file", "users", "groups") if getattr(self, key))
            raise ValueError(f": {wrong[0]} has no meaning beside {way}; leave it out")
        return self


FROM_USERS = "from-users"
"""In place of a file of groups: the groups are those that the users' lists name."""

FileOrMemberships = Annotated[
    Annotated[Text, Tag("file")] | Annotated[Memberships, Tag("section")],
    Discriminator(lambda written: "section" if isinstance(written, (dict, Memberships)) else "file"),
]


class CsvFiles(Section):
    """Users, groups and memberships in CSV files."""

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {"members": ["groups"]},
            "if": {"properties": {"groups": {"const": FROM_USERS}}, "required": ["groups"]},
            "then": {
                "required": ["members"],
                "properties": {"members": {"type": "object", "required": ["users"]}},
            },
        }
    )

    kind: Literal["csv"]
    users: Text
    groups: Text = ""
    members: FileOrMemberships = ""
    encoding: Encoding = _CSV["encoding"]
    delimiter: Literal["auto", ",", ";", "\t", "|"] = _CSV["delimiter"]

    @model_validator(mode="after")
    def _has_groups(self) -> "CsvFiles":
        if self.members and not self.groups:
            raise ValueError(".members needs groups; name the groups file too")
        lists_groups = isinstance(self.members, Memberships) and self.members.users
        if self.groups == FROM_USERS and not lists_groups:
            raise ValueError(
                f".groups: {FROM_USERS} needs members: {{users: COLUMN}}, the column of users that lists their groups"
            )
        return self


_SIMPLE: dict[str, JsonValue] = {"properties": {"method": {"const": "simple"}}}


class _BindRules(Section):
    model_config = ConfigDict(
        json_schema_extra={
            "if": _SIMPLE,
            "then": {"required": ["dn", "password"]},
            "else": {"properties": {"dn": False, "password": False}},
        }
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        method, dn, password = (dict(self)[key] for key in ("method", "dn", "password"))
        if method == "simple" and not (dn and password):
            raise ValueError(": simple needs dn and password")
        if method != "simple" and (dn or password):
            raise ValueError(f": {method} takes neither dn nor password; leave them out")
        return self


class _LdapTlsRules(Section):
    model_config = ConfigDict(
        json_schema_extra={"dependentRequired": {"cert_file": ["key_file"], "key_file": ["cert_file"]}}
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        written = dict(self)
        if bool(written["cert_file"]) != bool(written["key_file"]):
            raise ValueError(": cert_file and key_file go together")
        return self


Bind: Any = section_of(source.Bind, "How to sign in. dn and password: of `simple` alone.", _BindRules)
LdapTls: Any = section_of(source.LdapTls, "Certificates are always checked. start: StartTLS on ldap://.", _LdapTlsRules)
Bases = Annotated[list[Text], Field(min_length=1)]


class People(Section):
    """Where users are. Without a filter: all that are people by the flavor's usual classes."""

    base: Bases
    filter: LdapFilter = ""


class Teams(Section):
    """Where groups are, and the attribute that lists their members.

    primary: whether users are also in the group that their own entry names (gidNumber, primaryGroupID).
    """

    base: Bases
    filter: LdapFilter = ""
    member: Text = "member"
    primary: bool | None = None


class Ldap(Section):
    """An LDAP directory. urls: tried in order."""

    kind: Literal["ldap"]
    urls: Annotated[list[LdapUrl], Field(min_length=1)]
    flavor: source.Flavor | None = None
    bind: Bind
    tls: LdapTls = LdapTls()
    users: People
    groups: Teams | None = None
    changes: Literal["auto", "none"] = "auto"
    page_size: PageSize = 500
    timeout: Duration = "30s"

    @model_validator(mode="after")
    def _is_not_in_the_clear(self) -> "Ldap":
        open_to_all = [url for url in self.urls if not form.is_private_ldap_url(url)]
        if open_to_all and not (self.tls.start or self.tls.allow_plain):
            raise ValueError(
                f".urls: {open_to_all[0]} would send the password and all names in the clear; write ldaps://, or "
                "tls: {start: true}"
            )
        return self


class Credential(Section):
    """How the application proves who it is: one of four ways."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["secret"]},
                {"required": ["certificate", "key"]},
                {"required": ["federated_token_file"]},
                {"required": ["managed_identity"]},
            ],
            "dependentRequired": {"certificate": ["key"], "key": ["certificate"]},
        }
    )

    secret: Reference = ""
    certificate: Text = ""
    key: Reference = ""
    federated_token_file: Text = ""
    managed_identity: AzureName = ""

    @model_validator(mode="after")
    def _is_one(self) -> "Credential":
        if bool(self.certificate) != bool(self.key):
            raise ValueError(": certificate and key go together")
        ways = (self.secret, self.certificate, self.federated_token_file, self.managed_identity)
        if sum(map(bool, ways)) != 1:
            raise ValueError(
                ": write one of {secret: env:NAME}, {certificate: FILE, key: file:FILE}, "
                "{federated_token_file: FILE}, {managed_identity: system}"
            )
        return self


class Scope(Section):
    """Whom to read: everyone, some groups with all in them, or what an application is assigned."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    all: bool = False
    groups: list[AzureName] = Field(default=[])
    application: AzureName = ""

    @model_validator(mode="after")
    def _is_one(self) -> "Scope":
        if sum((self.all, bool(self.groups), bool(self.application))) != 1:
            raise ValueError(": write one of {all: true}, {groups: [ID, …]}, {application: ID}")
        return self


class Cloud(Section):
    """Where to sign in and where Graph is, for a cloud that has no name of its own here."""

    login: Origin
    graph: Origin
    ca_file: Text = ""


CloudOrItsName = Annotated[
    Annotated[Literal["global", "us-gov", "us-gov-dod", "china"], Tag("name")] | Annotated[Cloud, Tag("section")],
    Discriminator(lambda written: "section" if isinstance(written, (dict, Cloud)) else "name"),
]


class Entra(Section):
    """A Microsoft Entra ID tenant, read through Microsoft Graph."""

    kind: Literal["entra"]
    tenant: AzureName
    client: AzureName = ""
    credential: Credential
    scope: Scope = Scope(all=True)
    cloud: CloudOrItsName = "global"
    changes: Literal["auto", "none"] = "auto"
    page_size: PageSize = 500
    timeout: Duration = "30s"

    @model_validator(mode="after")
    def _has_a_client(self) -> "Entra":
        if not self.client and not self.credential.managed_identity:
            raise ValueError(" needs the key client: the application's id")
        return self


class GoogleCredential(Section):
    """How the service account proves who it is: by its key file, or by a workload that may sign for it."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["key"]}, {"required": ["service_account", "federation"]}],
            "dependentRequired": {"service_account": ["federation"], "federation": ["service_account"]},
        }
    )

    key: Reference = ""
    service_account: Mailbox = ""
    federation: Text = ""

    @model_validator(mode="after")
    def _is_one(self) -> "GoogleCredential":
        if bool(self.service_account) != bool(self.federation):
            raise ValueError(": service_account and federation go together")
        if bool(self.key) == bool(self.federation):
            raise ValueError(": write one of {key: file:KEY.json}, {service_account: ADDRESS, federation: FILE.json}")
        return self


class GoogleScope(Section):
    """Whom to read: everyone, or who is in all that is given here: organizational units, groups, what a query finds.

    users: with groups, the users in them (members) or all users.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "minProperties": 1,
            "if": {"required": ["all"]},
            "then": {"maxProperties": 1},
            "dependentRequired": {"users": ["groups"]},
        }
    )

    all: Literal[True] | None = None
    org_units: Annotated[list[Unit], Field(min_length=1)] | None = None
    groups: Annotated[list[Text], Field(min_length=1)] | None = None
    query: Text = ""
    users: Literal["members", "all"] = "members"

    @model_validator(mode="after")
    def _is_one(self) -> "GoogleScope":
        narrows = bool(self.org_units or self.groups or self.query)
        if bool(self.all) == narrows:
            raise ValueError(": write {all: true}, or one or more of org_units: [PATH, …], groups: [PATTERN, …], query")
        if "users" in self.model_fields_set and not self.groups:
            raise ValueError(".users has a meaning beside groups alone; leave it out")
        return self


class GoogleEndpoint(Section):
    """Where an emulator of Google is: on this machine alone, for the key would open the true account."""

    origin: Origin
    ca_file: Text = ""

    @model_validator(mode="after")
    def _is_here(self) -> "GoogleEndpoint":
        if not form.is_loopback_url(self.origin):
            raise ValueError(".origin must be on this machine (https://127.0.0.1:PORT); leave endpoint out for Google")
        return self


class Google(Section):
    """A Google Workspace account, read through the Directory API of the Admin SDK."""

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["customer", "domain"]}})

    kind: Literal["google"]
    admin: Mailbox
    credential: GoogleCredential
    customer: Text = source.MY_CUSTOMER
    domain: Text = ""
    scope: GoogleScope = GoogleScope(all=True)
    requests_per_second: Annotated[float, Field(gt=0, le=40)] = 15.0
    endpoint: GoogleEndpoint | None = None
    timeout: Duration = "30s"

    @model_validator(mode="after")
    def _is_one_account(self) -> "Google":
        if self.domain and "customer" in self.model_fields_set:
            raise ValueError(": customer and domain exclude each other; leave one of them out")
        return self


Source = Annotated[CsvFiles | Ldap | Entra | Google, Field(discriminator="kind")]
"""Where users, groups and memberships are read from."""
