"""Single records, looked at again: they and the groups around them are shown as they are now."""

from collections.abc import Callable

import pytest

from scim_bridge.model.identity import Kind, Snapshot
from scim_bridge.model.source import Wanted
from tests.applying import asked
from tests.cutting import CuttingProxy
from tests.ldap_server import SUFFIX, Slapd, add, person, replace
from tests.remembering import remembered
from tests.source.ldap.reading import (
    POSIX,
    TODAY,
    Follower,
    Interruption,
    account,
    first,
    following,
    ids,
    load,
    members,
    posix,
    source,
)

BRANCH, PEOPLE = f"ou=branch,{SUFFIX}", f"ou=people,{SUFFIX}"


def asks(follower: Follower, *wanted: tuple[Kind, str]) -> Snapshot:
    """What the last reading showed, with these as they are now."""
    return asked(follower.source, follower.memory, follower.applying.shown.snapshot, wanted)


def test_looking_at_one_record_leaves_the_others_as_remembered(slapd: Slapd) -> None:
    link = slapd.admin()
    for login in "abc":
        add(link, person(login))
    follower = following(slapd)
    assert follower.memory is not None
    known = ids(follower.source.read(TODAY).snapshot)
    for login in "abc":
        replace(link, person(login)[0], title=["Lead"])
    link.delete_s(person("c")[0])
    shown = asks(follower, ("user", known["a"]), ("user", known["c"]))
    titles = {first(r.attributes["uid"]): r.attributes.get("title") for r in shown.users}
    assert titles == {"a": ["Lead"], "b": None}
    follower.follows()


@pytest.mark.parametrize("stranger", ["1207", "a)(uid=*", "(", "\udcff", ""])
def test_an_id_of_another_kind_of_source_is_there_for_nobody(make_slapd: Callable[..., Slapd], stranger: str) -> None:
    server = make_slapd(log=True)
    add(server.admin(), person("a"))
    follower = following(server)
    before = server.searches()
    assert set(ids(asks(follower, ("user", stranger), ("group", stranger)))) == {"a"}
    assert server.searches() == before


def test_an_id_that_is_no_text_is_there_for_nobody(slapd: Slapd) -> None:
    add(slapd.admin(), person("a", employeeNumber=["1"]))
    follower = following(slapd, Wanted("employeeNumber", frozenset({"uid", "employeeNumber"})))
    assert set(ids(asks(follower, ("user", "\udcff")))) == {"a"}


def test_a_record_may_be_looked_at_by_another_id_and_found_where_it_is_new(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, person("a", employeeNumber=["1"]))
    wanted = Wanted("employeeNumber", frozenset({"uid", "employeeNumber", "title"}))
    follower = following(slapd, wanted)
    assert follower.memory is not None
    replace(link, person("a")[0], title=["Lead"])
    add(link, person("b", employeeNumber=["2*"]))
    shown = asks(follower, ("user", "1"), ("user", "2*"), ("user", "3"))
    assert {r.id: r.attributes.get("title") for r in shown.users} == {"1": ["Lead"], "2*": None}


@pytest.mark.parametrize("kind", ["user", "group"])
def test_a_look_at_one_record_finds_its_primary_members_as_they_are_now(slapd: Slapd, kind: Kind) -> None:
    load(slapd, account("a", 7), posix("dev", 7), posix("ops", 6))
    follower, link = Follower(source(slapd, groups=POSIX)), slapd.admin()
    whole = follower.source.read(TODAY).snapshot
    groups: list[tuple[Kind, str]] = [("group", record.id) for record in whole.groups]
    wanted: list[tuple[Kind, str]] = [("user", whole.users[0].id)] if kind == "user" else groups
    replace(link, posix("ops", 6)[0], gidNumber=["8"])
    replace(link, person("a")[0], gidNumber=["8"])
    looked = asks(follower, *wanted)
    assert members(looked) == {"ops": ({"a"}, set())}
    link.delete_s(person("a")[0])
    looked = asks(follower, *wanted)
    assert looked.members == {}


@pytest.mark.parametrize("kind", ["user", "group"])
def test_a_look_at_one_record_sees_whom_a_reference_may_mean_by_now(slapd: Slapd, kind: Kind) -> None:
    load(slapd, person("a"), posix("dev", 7))
    follower = Follower(source(slapd, groups=POSIX))
    assert follower.memory is not None
    record = follower.source.read(TODAY).snapshot
    wanted = record.users[0].id if kind == "user" else record.groups[0].id
    replace(slapd.admin(), posix("dev", 7)[0], memberUid=["a"])
    looked = asks(follower, (kind, wanted))
    assert members(looked) == {"dev": ({"a"}, set())}
    load(slapd, person("a", "branch"))
    looked = asks(follower, (kind, wanted))
    assert (looked.members, [doubt.reference for doubt in looked.ambiguous]) == ({}, ["a"])
    follower.read()
    slapd.admin().delete_s(person("a", "branch")[0])
    looked = asks(follower, (kind, wanted))
    assert (members(looked), looked.ambiguous) == ({"dev": ({"a"}, set())}, ())


def test_who_moves_while_looked_at_is_not_taken_for_gone(slapd: Slapd) -> None:
    link = slapd.admin()
    add(link, person("b", "branch"))
    memory = remembered(None, source(slapd).read(TODAY))
    (anchor,) = ids(source(slapd).read(TODAY).snapshot).values()
    act = Interruption(BRANCH, lambda: link.rename_s(f"uid=b,{BRANCH}", "uid=b", PEOPLE))
    with CuttingProxy(slapd.port, before=act) as proxy:
        reader = source(slapd, urls=(f"ldap://127.0.0.1:{proxy.port}",))
        shown = asked(reader, memory, Snapshot((), (), {}), [("user", anchor)])
    assert act.happened
    assert [record.place for record in shown.users] == [f"uid=b,{PEOPLE}"]
