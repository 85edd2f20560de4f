"""A user's primary group, by gidNumber: the user is a member of it, whether or not the group says so."""

from dataclasses import replace as but

import pytest

from scim_bridge.config.source import Search
from scim_bridge.model.identity import Kind
from tests.ldap_server import Entry, Slapd, person, replace
from tests.source.ldap.reading import TODAY, Follower, members, read, source
from tests.source.ldap.test_snapshot import GROUPS, POSIX, load, posix

BY_NAME = Search((GROUPS,), "(objectClass=groupOfNames)", "member")


def account(login: str, number: int, unit: str = "people") -> Entry:
    """A user whose primary group has this number."""
    dn, attributes = person(login, unit)
    return dn, {
        **attributes,
        "objectClass": ["inetOrgPerson", "posixAccount"],
        "uidNumber": ["1"],
        "gidNumber": [str(number)],
        "homeDirectory": ["/"],
    }


def test_a_user_is_a_member_of_the_group_with_the_users_number(slapd: Slapd) -> None:
    load(slapd, account("a", 7), account("b", 8), account("c", 9), posix("dev", 7, "b"), posix("ops", 8))
    assert members(read(slapd, groups=POSIX)) == {"dev": ({"a", "b"}, set()), "ops": ({"b"}, set())}


@pytest.mark.parametrize(
    ("search", "counts"),
    [
        (POSIX, True),
        (but(POSIX, primary=True), True),
        (but(POSIX, primary=False), False),
        (Search((GROUPS,), "(& (ObjectClass = PosixGroup)(cn=*))".replace(" = ", "="), "member"), True),
        (Search((GROUPS,), "(gidNumber=*)", "member"), False),
        (Search((GROUPS,), "(gidNumber=*)", "member", primary=True), True),
    ],
)
def test_primary_groups_count_where_posix_groups_are_read_or_as_configured(
    slapd: Slapd, search: Search, counts: bool
) -> None:
    load(slapd, account("a", 7), posix("dev", 7))
    assert members(read(slapd, groups=search)) == ({"dev": ({"a"}, set())} if counts else {})


def test_a_number_that_two_groups_have_leaves_open_which_is_meant(slapd: Slapd) -> None:
    load(slapd, account("a", 7), account("b", 7), posix("dev", 7, "b"), posix("ops", 7))
    shown = read(slapd, groups=POSIX)
    assert members(shown) == {"dev": ({"b"}, set())}
    (doubt,) = shown.ambiguous
    assert (len(doubt.groups), len(doubt.users), doubt.count) == (2, 2, 2)
    assert doubt.detail == f"gidNumber 7, which users have, fits 2 groups: cn=dev,{GROUPS}; cn=ops,{GROUPS}"


def test_a_changed_number_of_a_user_or_of_a_group_moves_memberships(slapd: Slapd) -> None:
    load(slapd, account("a", 7), account("b", 7), posix("dev", 7), posix("ops", 8))
    follower, link = Follower(source(slapd, groups=POSIX)), slapd.admin()
    replace(link, person("a")[0], gidNumber=["8"])
    assert members(follower.follows().snapshot) == {"dev": ({"b"}, set()), "ops": ({"a"}, set())}
    replace(link, posix("dev", 7)[0], gidNumber=["9"])
    assert members(follower.follows().snapshot) == {"ops": ({"a"}, set())}
    replace(link, posix("ops", 8)[0], gidNumber=["7"])
    assert members(follower.follows().snapshot) == {"ops": ({"b"}, set())}


@pytest.mark.parametrize("kind", ["user", "group"])
def test_a_look_at_one_record_finds_its_primary_members_as_they_are_now(slapd: Slapd, kind: Kind) -> None:
    load(slapd, account("a", 7), posix("dev", 7), posix("ops", 6))
    follower, link = Follower(source(slapd, groups=POSIX)), slapd.admin()
    whole = follower.source.read(TODAY).snapshot
    groups = [("group", record.id) for record in whole.groups]
    wanted = [("user", whole.users[0].id)] if kind == "user" else groups
    replace(link, posix("ops", 6)[0], gidNumber=["8"])
    replace(link, person("a")[0], gidNumber=["8"])
    looked = follower.source.look(TODAY, follower.memory, wanted).snapshot  # type: ignore[arg-type]
    assert members(looked) == {"ops": ({"a"}, set())}
    link.delete_s(person("a")[0])
    looked = follower.source.look(TODAY, follower.memory, wanted).snapshot  # type: ignore[arg-type]
    assert looked.members == {}
