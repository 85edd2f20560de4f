"""From an OpenLDAP server to Identity Center by the ready mapping, on the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.world import World
from tests.ldap_server import ADMIN, PASSWORD, ROOT, SUFFIX, Slapd, add, group, person, replace, require_slapd

_MAPPING = Path(__file__).parents[2] / "mappings" / "openldap.yaml"


@pytest.fixture
def slapd(world: World) -> Iterator[Slapd]:
    """A server with a boss, somebody else and a group of both, and the configuration that reads it."""
    require_slapd()
    server = Slapd(world.folder / "slapd")
    server.load(ROOT)
    server.start()
    (world.folder / "ldap-password").write_text(f"{PASSWORD}\n")
    world.config.write_text(
        "connections:\n  corp:\n    source:\n      kind: ldap\n"
        f"      urls: [{server.url}]\n"
        f"      bind: {{method: simple, dn: '{ADMIN}', password: file:ldap-password}}\n"
        f"      users: {{base: ['ou=people,{SUFFIX}', 'ou=branch,{SUFFIX}']}}\n"
        f"      groups: {{base: ['ou=groups,{SUFFIX}']}}\n"
        f"    mapping: {_MAPPING}\n"
        f"    target: {{kind: identity-center, url: {world.sandbox.url}, token: {world.sandbox.token}}}\n"
    )
    link = server.admin()
    add(link, person("boss", mail=["boss@corp.example"]))
    add(link, person("sato", mail=["sato@corp.example"], manager=[person("boss")[0]], givenName=["花子"]))
    add(link, group("dev", person("boss")[0], person("sato")[0]))
    yield server
    server.stop()


def held(world: World) -> dict[str, bool]:
    """userName → active on the target."""
    return {user["userName"]: user["active"] for user in world.sandbox.state()["users"]}


def test_people_of_a_directory_are_provisioned_followed_and_shut_out_when_they_leave(
    world: World, slapd: Slapd, cli: Cli
) -> None:
    assert cli("sync").code == 0
    again = cli("sync", "--output", "json")
    assert (again.code, again.json["summary"]["update_user"], again.json["summary"]["create_user"]) == (0, 0, 0)
    link = slapd.admin()
    replace(link, person("sato")[0], title=["Lead"])
    link.delete_s(person("boss")[0])
    changed = cli("sync", "--output", "json", "--approve")
    assert (changed.json["summary"]["update_user"], changed.json["summary"]["deactivate_user"]) == (1, 1), changed.err
    assert held(world) == {"boss@corp.example": False, "sato@corp.example": True}


def test_what_was_decoded_is_explained(world: World, slapd: Slapd, cli: Cli) -> None:
    told = cli("explain", "sato@corp.example")
    assert told.code == 0, told.err
    assert person("boss")[0] in told.out


def test_a_directory_that_is_down_changes_nothing_and_says_so_in_one_sentence(
    world: World, slapd: Slapd, cli: Cli
) -> None:
    assert cli("sync").code == 0
    slapd.stop()
    failed = cli("sync")
    assert failed.code == 1
    assert "could not be reached" in failed.err
    assert "connection refused" in failed.err


def test_one_person_is_pushed_alone(world: World, slapd: Slapd, cli: Cli) -> None:
    assert cli("sync").code == 0
    link = slapd.admin()
    for login in ("boss", "sato"):
        replace(link, person(login)[0], title=["Lead"])
    planned = cli("plan", "--only", "sato@corp.example", "--output", "json")
    assert planned.code == 0, planned.err
    assert [operation["subject"] for operation in planned.json["operations"]] == ["sato@corp.example"]
