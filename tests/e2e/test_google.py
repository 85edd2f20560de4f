"""An account of Google Workspace through the command line: emulated on one side, as Identity Center on the other."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from scim_bridge.sandbox.google.fault import GoogleFault
from scim_bridge.sandbox.google.knobs import SCOPES
from scim_bridge.sandbox.google.server import GoogleSandbox
from tests.e2e.conftest import Cli
from tests.e2e.test_entra import assert_equal
from tests.e2e.world import World
from tests.organization import Organization, organization
from tests.source.google.account import Account

MAPPING = Path(__file__).parents[2] / "mappings" / "google-workspace.yaml"


@pytest.fixture
def google() -> Iterator[GoogleSandbox]:
    with GoogleSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def account(google: GoogleSandbox) -> Account:
    return Account(google)


@pytest.fixture
def there(world: World, google: GoogleSandbox, account: Account) -> Organization:
    """An organization in the account, and the configuration that reads it."""
    shutil.copy(MAPPING, world.folder)
    world.config.write_text(
        "state: sqlite:///scim-bridge.db\n"
        "connections:\n"
        "  corp:\n"
        "    source:\n"
        "      kind: google\n"
        f"      admin: {google.admin}\n"
        f"      credential: {{key: 'file:{google.key_file}'}}\n"
        "      scope: {org_units: [/Staff]}\n"
        "      requests_per_second: 40\n"
        f"      endpoint: {{origin: {google.origin}, ca_file: {google.ca_file}}}\n"
        "    mapping: google-workspace.yaml\n"
        f"    target: {{kind: identity-center, url: {world.sandbox.url}, token: {world.sandbox.token}, "
        "requests_per_second: 100000}\n"
        "    policy: {limits: {deactivate: 100%, delete: 100%, remove_members: 100%, shrink_source: 100%}}\n"
        'service: {listen: "127.0.0.1:0"}\n',
        encoding="utf-8",
    )
    made = organization(20, 5)
    account.become(made)
    return made


def test_what_happens_in_the_account_comes_to_identity_center(
    world: World, cli: Cli, google: GoogleSandbox, account: Account, there: Organization
) -> None:
    assert cli("check", "corp").code == 0
    said = cli("sync", "corp")
    assert said.code == 0, said.err
    assert_equal(world, there)
    google.forget_requests()
    assert cli("sync", "corp").code == 0
    assert dict(google.counts) == {
        "POST token": 1,
        "GET users": 1,
        "GET groups": 1,
        "GET groups/{id}/members": len(there.teams),
    }
    random = Random(3)
    for _ in range(3):
        there.churn(random, steps=5)
        account.become(there)
        said = cli("sync", "corp")
        assert said.code == 0, said.err
        assert_equal(world, there)


def test_a_cut_list_changes_nothing(world: World, cli: Cli, google: GoogleSandbox, there: Organization) -> None:
    assert cli("sync", "corp").code == 0
    before = world.held()
    google.fail(GoogleFault("empty_list", "users", query="orderBy"))
    said = cli("sync", "corp")
    assert said.code == 1
    assert "list of users is not whole" in said.err
    assert world.held() == before


def test_one_person_is_pushed_alone(world: World, cli: Cli, google: GoogleSandbox, there: Organization) -> None:
    assert cli("sync", "corp").code == 0
    key, person = min(there.people.items())
    google.directory.put_user(key, suspended=person.is_active)
    said = cli("sync", "corp", "--only", person.mail)
    assert said.code == 0, said.err
    assert world.held()["users"][key]["active"] is not person.is_active


@pytest.mark.parametrize("missing", SCOPES)
def test_check_names_the_scope_that_is_missing(
    cli: Cli, google: GoogleSandbox, there: Organization, missing: str
) -> None:
    google.knobs = replace(google.knobs, granted=frozenset(SCOPES) - {missing})
    said = cli("check", "corp")
    assert said.code == 1
    told = " ".join((said.out + said.err).split())
    assert f"the scope {missing}" in told
    assert "Manage domain-wide delegation" in told


def test_a_revoked_key_writes_nothing_and_shows_no_secret(
    world: World, cli: Cli, google: GoogleSandbox, there: Organization
) -> None:
    assert cli("sync", "corp").code == 0
    before = world.held()
    google.tokens.revoke_key()
    google.directory.delete_user(min(there.people))
    said = cli("sync", "corp")
    assert said.code == 1
    assert "make a new key" in said.err
    assert "PRIVATE KEY" not in said.out + said.err
    assert world.held() == before
