"""Members of OpenLDAP groups: by name, by name with a bit string, by uid; nested ones; those who are no one.

References that fit several are in test_ambiguous.py, primary groups in test_posix.py.
"""

from collections.abc import Callable

import pytest

from scim_bridge.config.source import Search
from scim_bridge.errors import Misconfigured
from tests.ldap_server import SUFFIX, Slapd, add, group, person
from tests.source.ldap.reading import members, read

GROUPS = f"ou=groups,{SUFFIX}"


def test_a_group_within_a_group_is_passed_on_as_it_is(slapd: Slapd) -> None:
    link = slapd.admin()
    for entry in (person("a"), group("inner", person("a")[0]), group("outer", group("inner")[0])):
        add(link, entry)
    assert members(read(slapd)) == {"inner": ({"a"}, set()), "outer": (set(), {"inner"})}


def test_members_are_found_whatever_the_spelling_of_their_name(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, (f"cn=Sato\\, Hana+uid=h,ou=people,{SUFFIX}", {**person("h")[1], "cn": ["Sato, Hana"]}))
    add(link, group("dev", f"UID=H+CN=sato\\2C  hana,OU=People,{SUFFIX.upper()}"))
    assert members(read(slapd)) == {"dev": ({"h"}, set())}


def test_a_member_who_is_nobody_that_is_read_is_dropped_and_noted(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, person("a"))
    add(link, group("dev", person("a")[0], f"uid=gone,ou=people,{SUFFIX}", f"ou=branch,{SUFFIX}"))
    shown = read(slapd)
    assert members(shown) == {"dev": ({"a"}, set())}
    assert sorted((n.kind, n.subject.partition(",")[0]) for n in shown.warnings) == [
        ("unknown_member", "cn=admin"),
        ("unknown_member", "ou=branch"),
        ("unknown_member", "uid=gone"),
    ]
    assert f"cn=dev,{GROUPS}" in shown.warnings[0].detail


def test_a_group_of_unique_names_may_have_bit_strings_behind_its_members(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, person("a"))
    add(link, person("b"))
    names = [f"{person('a')[0]}#'0101'B", person("b")[0]]
    entry = {"objectClass": ["groupOfUniqueNames"], "cn": ["dev"], "uniqueMember": names}
    add(link, (f"cn=dev,{GROUPS}", entry))
    search = Search((GROUPS,), "(objectClass=groupOfUniqueNames)", "uniqueMember")
    assert members(read(slapd, groups=search)) == {"dev": ({"a", "b"}, set())}


def test_a_posix_group_names_its_members_by_uid(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, person("a"))
    entry = {"objectClass": ["posixGroup"], "cn": ["dev"], "gidNumber": ["7"], "memberUid": ["a", "gone"]}
    add(link, (f"cn=dev,{GROUPS}", entry))
    shown = read(slapd, groups=Search((GROUPS,), "(objectClass=posixGroup)", "memberUid"))
    assert members(shown) == {"dev": ({"a"}, set())}
    assert [notice.subject for notice in shown.warnings] == ["gone"]


@pytest.mark.parametrize(
    ("classes", "member"),
    [(["groupOfNames"], "member"), (["groupOfUniqueNames"], "uniqueMember"), (["posixGroup"], "memberUid")],
)
def test_without_a_filter_the_attribute_of_members_says_what_groups_are(
    slapd: Slapd, classes: list[str], member: str
) -> None:
    link = slapd.admin()
    add(link, person("a"))
    number = {"gidNumber": ["7"]} if member == "memberUid" else {}
    named = "a" if member == "memberUid" else person("a")[0]
    add(link, (f"cn=dev,{GROUPS}", {"objectClass": classes, "cn": ["dev"], member: [named], **number}))
    assert members(read(slapd, groups=Search((GROUPS,), "", member))) == {"dev": ({"a"}, set())}


def test_an_unusual_attribute_of_members_needs_a_filter(slapd: Slapd) -> None:
    with pytest.raises(Misconfigured, match=r"source\.groups has no filter, and none is usual where roleOccupant"):
        read(slapd, groups=Search((GROUPS,), "", "roleOccupant"))


def test_an_attribute_of_members_that_the_server_does_not_know_is_said(slapd: Slapd) -> None:
    with pytest.raises(Misconfigured, match=r"groups\.member is memberz"):
        read(slapd, groups=Search((GROUPS,), "(objectClass=groupOfNames)", "memberz"))


def test_a_group_with_thousands_of_members_is_read_whole(make_slapd: Callable[..., Slapd]) -> None:
    server = make_slapd()
    server.stop()
    people = [person(f"u{number}") for number in range(2_000)]
    server.load([*people, group("all", *(dn for dn, _ in people))])
    server.start()
    assert len(members(read(server))["all"][0]) == 2_000
