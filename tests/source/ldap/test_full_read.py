"""No one is lost who moves or is renamed while the directory is read, whichever way it is read."""

from collections.abc import Callable
from typing import Any

import pytest

from scim_bridge.config.source import Search
from scim_bridge.model.source import Memory, SourceReading
from tests.cutting import CuttingProxy
from tests.ldap_server import ADMIN, SUFFIX, Slapd, add, group, person, replace
from tests.remembering import remembered
from tests.source.ldap.reading import TODAY, Interruption, ids, members, source

BRANCH, PEOPLE = f"ou=branch,{SUFFIX}", f"ou=people,{SUFFIX}"


def read_with(
    server: Slapd, request: str, act: Callable[[], object], memory: Memory | None = None, **changes: Any
) -> SourceReading:
    """Read, while something happens before the first request that speaks of this."""
    interruption = Interruption(request, act)
    with CuttingProxy(server.port, before=interruption) as proxy:
        reader = source(server, urls=(f"ldap://127.0.0.1:{proxy.port}",), **changes)
        reading: SourceReading = reader.read(TODAY, memory)
    assert interruption.happened
    return reading


WAYS = pytest.mark.parametrize(
    ("options", "changes"),
    [({}, {}), ({"sessionlog": None}, {}), ({}, {"reads_changes": False})],
    ids=["changes reported", "no changes reported", "changes none"],
)


@WAYS
def test_who_moves_to_a_base_that_was_read_already_is_there_all_the_same(
    make_slapd: Callable[..., Slapd], options: dict[str, Any], changes: dict[str, Any]
) -> None:
    server = make_slapd(**options)
    link = server.admin()
    for entry in (person("a"), person("b", "branch")):
        add(link, entry)
    reading = read_with(server, BRANCH, lambda: link.rename_s(f"uid=b,{BRANCH}", "uid=b", PEOPLE), **changes)
    assert set(ids(reading.snapshot)) == {"a", "b"}


@WAYS
def test_who_is_renamed_between_the_users_and_the_groups_keeps_the_memberships(
    make_slapd: Callable[..., Slapd], options: dict[str, Any], changes: dict[str, Any]
) -> None:
    server = make_slapd(**options)
    link = server.admin()
    for entry in (person("a"), group("dev", person("a")[0])):
        add(link, entry)

    def rename() -> None:
        link.rename_s(person("a")[0], "uid=z")
        replace(link, group("dev")[0], member=[ADMIN, f"uid=z,{PEOPLE}"])

    reading = read_with(server, f"ou=groups,{SUFFIX}", rename, **changes)
    assert members(reading.snapshot) == {"dev": ({"z"}, set())}


@WAYS
def test_a_unit_that_moves_while_it_is_read_takes_its_people_along(
    make_slapd: Callable[..., Slapd], options: dict[str, Any], changes: dict[str, Any]
) -> None:
    server = make_slapd(**options)
    link = server.admin()
    add(link, (f"ou=tokyo,{BRANCH}", {"objectClass": ["organizationalUnit"], "ou": ["tokyo"]}))
    add(link, (f"uid=b,ou=tokyo,{BRANCH}", person("b")[1]))
    reading = read_with(server, BRANCH, lambda: link.rename_s(f"ou=tokyo,{BRANCH}", "ou=tokyo", PEOPLE), **changes)
    (record,) = reading.snapshot.users
    assert record.place == f"uid=b,ou=tokyo,{PEOPLE}"


def test_who_joins_while_everything_is_read_comes_with_it(slapd: Slapd) -> None:
    link = slapd.admin()
    reading = read_with(slapd, BRANCH, lambda: add(link, person("late")))
    assert set(ids(reading.snapshot)) == {"late"}


def test_who_moves_while_changes_are_learned_is_not_taken_for_gone(slapd: Slapd) -> None:
    link = slapd.admin()
    for entry in (person("a"), person("b", "branch")):
        add(link, entry)
    memory = remembered(None, source(slapd).read(TODAY))
    reading = read_with(slapd, BRANCH, lambda: link.rename_s(f"uid=b,{BRANCH}", "uid=b", PEOPLE), memory)
    assert reading.learned is not None
    assert not reading.learned.is_whole
    assert set(ids(reading.snapshot)) == {"a", "b"}
    assert set(ids(source(slapd).read(TODAY, remembered(memory, reading)).snapshot)) == {"a", "b"}


def test_who_leaves_while_everything_is_read_is_gone_with_the_next_reading(make_slapd: Callable[..., Slapd]) -> None:
    server = make_slapd(sessionlog=None)
    link = server.admin()
    for entry in (person("a"), person("b")):
        add(link, entry)
    memory = remembered(None, read_with(server, BRANCH, lambda: link.delete_s(person("b")[0])))
    assert set(ids(source(server).read(TODAY, memory).snapshot)) == {"a"}


def test_a_unit_that_is_also_a_team_is_followed_as_both(slapd: Slapd) -> None:
    link = slapd.admin()
    for login in "ab":
        add(link, person(login))
    team, (a, b) = f"ou=team,ou=groups,{SUFFIX}", (person(login)[0] for login in "ab")
    classes = ["organizationalUnit", "extensibleObject"]
    add(link, (team, {"objectClass": classes, "ou": ["team"], "cn": ["team"], "member": [a, b]}))
    search = Search((f"ou=groups,{SUFFIX}",), "(&(objectClass=organizationalUnit)(member=*))", "member")
    reader = source(slapd, groups=search)
    memory = remembered(None, reader.read(TODAY))
    replace(link, team, member=[a])
    reading = reader.read(TODAY, memory)
    assert (members(reading.snapshot), reading.learned.is_whole) == ({"team": ({"a"}, set())}, False)
    memory = remembered(memory, reading)
    replace(link, team, member=[])
    assert reader.read(TODAY, memory).snapshot.groups == ()
