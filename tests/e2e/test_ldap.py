"""An OpenLDAP directory through the command line: a real slapd on one side, emulated Identity Center on the other."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.cutting import CuttingProxy
from tests.e2e.conftest import Cli
from tests.e2e.world import World
from tests.e2e.world import person as made_by_hand
from tests.ldap_server import ADMIN, PASSWORD, ROOT, SUFFIX, Slapd, add, person, replace, require_slapd
from tests.organization import Organization, organization
from tests.places import OpenLdap
from tests.state_on_server import lose_state

IDLE = 4
"""Searches of an idle run: one for each of the three bases, and whether the schema has changed."""
PEOPLE = "(objectClass=inetOrgPerson)"
"""The filter by which everyone is read; who has changed is asked for by others."""
MAPPING = Path(__file__).parents[2] / "mappings" / "openldap.yaml"


@pytest.fixture
def slapd(tmp_path: Path) -> Iterator[Slapd]:
    require_slapd()
    server = Slapd(tmp_path / "slapd", log=True)
    server.load(ROOT)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def directory(world: World, slapd: Slapd) -> OpenLdap:
    """An organization in slapd, and the configuration that reads it."""
    shutil.copy(MAPPING, world.folder)
    (world.folder / "password").write_text(PASSWORD)
    point_to(world, slapd.url)
    made = OpenLdap(slapd)
    made.become(organization(30, 8))
    return made


def point_to(world: World, url: str) -> None:
    """Write bridge.yaml for a directory at this URL."""
    bases = f'["ou=people,{SUFFIX}", "ou=branch,{SUFFIX}"]'
    world.config.write_text(
        "connections:\n  corp:\n"
        f'    source:\n      kind: ldap\n      urls: ["{url}"]\n      timeout: 5s\n'
        f'      bind: {{method: simple, dn: "{ADMIN}", password: file:password}}\n'
        f'      users: {{base: {bases}}}\n      groups: {{base: ["ou=groups,{SUFFIX}"]}}\n'
        "    mapping: openldap.yaml\n"
        f"    target: {{kind: identity-center, url: {world.sandbox.url}, token: {world.sandbox.token}, "
        "requests_per_second: 100000}\n"
        "    policy: {limits: {deactivate: 100%, delete: 100%, remove_members: 100%, shrink_source: 100%}}\n",
        encoding="utf-8",
    )


def assert_equal(world: World, there: Organization) -> None:
    """Identity Center holds this organization: who left is inactive and in no group."""
    held = world.held()
    people = {person.mail.lower(): person for person in there.people.values()}
    active = {user["userName"] for user in held["users"].values() if user["active"]}
    assert active == {mail for mail, person in people.items() if person.is_active}
    shown = {user["userName"]: user["displayName"] for user in held["users"].values()}
    assert {mail: shown[mail] for mail in people} == {mail: person.display for mail, person in people.items()}
    names = {key: user["userName"] for key, user in held["users"].items()}
    groups = {name: {names[key] for key in members} for name, members in held["groups"].values()}
    for key, team in there.teams.items():
        assert groups[team.name] == {there.people[one].mail.lower() for one in there.flattened(key)}


def test_a_directory_comes_to_identity_center_and_an_idle_run_asks_for_little(
    world: World, cli: Cli, slapd: Slapd, directory: OpenLdap
) -> None:
    checked = cli("check", "corp")
    assert checked.code == 0
    assert "changes by content synchronization (syncrepl)" in " ".join(checked.out.split())
    assert cli("plan", "corp", "--exit-code").code == 3
    said = cli("sync", "corp")
    assert said.code == 0, said.err
    assert_equal(world, directory.there)
    world.sandbox.forget_requests()
    before, signed_in = slapd.searches(), slapd.sign_ins()
    assert cli("sync", "corp").code == 0
    assert (world.sandbox.counts.reads, world.sandbox.counts.writes) == (1, 0)
    assert slapd.searches() - before == IDLE
    assert slapd.sign_ins() - signed_in == 1


def test_a_server_that_reports_no_changes_is_said_at_each_run_and_by_check(
    world: World, cli: Cli, slapd: Slapd, directory: OpenLdap
) -> None:
    slapd.restart(sessionlog=None)
    point_to(world, slapd.url)
    why = "because the server does not report changes (OpenLDAP: overlay syncprov)"
    assert f"everything is read each time, {why}" in " ".join(cli("check", "corp").out.split())
    for _ in range(2):
        said = cli("sync", "corp")
        assert said.code == 0, said.err
        assert f"the whole source was read, {why}" in " ".join(said.out.split())


def test_what_happens_in_the_directory_comes_to_identity_center_by_its_changes(
    world: World, cli: Cli, slapd: Slapd, directory: OpenLdap
) -> None:
    assert cli("sync", "corp").code == 0
    there, random = directory.there.copy(), Random(5)
    for _ in range(4):
        there.churn(random, steps=5)
        directory.become(there)
        before = slapd.searches(PEOPLE)
        said = cli("sync", "corp")
        assert said.code == 0, said.err
        assert "the whole source was read" not in said.out
        assert slapd.searches(PEOPLE) == before
        assert_equal(world, there)


def test_one_leaver_is_pushed_with_the_memberships_and_nobody_else_is(
    world: World, cli: Cli, directory: OpenLdap
) -> None:
    assert cli("sync", "corp").code == 0
    there = directory.there.copy()
    leaver, other = there.people["p1"].mail.lower(), there.people["p2"]
    other.title = "waits"
    there.dismiss("p1")
    directory.become(there)
    said = cli("sync", "corp", "--only", leaver)
    assert said.code == 0, said.err
    users = {user["userName"]: user for user in world.held()["users"].values()}
    assert users[leaver]["active"] is False
    assert users[other.mail.lower()].get("title") != "waits"
    assert cli("sync", "corp").code == 0
    assert_equal(world, there)


def test_explain_shows_where_each_value_comes_from(cli: Cli, directory: OpenLdap) -> None:
    person = next(person for person in directory.there.people.values() if person.manager)
    said = cli("explain", person.mail.lower())
    assert said.code == 0, said.err
    manager = directory.there.people[person.manager]
    assert f"uid={person.login},ou={person.unit},{SUFFIX}" in said.out
    assert f"decoded from uid={manager.login},ou={manager.unit},{SUFFIX}" in said.out
    assert "userName = " in said.out


def test_an_outage_writes_nothing_and_the_next_good_run_catches_up(
    world: World, cli: Cli, slapd: Slapd, directory: OpenLdap
) -> None:
    assert cli("sync", "corp").code == 0
    before, there = world.held(), directory.there.copy()
    there.dismiss("p1")
    directory.become(there)
    slapd.stop()
    said = cli("sync", "corp")
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "the directory server could not be reached" in said.err
    assert world.held() == before
    slapd.start()
    point_to(world, slapd.url)
    assert cli("sync", "corp").code == 0
    assert_equal(world, there)


def test_a_listing_that_is_cut_in_the_middle_writes_nothing(
    world: World, cli: Cli, slapd: Slapd, directory: OpenLdap
) -> None:
    assert cli("sync", "corp").code == 0
    before = world.held()
    with CuttingProxy(slapd.port) as proxy:
        point_to(world, f"ldap://127.0.0.1:{proxy.port}")
        assert cli("plan", "corp").code == 0
        proxy.limit = proxy.passed * 2 // 3
        said = cli("sync", "corp")
    assert said.code == 1, said.out
    assert world.held() == before


def test_a_password_that_was_changed_stops_the_schedule_and_is_shown_nowhere(
    world: World, cli: Cli, directory: OpenLdap
) -> None:
    assert cli("sync", "corp").code == 0
    before = world.held()
    (world.folder / "password").write_text("another-secret")
    said = cli("sync", "corp")
    assert said.code == 1
    assert "another-secret" not in said.out + said.err
    assert "refuse" in said.err, said.err
    assert world.held() == before
    (world.folder / "password").write_text(PASSWORD)
    assert cli("sync", "corp").code == 0


SHARED = ("ann.lee@corp.example", "ann@corp.example", "lee@corp.example")


@pytest.fixture
def ann(world: World, directory: OpenLdap, cli: Cli) -> str:
    """Someone with several addresses, whose sign-in name is none that comes first in any fixed order."""
    connection = directory.server.admin()
    dn = f"uid=ann,ou=people,{SUFFIX}"
    add(connection, person("ann", mail=["lee@corp.example"]))
    assert cli("sync").code == 0
    return dn


def test_another_order_of_the_same_values_renames_nobody(world: World, directory: OpenLdap, cli: Cli, ann: str) -> None:
    connection, changed = directory.server.admin(), world.folder / "changed.yaml"
    changed.write_text((world.folder / "openldap.yaml").read_text(encoding="utf-8") + "# the same\n", encoding="utf-8")
    for order in (SHARED, SHARED[::-1], SHARED[1:] + SHARED[:1]):
        replace(connection, ann, mail=list(order))
        assert "ann" not in cli("plan", "--mapping", str(changed)).out
        assert "userName = lee@corp.example" in cli("explain", "lee@corp.example").out
        assert cli("sync", "--only", "lee@corp.example").code == 0
        assert cli("sync").code == 0
    lose_state(world.state)
    assert cli("sync").code in (0, 5)
    names = [user["userName"] for user in world.held()["users"].values()]
    assert "lee@corp.example" in names
    assert not {"ann@corp.example", "ann.lee@corp.example"} & set(names)


def test_who_is_there_under_another_of_their_addresses_is_adopted_and_keeps_it(
    world: World, directory: OpenLdap, cli: Cli
) -> None:
    emails = [{"value": "ann@corp.example", "type": "work", "primary": True}]
    world.sandbox.seed({"users": [made_by_hand("Lee@corp.example") | {"emails": emails}]})
    before = {user["userName"]: user["id"] for user in world.held()["users"].values()}
    add(directory.server.admin(), person("ann", mail=list(SHARED)))
    assert "Lee@corp.example" in cli("plan").out
    for _ in range(2):
        assert cli("sync").code == 0
        state = world.held()["users"].values()
        shared = {user["userName"]: user for user in state if user["userName"].lower() in SHARED}
        assert {user["id"] for user in shared.values()} == {before["Lee@corp.example"]}
        assert [user["emails"][0]["value"] for user in shared.values()] == ["ann@corp.example"]
