"""Who is in which group: by name, by uid, by primary group; and references that fit no one, or several."""

import pytest

from tests.source.ldap.reading import POSIX, UNIT, account, load, of_people, posix

pytest.importorskip("ldap", reason="python-ldap is not installed (make system-packages, then make setup)")

from collections.abc import Callable
from dataclasses import replace as but

import pytest

from scim_bridge.config.source import Flavor, Search
from scim_bridge.model.identity import Snapshot
from scim_bridge.model.source import Wanted
from scim_bridge.source.ldap import memory
from scim_bridge.source.ldap.layout import Layout, Selection
from scim_bridge.source.ldap.memory import key, write
from scim_bridge.source.ldap.schema import parse
from scim_bridge.source.ldap.snapshot import snapshot
from tests.ldap_server import SUFFIX, Slapd, add, group, person, replace
from tests.source.ldap.reading import TODAY, USERS, Follower, ids, members, read, source


def dns(shown: Snapshot) -> dict[str, str]:
    return {record.id: record.place.partition(",ou=groups")[0].partition(f",{SUFFIX}")[0] for record in shown.users}


def test_a_uid_that_two_users_share_makes_nobody_a_member_and_is_no_unknown_one(slapd: Slapd) -> None:
    load(slapd, person("a"), person("a", "branch"), person("b"), posix("dev", 7, "a", "b"), posix("ops", 8, "a"))
    shown = read(slapd, groups=POSIX)
    assert members(shown) == {"dev": ({"b"}, set())}
    assert shown.warnings == ()
    (doubt,) = shown.ambiguous
    assert {dns(shown)[user] for user in doubt.users} == {"uid=a,ou=people", "uid=a,ou=branch"}
    assert len(doubt.groups) == doubt.count == 2
    assert doubt.detail == (
        f"memberUid 'a' of cn=dev,{UNIT}; cn=ops,{UNIT} fits 2 users: "
        f"uid=a,ou=branch,{SUFFIX}; uid=a,ou=people,{SUFFIX}"
    )
    assert shown.counts.memberships == 3


def test_a_uid_may_be_written_in_another_case_and_be_one_of_several_of_a_user(slapd: Slapd) -> None:
    load(slapd, person("a", uid=["a", "Ann"]), person("b", uid=["b", "ann"]), posix("dev", 7, "ANN"))
    assert [doubt.reference for doubt in read(slapd, groups=POSIX).ambiguous] == ["ann"]


def test_a_uid_twice_within_one_entry_is_one_user(slapd: Slapd) -> None:
    load(slapd, person("a", uid=["a", "ann"]), posix("dev", 7, "a", "ann"))
    shown = read(slapd, groups=POSIX)
    assert (members(shown), shown.ambiguous) == ({"dev": ({"a"}, set())}, ())


def test_the_changes_bring_a_doubt_and_take_it_away(slapd: Slapd) -> None:
    load(slapd, person("a"), posix("dev", 7, "a"))
    follower = Follower(source(slapd, groups=POSIX))
    load(slapd, person("a", "branch"))
    shown = follower.follows().snapshot
    assert (shown.members, [doubt.reference for doubt in shown.ambiguous]) == ({}, ["a"])
    replace(slapd.admin(), person("a", "branch")[0], uid=["a", "a2"])
    assert follower.follows().snapshot.ambiguous
    slapd.admin().delete_s(person("a", "branch")[0])
    shown = follower.follows().snapshot
    assert (members(shown), shown.ambiguous) == ({"dev": ({"a"}, set())}, ())


SCHEMA = parse(
    [
        b"( 0.9.2342.19200300.100.1.1 NAME 'uid' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
        b"( 2.5.4.31 NAME 'member' SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )",
        b"( 0.9.2342.19200300.100.1.10 NAME 'manager' SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )",
    ]
)


def test_two_entries_whose_names_are_the_same_for_a_third_spelling_are_both_meant() -> None:
    def selected(kind: str) -> Selection:
        return Selection(
            kind=kind,  # type: ignore[arg-type]
            bases=("o=x",),
            filter="",
            asked=(),
            id="id",
            spelled={"manager": ("manager",)},
            is_all=False,
        )

    layout = Layout(
        flavor="openldap",
        schema=SCHEMA,
        users=selected("user"),
        groups=selected("group"),
        member="member",
        joins_uid=False,
        has_primary=False,
        unreported="",
    )
    wide, narrow, third = "uid=\uff41,o=x", "uid=a,o=x", "uid=A,o=x"
    entries = {
        key("user", "1"): write(wide, {"uid": ["\uff41"]}),
        key("user", "2"): write(narrow, {"uid": ["a"]}),
        key("user", "3"): write("uid=c,o=x", {"manager": [third]}),
        key("group", "4"): write("cn=dev,o=x", {"member": [wide, third]}),
    }
    shown = snapshot(entries, layout, TODAY)
    assert shown.members == {"4": (("1",), ())}
    assert [(doubt.reference, set(doubt.users)) for doubt in shown.ambiguous] == [(third, {"1", "2"})]
    assert shown.users[2].ambiguous == {"manager": f"its manager may be any of 2 users: {narrow}; {wide}"}


