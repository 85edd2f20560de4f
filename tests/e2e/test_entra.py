"""An Entra ID tenant through the command line: emulated Graph on one side, emulated Identity Center on the other."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.server import EntraSandbox
from tests.e2e.conftest import Cli
from tests.e2e.world import World
from tests.organization import Organization, organization
from tests.source.entra.tenant import Tenant

MAPPING = Path(__file__).parents[2] / "mappings" / "entra-id.yaml"


@pytest.fixture
def entra() -> Iterator[EntraSandbox]:
    with EntraSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def there(world: World, entra: EntraSandbox) -> Organization:
    """An organization in the tenant, and the configuration that reads it."""
    shutil.copy(MAPPING, world.folder)
    (world.folder / "secret").write_text(entra.secret)
    world.config.write_text(
        "state: sqlite:///scim-bridge.db\n"
        "connections:\n"
        "  corp:\n"
        "    source:\n"
        "      kind: entra\n"
        f"      tenant: {entra.tenant}\n"
        f"      client: {entra.client}\n"
        "      credential: {secret: 'file:secret'}\n"
        f"      cloud: {{login: {entra.login}, graph: {entra.graph}, ca_file: {entra.ca_file}}}\n"
        "    mapping: entra-id.yaml\n"
        f"    target: {{kind: identity-center, url: {world.sandbox.url}, token: {world.sandbox.token}, "
        "requests_per_second: 100000}\n"
        "    policy: {limits: {deactivate: 100%, delete: 100%, remove_members: 100%, shrink_source: 100%}}\n"
        'service: {listen: "127.0.0.1:0"}\n',
        encoding="utf-8",
    )
    made = organization(30, 8)
    Tenant(entra).become(made)
    return made


def assert_equal(world: World, there: Organization) -> None:
    """Identity Center holds this organization: who left is inactive and in no group."""
    held = world.held()
    active = {key for key, user in held["users"].items() if user["active"]}
    assert active == {key for key, person in there.people.items() if person.is_active}
    for key, person in there.people.items():
        assert held["users"][key]["displayName"] == person.display
        assert held["users"][key]["userName"] == person.mail.lower()
    groups = {key: (name, members) for key, (name, members) in held["groups"].items() if key in there.teams}
    assert groups == {key: (team.name, there.flattened(key)) for key, team in there.teams.items()}


def test_a_tenant_comes_to_identity_center_and_an_idle_run_asks_graph_twice(
    world: World, cli: Cli, entra: EntraSandbox, there: Organization
) -> None:
    assert cli("check", "corp").code == 0
    assert cli("plan", "corp", "--exit-code").code == 3
    said = cli("sync", "corp")
    assert said.code == 0, said.err
    assert_equal(world, there)
    entra.forget_requests()
    assert cli("sync", "corp").code == 0
    assert (entra.counts.graph, entra.counts.token) == (2, 1)


def test_what_happens_in_the_tenant_comes_to_identity_center_by_its_changes(
    world: World, cli: Cli, entra: EntraSandbox, there: Organization
) -> None:
    tenant, random = Tenant(entra), Random(3)
    tenant.adopt(there)
    assert cli("sync", "corp").code == 0
    for _ in range(4):
        there.churn(random, steps=5)
        tenant.become(there)
        entra.forget_requests()
        said = cli("sync", "corp")
        assert said.code == 0, said.err
        assert entra.counts.graph <= 3
        assert_equal(world, there)


def test_one_person_is_pushed_with_a_request_for_that_person_alone(
    world: World, cli: Cli, entra: EntraSandbox, there: Organization
) -> None:
    assert cli("sync", "corp").code == 0
    key, person = min(there.people.items())
    entra.directory.put_user(key, accountEnabled=not person.is_active)
    entra.forget_requests()
    said = cli("sync", "corp", "--only", person.mail)
    assert said.code == 0, said.err
    assert entra.counts.graph == 1
    assert world.held()["users"][key]["active"] is not person.is_active


def test_explain_shows_where_a_manager_comes_from(cli: Cli, there: Organization) -> None:
    assert cli("sync", "corp").code == 0
    person = next(person for person in there.people.values() if person.manager)
    said = cli("explain", person.mail)
    assert said.code == 0, said.err
    assert f"the relationship to user {person.manager}" in said.out


def test_a_lost_position_is_told_and_costs_one_whole_reading(
    world: World, cli: Cli, entra: EntraSandbox, there: Organization
) -> None:
    assert cli("sync", "corp").code == 0
    entra.expire_delta_links("gone")
    said = cli("sync", "corp")
    assert said.code == 0, said.err
    assert "the whole source was read, because Graph has given up the position" in said.out + said.err


def test_a_refused_secret_writes_nothing_and_says_what_to_do(
    world: World, cli: Cli, entra: EntraSandbox, there: Organization
) -> None:
    assert cli("sync", "corp").code == 0
    before = world.held()
    entra.registration.remove_secret(entra.secret)
    entra.directory.delete_user(min(there.people))
    said = cli("sync", "corp")
    assert said.code == 1
    assert "AADSTS7000215" in said.err
    assert world.held() == before
    assert entra.secret not in said.out + said.err
    entra.registration.add_secret(entra.secret)
    assert cli("sync", "corp").code == 0
    assert world.held()["users"][min(there.people)]["active"] is False


def test_check_names_a_permission_that_is_missing(cli: Cli, entra: EntraSandbox, there: Organization) -> None:
    entra.knobs = EntraKnobs(roles=("User.Read.All",))
    said = cli("check", "corp")
    assert said.code == 1
    assert "lacks GroupMember.Read.All" in said.out + said.err
