"""Where a configured part shows nothing, a probe says what is there instead, and which setting shows it."""

from typing import Any

import pytest

from scim_bridge.config.source import Search
from scim_bridge.model.identity import INSTEAD
from tests.ldap_server import SUFFIX, Entry, Slapd, group, person
from tests.source.ldap.reading import TODAY, source
from tests.source.ldap.test_snapshot import GROUPS, POSIX, load, posix

PEOPLE = f"ou=people,{SUFFIX}"
UNIQUE: Entry = (
    f"cn=u,{GROUPS}",
    {"objectClass": ["groupOfUniqueNames"], "cn": ["u"], "uniqueMember": [person("a")[0]]},
)


def said(server: Slapd, **changes: Any) -> list[str]:
    shown = source(server, **changes).probe(TODAY)
    return [notice.detail for notice in shown.warnings if notice.kind == INSTEAD]


BY_NAME, POSIX_CLASS = "(objectClass=groupOfNames)", "(objectClass=posixGroup)"


@pytest.mark.parametrize(
    ("there", "search", "filter_text", "found", "way_out"),
    [
        (
            [posix("a", 7), posix("b", 8)],
            Search((GROUPS,), "", "member"),
            BY_NAME,
            "are 2 posixGroup entries",
            "groups.member: memberUid",
        ),
        (
            [UNIQUE],
            Search((GROUPS,), "", "member"),
            BY_NAME,
            "is 1 groupOfUniqueNames entry",
            "groups.member: uniqueMember",
        ),
        ([group("g")], POSIX, POSIX_CLASS, "is 1 groupOfNames entry", "groups.member: member"),
        (
            [posix("a", 7)],
            Search((GROUPS,), BY_NAME, "member"),
            BY_NAME,
            "is 1 posixGroup entry",
            f'groups.member: memberUid and groups.filter: "{POSIX_CLASS}"',
        ),
        (
            [group("g")],
            Search((GROUPS,), "(cn=x)", "member"),
            "(cn=x)",
            "is 1 groupOfNames entry",
            f'groups.filter: "{BY_NAME}"',
        ),
    ],
)
def test_groups_of_another_class_are_named(
    slapd: Slapd, there: list[Entry], search: Search, filter_text: str, found: str, way_out: str
) -> None:
    load(slapd, person("a"), *there)
    assert said(slapd, groups=search) == [
        f"no entry fits groups.filter {filter_text} below {GROUPS}; there {found}: set {way_out}"
    ]


def test_members_in_another_attribute_are_named(slapd: Slapd) -> None:
    load(slapd, person("a"), posix("a", 7, "a"), posix("b", 8))
    assert said(slapd, groups=Search((GROUPS,), "(objectClass=posixGroup)", "member")) == [
        f"no group below {GROUPS} has a value of member, but 1 has one of memberUid: set groups.member: memberUid"
    ]


def test_users_of_another_class_are_named(slapd: Slapd) -> None:
    account = {"objectClass": ["account", "posixAccount"], "uid": ["a"], "cn": ["a"], "uidNumber": ["1"]}
    load(slapd, (f"uid=a,{PEOPLE}", {**account, "gidNumber": ["1"], "homeDirectory": ["/"]}))
    (detail,) = said(slapd, users=Search((PEOPLE,), ""), groups=None)
    assert detail == (
        f"no entry fits users.filter (objectClass=inetOrgPerson) below {PEOPLE}; there is 1 posixAccount entry: "
        'set users.filter: "(objectClass=posixAccount)"'
    )


def test_nothing_is_said_where_there_is_something_or_nothing_at_all(slapd: Slapd) -> None:
    load(slapd, person("a"))
    assert said(slapd) == []
    load(slapd, group("g", person("a")[0]))
    assert said(slapd) == []
