"""The configuration that init writes is one that is accepted, whatever the answers are."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.config import form
from scim_bridge.config.settings import load
from scim_bridge.config.source import (
    CsvSettings,
    EntraCloud,
    EntraSettings,
    GoogleSettings,
    LdapSettings,
    MemberFile,
    ServiceAccountKey,
    WorkloadIdentity,
)
from scim_bridge.proposal.configuration import configuration, source_section
from scim_bridge.proposal.questions import SOURCES

PATH = Path("/srv/bridge.yaml")
TARGET = {"url": "https://scim.eu-west-1.amazonaws.com/3f1c9a40/scim/v2", "token": "env:SCIM_TOKEN"}
ANSWERS: dict[str, dict[str, str]] = {
    "csv": {"users": "users.csv", "groups": "groups.csv", "members": "members.csv", "encoding": "cp932"},
    "ldap": {
        "ldap-url": "ldaps://dc1.corp.example",
        "start-tls": "",
        "flavor": "active-directory",
        "bind-dn": "cn=bridge,dc=corp,dc=example",
        "password": "env:LDAP_PASSWORD",
        "users-base": "ou=people, dc=corp",
        "groups-base": "ou=グループ,dc=corp",
        "ca-file": "corp-ca.pem",
    },
    "entra": {
        "tenant": "corp.onmicrosoft.com",
        "client": "4ee0c2a8-0000-4000-8000-000000000001",
        "secret": "file:s",
        "cloud": "global",
        "cloud-login": "",
        "cloud-graph": "",
        "ca-file": "",
    },
    "google": {
        "admin": "reader@corp.example",
        "key": "",
        "service-account": "bridge@project.iam.gserviceaccount.com",
        "federation": "aws.json",
        "customer": "C03az79cb",
        "from": "ssosync",
        "google-origin": "",
        "ca-file": "",
    },
}


def _source(kind: str, **answers: str) -> Any:
    text = configuration("corp", source_section(kind, ANSWERS[kind] | answers), "mapping.yaml", TARGET)
    return load(PATH, text).connection("corp").source


def test_files_are_read_as_was_answered() -> None:
    found = _source("csv")
    assert found == CsvSettings(
        users=Path("/srv/users.csv"),
        groups=Path("/srv/groups.csv"),
        members=MemberFile(path=Path("/srv/members.csv")),
        encoding="cp932",
        delimiter="auto",
    )
    alone = _source("csv", groups="", members="", encoding="auto")
    assert (alone.groups, alone.members, alone.encoding) == (None, None, "auto")


def test_a_directory_server_is_read_as_was_answered() -> None:
    found = _source("ldap")
    assert isinstance(found, LdapSettings)
    assert (found.urls, found.flavor, found.bind.dn) == (
        ("ldaps://dc1.corp.example",),
        "active-directory",
        "cn=bridge,dc=corp,dc=example",
    )
    assert found.groups is not None
    assert (found.users.base, found.groups.base) == (("ou=people, dc=corp",), ("ou=グループ,dc=corp",))
    assert found.tls.ca_file == Path("/srv/corp-ca.pem")
    assert _source("ldap", **{"groups-base": "", "ca-file": ""}).groups is None
    assert _source("ldap", **{"ldap-url": "ldaps://a.example ldaps://b.example:636"}).urls == (
        "ldaps://a.example",
        "ldaps://b.example:636",
    )


def test_a_tenant_is_read_as_was_answered() -> None:
    found = _source("entra")
    assert isinstance(found, EntraSettings)
    assert (found.tenant, found.scope.groups, found.scope.application) == ("corp.onmicrosoft.com", (), "")
    assert _source("entra", cloud="us-gov").cloud.graph == "https://graph.microsoft.us"


def test_a_cloud_of_its_own_addresses_is_read_as_was_answered() -> None:
    addresses = {"cloud-login": "https://127.0.0.1:8443", "cloud-graph": "https://127.0.0.1:8444"}
    assert _source("entra", **addresses).cloud == EntraCloud("https://127.0.0.1:8443", "https://127.0.0.1:8444")
    trusted = _source("entra", **addresses, **{"ca-file": "/tmp/a b/ca.pem"}).cloud
    assert trusted.ca_file == Path("/tmp/a b/ca.pem")


def test_an_account_is_read_as_was_answered() -> None:
    found = _source("google")
    assert isinstance(found, GoogleSettings)
    assert (found.admin, found.customer, found.endpoint) == ("reader@corp.example", "C03az79cb", None)
    assert isinstance(found.credential, WorkloadIdentity)
    assert found.credential.service_account == "bridge@project.iam.gserviceaccount.com"
    keyed = _source("google", key="file:key.json", customer="my_customer", **{"google-origin": "https://127.0.0.1:1"})
    assert isinstance(keyed.credential, ServiceAccountKey)
    assert (keyed.customer, keyed.endpoint.origin) == ("my_customer", "https://127.0.0.1:1")


@pytest.mark.parametrize(("old_tool", "adopt"), [("", "first-run"), ("ssosync", "takeover")])
def test_what_another_tool_has_left_is_taken_over(old_tool: str, adopt: str) -> None:
    section = source_section("google", ANSWERS["google"])
    text = configuration("corp", section, "mapping.yaml", TARGET | {"from": old_tool})
    policy = load(PATH, text).connection("corp").policy
    assert (policy.adopt, policy.create_inactive) == (adopt, False)
    assert (
        load(PATH, configuration("corp", source_section("csv", ANSWERS["csv"]), "m.yaml", TARGET))
        .connection("corp")
        .policy.create_inactive
    )


def test_starttls_is_written_where_it_was_asked_for() -> None:
    found = _source("ldap", **{"ldap-url": "ldap://dc1.corp.example", "start-tls": "yes"})
    assert (found.tls.start, found.tls.ca_file) == (True, Path("/srv/corp-ca.pem"))
    assert not _source("ldap").tls.start


def test_every_kind_of_source_has_its_questions() -> None:
    assert {kind: {question.name for question in questions} for kind, questions in SOURCES.items()} == {
        kind: set(answers) for kind, answers in ANSWERS.items()
    }


@pytest.mark.parametrize("kind", ANSWERS)
def test_no_line_is_hard_to_read(kind: str) -> None:
    text = configuration("corp", source_section(kind, ANSWERS[kind]), "mapping.yaml", TARGET)
    assert [line for line in text.splitlines() if len(line) > 120] == []


def _is_text(name: str) -> bool:
    try:
        return bool(form.text(name)) and name == name.strip()
    except ValueError:
        return False


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(_is_text))
def test_any_path_that_can_be_answered_can_be_written(name: str) -> None:
    assert _source("csv", users=name).users == Path("/srv") / name
