"""A reference that fits several records: no one is a member by it, no one is unknown, and it is said who it may be."""

import pytest

from scim_bridge.config.source import Search
from scim_bridge.model.identity import Snapshot
from scim_bridge.model.source import Wanted
from scim_bridge.source.ldap.entry import key, write
from scim_bridge.source.ldap.layout import Layout, Selection
from scim_bridge.source.ldap.schema import parse
from scim_bridge.source.ldap.snapshot import snapshot
from tests.ldap_server import SUFFIX, Entry, Slapd, add, group, person, replace
from tests.source.ldap.reading import TODAY, USERS, Follower, ids, members, read, source

GROUPS = f"ou=groups,{SUFFIX}"
POSIX = Search((GROUPS,), "", "memberUid")


def posix(name: str, number: int, *uids: str) -> Entry:
    """A posixGroup that lists these uids."""
    return f"cn={name},{GROUPS}", {
        "objectClass": ["posixGroup"],
        "cn": [name],
        "gidNumber": [str(number)],
        "memberUid": uids,
    }


def load(server: Slapd, *entries: Entry) -> None:
    link = server.admin()
    for entry in entries:
        add(link, entry)


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
        f"memberUid 'a' of cn=dev,{GROUPS}; cn=ops,{GROUPS} fits 2 users: "
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


def test_a_manager_who_may_be_any_of_several_is_readable_for_no_rule(slapd: Slapd) -> None:
    bosses = [person("b")[0], person("c")[0]]
    load(slapd, person("b"), person("c"), person("a", manager=bosses), person("d", manager=[bosses[0], "cn=gone,o=x"]))
    shown = {record.attributes["uid"][0]: record for record in read(slapd).users}  # type: ignore[index]
    assert shown["a"].ambiguous == {
        "manager": f"its manager may be any of 2 users: uid=b,ou=people,{SUFFIX}; uid=c,ou=people,{SUFFIX}"
    }
    assert shown["a"].raw["manager"] == "; ".join(bosses)
    assert (shown["d"].attributes["manager"], shown["d"].ambiguous) == (shown["b"].id, {})


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


@pytest.mark.parametrize("kind", ["user", "group"])
def test_a_look_at_one_record_sees_whom_a_reference_may_mean_by_now(slapd: Slapd, kind: str) -> None:
    load(slapd, person("a"), posix("dev", 7))
    follower = Follower(source(slapd, groups=POSIX))
    assert follower.memory is not None
    record = follower.source.read(TODAY).snapshot
    wanted = record.users[0].id if kind == "user" else record.groups[0].id
    replace(slapd.admin(), posix("dev", 7)[0], memberUid=["a"])
    looked = follower.source.look(TODAY, follower.memory, [(kind, wanted)]).snapshot  # type: ignore[list-item]
    assert members(looked) == {"dev": ({"a"}, set())}
    load(slapd, person("a", "branch"))
    looked = follower.source.look(TODAY, follower.memory, [(kind, wanted)]).snapshot  # type: ignore[list-item]
    assert (looked.members, [doubt.reference for doubt in looked.ambiguous]) == ({}, ["a"])
    follower.read()
    slapd.admin().delete_s(person("a", "branch")[0])
    looked = follower.source.look(TODAY, follower.memory, [(kind, wanted)]).snapshot  # type: ignore[list-item]
    assert (members(looked), looked.ambiguous) == ({"dev": ({"a"}, set())}, ())


SCHEMA = parse(
    [
        b"( 0.9.2342.19200300.100.1.1 NAME 'uid' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
        b"( 2.5.4.31 NAME 'member' SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )",
        b"( 0.9.2342.19200300.100.1.10 NAME 'manager' SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )",
    ]
)


def test_two_entries_whose_names_are_the_same_for_a_third_spelling_are_both_meant() -> None:
    def selected(kind: str) -> Selection:
        return Selection(kind, ("o=x",), "", (), "id", {"manager": ("manager",)}, is_all=False)  # type: ignore[arg-type]

    layout = Layout("openldap", SCHEMA, selected("user"), selected("group"), "member", False, False, "")  # noqa: FBT003
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
