"""A reference that fits several people, from the directory to the exit code: no one gains or loses by it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.test_ldap import MAPPING
from tests.e2e.world import ENTERPRISE, People, World
from tests.ldap_server import ADMIN, PASSWORD, ROOT, SUFFIX, Entry, Slapd, add, person, replace, require_slapd


def employee(login: str, unit: str = "people", **attributes: list[str]) -> Entry:
    return person(login, unit, givenName=[login], mail=[f"{login}.{unit}@corp.example"], **attributes)


STAFF = f"cn=staff,ou=groups,{SUFFIX}"


@pytest.fixture
def slapd(world: World, tmp_path: Path) -> Iterator[Slapd]:
    """Ann and bob, who are staff by their uids, and the configuration that reads them."""
    require_slapd()
    server = Slapd(tmp_path / "slapd")
    staff = {"objectClass": ["posixGroup"], "cn": ["staff"], "gidNumber": ["500"], "memberUid": ["ann", "bob"]}
    server.load([*ROOT, employee("ann"), employee("bob"), (STAFF, staff)])
    server.start()
    shutil.copy(MAPPING, world.folder)
    (world.folder / "password").write_text(PASSWORD)
    world.config.write_text(
        f"""connections:
  corp:
    source:
      kind: ldap
      urls: ["{server.url}"]
      bind: {{method: simple, dn: "{ADMIN}", password: file:password}}
      users: {{base: ["ou=people,{SUFFIX}", "ou=branch,{SUFFIX}"]}}
      groups: {{base: ["ou=groups,{SUFFIX}"], member: memberUid}}
    mapping: openldap.yaml
    target: {{kind: identity-center, url: {world.sandbox.url}, token: {world.sandbox.token}}}
    policy: {{limits: {{remove_members: 100%}}}}
""",
        encoding="utf-8",
    )
    yield server
    server.stop()


def staff(world: World) -> set[str]:
    held = world.held()
    names = {key: user["userName"] for key, user in held["users"].items()}
    return {names[key] for _, members in held["groups"].values() for key in members}


BOTH = {"ann.people@corp.example", "bob.people@corp.example"}


def test_who_was_a_member_stays_one_until_it_is_clear_who_is_meant(world: World, cli: Cli, slapd: Slapd) -> None:
    assert cli("sync").code == 0
    add(slapd.admin(), employee("ann", "branch"))
    said = cli("sync")
    assert said.code == 5, said.err
    assert staff(world) == BOTH
    (waiting,) = cli("conflicts", "--output", "json").json
    assert waiting["kind"] == "ambiguous_member"
    for unit in ("people", "branch"):
        assert f"uid=ann,ou={unit},{SUFFIX}" in waiting["detail"]
        explained = " ".join(cli("explain", f"ann.{unit}@corp.example").out.split())
        assert "ambiguous_member: memberUid 'ann' of" in explained
    assert "ambiguous_member" in cli("explain", "staff").out
    replace(slapd.admin(), STAFF, memberUid=["ann"])  # bob leaves the group, which is clear
    assert cli("sync").code == 5
    assert staff(world) == {"ann.people@corp.example"}
    slapd.admin().delete_s(employee("ann", "branch")[0])
    assert cli("sync").code == 0
    assert cli("conflicts", "--output", "json").json == []
    assert staff(world) == {"ann.people@corp.example"}


@pytest.mark.parametrize("who", ["ann.people@corp.example", "staff"])
def test_one_at_once_neither_gains_nor_loses_by_it(world: World, cli: Cli, slapd: Slapd, who: str) -> None:
    replace(slapd.admin(), STAFF, memberUid=["bob"])
    assert cli("sync").code == 0
    replace(slapd.admin(), STAFF, memberUid=["ann", "bob"])
    add(slapd.admin(), employee("ann", "branch"))
    said = cli("sync", "--only", who)
    assert said.code == 5, said.out
    assert "ambiguous_member" in said.out
    assert staff(world) == {"bob.people@corp.example"}
    slapd.admin().delete_s(employee("ann", "branch")[0])
    assert cli("sync", "--only", who).code == 0
    assert staff(world) == BOTH


def test_what_was_decided_to_be_left_so_is_left_so(world: World, cli: Cli, slapd: Slapd) -> None:
    assert cli("sync").code == 0
    add(slapd.admin(), employee("ann", "branch"))
    assert cli("sync").code == 5
    assert cli("conflicts", "resolve", "ambiguous_member", "--ignore").code == 0
    assert cli("sync").code == 0
    assert staff(world) == BOTH


def test_rows_that_share_an_id_keep_members_and_managers_as_they_are(world: World, cli: Cli) -> None:
    people = People().add("boss").add("a", manager="boss").group("g", "dev", "boss", "a")
    world.write(people)
    assert cli("sync").code == 0
    people.users["again"] = people.users["boss"] | {"given": "Another"}
    world.write(people)
    said = cli("sync")
    assert said.code == 5
    assert "id 'boss' is in several rows" in " ".join(said.out.split())
    held = world.held()
    assert held["groups"]["g"] == ("dev", {"boss", "a"})
    assert held["users"]["a"][ENTERPRISE]["manager"]["value"] == held["users"]["boss"]["id"]
