"""`source` of `bridge.yaml`, of each kind: what it means, and what it refuses."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from scim_bridge.config.document import json_schema
from scim_bridge.config.read_source import source_settings
from scim_bridge.config.section import Section
from scim_bridge.config.settings import load
from scim_bridge.config.source import (
    CLOUDS,
    ClientCertificate,
    ClientSecret,
    CsvSettings,
    EntraCloud,
    EntraScope,
    EntraSettings,
    FederatedToken,
    GoogleEndpoint,
    GoogleScope,
    GoogleSettings,
    LdapSettings,
    ManagedIdentity,
    MemberFile,
    MemberList,
    Search,
    ServiceAccountKey,
    SourceSettings,
    WorkloadIdentity,
)
from scim_bridge.errors import Misconfigured

LDAP = """\
      kind: ldap
      urls: [ldaps://dc1.corp.example, "ldaps://dc2.corp.example:3269/"]
      bind: {method: simple, dn: "cn=bridge,dc=corp,dc=example", password: env:LDAP_PASSWORD}
      users: {base: ["ou=people,dc=corp,dc=example"], filter: "(objectClass=inetOrgPerson)"}
"""
ENTRA = """\
      kind: entra
      tenant: corp.example
      client: 11112222-0000-4000-8000-000000000000
      credential: {secret: env:ENTRA_SECRET}
"""


def _load(folder: Path, source: str) -> SourceSettings:
    path = folder / "bridge.yaml"
    path.write_text(
        "connections:\n  corp:\n    mapping: m.yaml\n"
        "    target: {kind: identity-center, url: https://scim.example/t/scim/v2, token: env:T}\n"
        f"    source:\n{source}",
        encoding="utf-8",
    )
    return load(path).connection(None).source


def _refusal(folder: Path, source: str) -> str:
    with pytest.raises(Misconfigured) as refused:
        _load(folder, source)
    return "\n".join(refused.value.problems) or str(refused.value)


def _ldap(folder: Path, more: str = "") -> LdapSettings:
    settings = _load(folder, LDAP + more)
    assert isinstance(settings, LdapSettings)
    return settings


def _entra(folder: Path, source: str) -> EntraSettings:
    settings = _load(folder, source)
    assert isinstance(settings, EntraSettings)
    return settings


def test_a_kind_that_has_no_meaning_yet_is_refused_and_not_read_as_another(tmp_path: Path) -> None:
    class Okta(Section):
        kind: Literal["okta"] = "okta"
        tenant: str = "corp.example"

    with pytest.raises(Misconfigured, match="there is no source that reads Okta"):
        source_settings(Okta(), tmp_path)  # type: ignore[arg-type]


def test_an_ldap_directory_has_the_documented_defaults(tmp_path: Path) -> None:
    ldap = _ldap(tmp_path)
    assert ldap.urls == ("ldaps://dc1.corp.example", "ldaps://dc2.corp.example:3269")
    assert (ldap.flavor, ldap.groups, ldap.reads_changes) == (None, None, True)
    assert (ldap.page_size, ldap.timeout) == (500, timedelta(seconds=30))
    assert ldap.users == Search(("ou=people,dc=corp,dc=example",), "(objectClass=inetOrgPerson)")


def test_an_ldap_directory_means_what_is_written(tmp_path: Path) -> None:
    ldap = _ldap(
        tmp_path,
        "      groups: {base: [ou=a, ou=b], member: memberUid}\n      flavor: openldap\n      changes: none\n"
        "      tls: {ca_file: ca.pem}\n      page_size: 100\n      timeout: 5s\n",
    )
    assert ldap.groups == Search(("ou=a", "ou=b"), "", "memberUid")
    assert (ldap.flavor, ldap.reads_changes, ldap.page_size) == ("openldap", False, 100)
    assert (ldap.tls.ca_file, ldap.tls.start) == (tmp_path / "ca.pem", False)


def test_a_password_may_hold_what_a_token_may_not(tmp_path: Path) -> None:
    settings = _load(tmp_path, LDAP.replace("env:LDAP_PASSWORD", "file:password"))
    assert isinstance(settings, LdapSettings)
    assert settings.bind.password is not None
    with pytest.raises(Misconfigured, match=r"password cannot be read .*Put the password there"):
        settings.bind.password.read()
    (tmp_path / "password").write_text(" pässword with spaces \n", encoding="utf-8")
    assert settings.bind.password.read() == " pässword with spaces "


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("ldaps://dc1.corp.example", "ldap://dc1.corp.example", "in the clear"),
        ("ldaps://dc1.corp.example", "ldaps://dc1.corp.example/dc=x", "without a path"),
        ("ldaps://dc1.corp.example", "dc1.corp.example", "ldaps://HOST"),
        ("env:LDAP_PASSWORD", "s3cr3t", "env:NAME or file:PATH"),
        (", password: env:LDAP_PASSWORD", "", "simple needs dn and password"),
        ("method: simple", "method: external", "takes neither dn nor password"),
        ("(objectClass=inetOrgPerson)", "objectClass=inetOrgPerson", "in parentheses"),
        ("users: {base:", "users: {bases:", "did you mean base?"),
        ('["ou=people,dc=corp,dc=example"]', "[]", "users.base is empty; at least one is needed"),
        ("      kind: ldap\n", "      kind: ldap\n      page_size: 1000\n", "page_size must be 999 or less, not 1000"),
        ("      kind: ldap\n", "      kind: ldap\n      tls: {cert_file: x.pem}\n", "go together"),
        (
            "      kind: ldap\n",
            "      kind: ldpa\n",
            "kind must be 'csv', 'ldap', 'entra', 'google', not 'ldpa'",
        ),
        ("      kind: ldap\n", "", "source needs the key kind"),
    ],
)
def test_an_ldap_source_that_cannot_be_meant_is_refused(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    told = _refusal(tmp_path, LDAP.replace(old, new))
    assert sentence in told
    assert told.startswith("bridge.yaml, line ")
    assert "s3cr3t" not in told


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("ldap://127.0.0.1:3890", ""),
        ("ldapi://%2Frun%2Fslapd%2Fldapi", ""),
        ("ldap://dc1.corp.example", "      tls: {start: true}\n"),
        ("ldap://dc1.corp.example", "      tls: {allow_plain: true}\n"),
    ],
)
def test_what_cannot_be_read_on_the_way_needs_no_ldaps(tmp_path: Path, url: str, more: str) -> None:
    settings = _load(tmp_path, LDAP.replace("ldaps://dc1.corp.example", url) + more)
    assert isinstance(settings, LdapSettings)
    assert settings.urls[0] == url


def test_an_entra_tenant_has_the_documented_defaults(tmp_path: Path) -> None:
    entra = _entra(tmp_path, ENTRA)
    assert isinstance(entra.credential, ClientSecret)
    assert (entra.scope, entra.cloud, entra.reads_changes) == (EntraScope(), CLOUDS["global"], True)


@pytest.mark.parametrize(
    ("credential", "kind"),
    [
        ("{certificate: app.pem, key: file:app.key}", ClientCertificate),
        ("{federated_token_file: /run/token}", FederatedToken),
        ("{managed_identity: system}", ManagedIdentity),
    ],
)
def test_an_application_proves_itself_in_one_of_four_ways(tmp_path: Path, credential: str, kind: type) -> None:
    entra = _entra(tmp_path, ENTRA.replace("{secret: env:ENTRA_SECRET}", credential))
    assert isinstance(entra.credential, kind)


def test_ids_are_the_same_in_capital_letters(tmp_path: Path) -> None:
    group = "6F1C0F5E-8D4B-4A37-9A0B-1F2E3D4C5B6A"
    assert _entra(tmp_path, f"{ENTRA}      scope: {{groups: [{group}]}}\n").scope.groups == (group.lower(),)
    entra = _entra(tmp_path, f"{ENTRA}      scope: {{application: {group}}}\n".replace("corp.example", group))
    assert (entra.scope.application, entra.tenant) == (group.lower(), group.lower())


def test_scope_and_cloud_mean_what_is_written(tmp_path: Path) -> None:
    more = (
        "      scope: {groups: [g-1, g-2]}\n      cloud: {login: 'https://l.example/', graph: https://g.example:8443}\n"
    )
    entra = _entra(tmp_path, ENTRA + more)
    assert entra.scope == EntraScope(("g-1", "g-2"))
    assert entra.cloud == EntraCloud("https://l.example", "https://g.example:8443")
    assert _entra(tmp_path, ENTRA + "      cloud: china\n").cloud == CLOUDS["china"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("corp.example", "<tenant id>", "put your own id in the place of <…>"),
        ("corp.example", "a/../b", "is not an id"),
        ("      client: 11112222-0000-4000-8000-000000000000\n", "", "needs the key client"),
        ("{secret: env:ENTRA_SECRET}", "{}", "write one of {secret: env:NAME}"),
        ("{secret: env:ENTRA_SECRET}", "{secret: env:A, managed_identity: system}", "write one of"),
        ("{secret: env:ENTRA_SECRET}", "{certificate: app.pem}", "certificate and key go together"),
        ("{secret: env:ENTRA_SECRET}", "{secret: s3cr3t}", "env:NAME or file:PATH"),
        ("corp.example", "corp.example\n      scope: {all: false}", "write one of {all: true}"),
        ("corp.example", "corp.example\n      scope: {all: true, application: x}", "write one of {all: true}"),
        ("corp.example", "corp.example\n      cloud: globl", "'global', 'us-gov', 'us-gov-dod' or 'china'"),
        ("corp.example", "corp.example\n      cloud: {login: https://x.example}", "cloud needs the key graph"),
        (
            "corp.example",
            "corp.example\n      cloud: {login: 'http://x.example', graph: https://x.example}",
            "https://",
        ),
        ("tenant:", "tenent:", "did you mean tenant?"),
    ],
)
def test_an_entra_source_that_cannot_be_meant_is_refused(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    told = _refusal(tmp_path, ENTRA.replace(old, new))
    assert sentence in told
    assert "s3cr3t" not in told


GOOGLE = """\
      kind: google
      admin: reader@corp.example
      credential: {key: "file:key.json"}
"""


def _google(folder: Path, source: str) -> GoogleSettings:
    settings = _load(folder, source)
    assert isinstance(settings, GoogleSettings)
    return settings


def test_a_google_account_has_the_documented_defaults(tmp_path: Path) -> None:
    google = _google(tmp_path, GOOGLE)
    assert (google.admin, google.customer, google.domain) == ("reader@corp.example", "my_customer", "")
    assert isinstance(google.credential, ServiceAccountKey)
    assert google.credential.key.describe() == "file:key.json"
    assert (google.scope, google.endpoint) == (GoogleScope(), None)
    assert (google.requests_per_second, google.timeout) == (15.0, timedelta(seconds=30))


def test_a_google_account_means_what_is_written(tmp_path: Path) -> None:
    keyless = "credential: {service_account: b@p.iam.gserviceaccount.com, federation: wif.json}"
    google = _google(
        tmp_path,
        GOOGLE.replace('credential: {key: "file:key.json"}', keyless)
        + "      domain: Corp.example\n      scope: {org_units: [/Staff/, /], groups: [aws-*], users: all}\n"
        + '      endpoint: {origin: "https://127.0.0.1:9443/", ca_file: ca.pem}\n',
    )
    assert google.credential == WorkloadIdentity("b@p.iam.gserviceaccount.com", tmp_path / "wif.json")
    assert (google.customer, google.domain) == ("", "corp.example")
    assert google.scope == GoogleScope(("/Staff", "/"), ("aws-*",), "", "all")
    assert google.endpoint == GoogleEndpoint("https://127.0.0.1:9443", tmp_path / "ca.pem")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("domain: corp.example\n      customer: C01", "customer and domain exclude each other"),
        ("scope: {}", "scope: write {all: true}, or"),
        ("scope: {all: true, query: x}", "scope: write {all: true}, or"),
        ("scope: {org_units: [Staff]}", "write the whole path"),
        ("scope: {org_units: [/Staff], users: all}", "scope.users has a meaning beside groups alone"),
        ('endpoint: {origin: "https://google.example"}', "endpoint.origin must be on this machine"),
        ("requests_per_second: 100", "requests_per_second must be 40.0 or less"),
    ],
)
def test_a_google_source_that_cannot_be_meant_is_refused(tmp_path: Path, more: str, sentence: str) -> None:
    assert sentence in _refusal(tmp_path, GOOGLE + f"      {more}\n")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('{key: "file:key.json"}', "{}", "write one of {key: file:KEY.json}"),
        ('{key: "file:key.json"}', "{federation: wif.json}", "service_account and federation go together"),
        ("admin: reader@corp.example", "admin: reader", "is not an e-mail address"),
    ],
)
def test_a_google_credential_that_cannot_be_meant_is_refused(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert sentence in _refusal(tmp_path, GOOGLE.replace(old, new))


def test_the_published_schema_knows_every_kind_of_source() -> None:
    source = json_schema()["$defs"]["Connection"]["properties"]["source"]
    assert set(source["discriminator"]["mapping"]) == {"csv", "ldap", "entra", "google"}


CSV = "      kind: csv\n      users: users.csv\n"


@pytest.mark.parametrize(
    ("members", "meant"),
    [
        ("m.csv", MemberFile(path=Path("m.csv"))),
        (
            '{file: m.csv, group: "Group ID", member: Mail, type: Kind, group_by: Name, member_by: Email}',
            MemberFile(
                path=Path("m.csv"), group="Group ID", member="Mail", type="Kind", group_by="Name", member_by="Email"
            ),
        ),
        ('{users: Groups, separator: ";", by: name}', MemberList("user", "Groups", ";", "name")),
        ('{groups: Members, separator: "\\n"}', MemberList("group", "Members", "\n")),
    ],
)
def test_memberships_are_where_they_are_said_to_be(
    tmp_path: Path, members: str, meant: MemberFile | MemberList
) -> None:
    settings = _load(tmp_path, CSV + f"      groups: groups.csv\n      members: {members}\n")
    assert isinstance(settings, CsvSettings)
    assert settings.each(lambda path: Path(path.name)).members == meant


def test_groups_may_be_made_of_what_users_are_listed_in(tmp_path: Path) -> None:
    settings = _load(tmp_path, CSV + "      groups: from-users\n      members: {users: Groups}\n")
    assert isinstance(settings, CsvSettings)
    assert (settings.groups, settings.groups_from_users) == (None, True)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("members: m.csv", "source.members needs groups; name the groups file too"),
        ("groups: g.csv\n      members: {}", "members: write one of {file: FILE, group: COLUMN, member: COLUMN}"),
        ("groups: g.csv\n      members: {file: m.csv, users: Groups}", "members: write one of {file: FILE"),
        ("groups: g.csv\n      members: {file: m.csv, by: name}", "members: by has no meaning beside file"),
        ("groups: g.csv\n      members: {users: Groups, member: x}", "members: member has no meaning beside users"),
        ("groups: g.csv\n      members: {users: Groups, seperator: x}", "did you mean separator?"),
        ("groups: g.csv\n      members: {users: Groups, separator: and}", "members.separator: write auto, or what"),
        ("groups: from-users", "groups: from-users needs members: {users: COLUMN}"),
        ("groups: from-users\n      members: {groups: Members}", "groups: from-users needs members: {users: COLUMN}"),
    ],
)
def test_memberships_that_cannot_be_meant_are_refused(tmp_path: Path, more: str, sentence: str) -> None:
    told = _refusal(tmp_path, CSV + f"      {more}\n")
    assert sentence in told
    assert told.startswith("bridge.yaml, line ")