def test_a_member_whose_record_has_no_id_is_no_unknown_one(slapd: Slapd) -> None:
    load(slapd, person("a"), person("b", employeeNumber=["1"]), group("dev", person("a")[0], person("b")[0]))
    wanted = Wanted("employeeNumber", USERS.names | {"employeeNumber"})
    shown = read(slapd, user=wanted)
    assert {users for users, _ in shown.members.values()} == {("1",)}
    assert [notice.subject.partition(",")[0] for notice in shown.warnings] == ["cn=admin"]
    assert ids(shown)["a"] == ""


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
    assert f"cn=dev,{UNIT}" in shown.warnings[0].detail


def test_a_group_of_unique_names_may_have_bit_strings_behind_its_members(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, person("a"))
    add(link, person("b"))
    names = [f"{person('a')[0]}#'0101'B", person("b")[0]]
    entry = {"objectClass": ["groupOfUniqueNames"], "cn": ["dev"], "uniqueMember": names}
    add(link, (f"cn=dev,{UNIT}", entry))
    search = Search((UNIT,), "(objectClass=groupOfUniqueNames)", "uniqueMember")
    assert members(read(slapd, groups=search)) == {"dev": ({"a", "b"}, set())}


def test_a_posix_group_names_its_members_by_uid(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, person("a"))
    entry = {"objectClass": ["posixGroup"], "cn": ["dev"], "gidNumber": ["7"], "memberUid": ["a", "gone"]}
    add(link, (f"cn=dev,{UNIT}", entry))
    shown = read(slapd, groups=Search((UNIT,), "(objectClass=posixGroup)", "memberUid"))
    assert members(shown) == {"dev": ({"a"}, set())}
    assert [notice.subject for notice in shown.warnings] == ["gone"]


def test_a_group_with_thousands_of_members_is_read_whole(make_slapd: Callable[..., Slapd]) -> None:
    server = make_slapd()
    server.stop()
    people = [person(f"u{number}") for number in range(2_000)]
    server.load([*people, group("all", *(dn for dn, _ in people))])
    server.start()
    assert len(members(read(server))["all"][0]) == 2_000


def test_a_user_is_a_member_of_the_group_with_the_users_number(slapd: Slapd) -> None:
    load(slapd, account("a", 7), account("b", 8), account("c", 9), posix("dev", 7, "b"), posix("ops", 8))
    assert members(read(slapd, groups=POSIX)) == {"dev": ({"a", "b"}, set()), "ops": ({"b"}, set())}


@pytest.mark.parametrize(
    ("search", "counts"),
    [
        (POSIX, True),
        (but(POSIX, primary=True), True),
        (but(POSIX, primary=False), False),
        (Search((UNIT,), "(& (ObjectClass = PosixGroup)(cn=*))".replace(" = ", "="), "member"), True),
        (Search((UNIT,), "(gidNumber=*)", "member"), False),
        (Search((UNIT,), "(gidNumber=*)", "member", primary=True), True),
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
    assert doubt.detail == f"gidNumber 7, which users have, fits 2 groups: cn=dev,{UNIT}; cn=ops,{UNIT}"


def test_a_changed_number_of_a_user_or_of_a_group_moves_memberships(slapd: Slapd) -> None:
    load(slapd, account("a", 7), account("b", 7), posix("dev", 7), posix("ops", 8))
    follower, link = Follower(source(slapd, groups=POSIX)), slapd.admin()
    replace(link, person("a")[0], gidNumber=["8"])
    assert members(follower.follows().snapshot) == {"dev": ({"b"}, set()), "ops": ({"a"}, set())}
    replace(link, posix("dev", 7)[0], gidNumber=["9"])
    assert members(follower.follows().snapshot) == {"ops": ({"a"}, set())}
    replace(link, posix("ops", 8)[0], gidNumber=["7"])
    assert members(follower.follows().snapshot) == {"ops": ({"b"}, set())}


@pytest.mark.parametrize("flavor", ["openldap", "active-directory"])
def test_members_by_uid_are_found_whatever_the_flavor(flavor: Flavor) -> None:
    text = b"SYNTAX '1.3.6.1.4.1.1466.115.121.1.26' )"
    there = of_people(
        *(b"( 1.2.%d NAME '%s' %s" % (number, name, text) for number, name in enumerate([b"uid", b"memberUid", b"cn"])),
        names=frozenset({"uid"}),
        flavor=flavor,
        groups=Search(("dc=x",), "", "memberUid"),
    )
    entries = {
        "user 1": memory.write("cn=a,dc=x", {"uid": ["a"]}),
        "group 2": memory.write("cn=dev,dc=x", {"memberUid": ["A"]}),
    }
    assert snapshot(entries, there, TODAY).members == {"2": (("1",), ())}
