"""Account assignments in plans: what depends on a group that leaves, on who is deleted, and on what no one claims."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from scim_bridge.sandbox.fault import Fault
from tests.aws import environment_at
from tests.e2e.conftest import Cli
from tests.e2e.test_policies import age, conflicts, user_of
from tests.e2e.world import People, World, person

pytestmark = pytest.mark.state_file


@dataclass
class Aws:
    """Accounts and assignments of the organization whose users the emulator has."""

    world: World
    sets: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """No assignment is there any more."""
        self.world.sandbox.app.store.cloud.assignments.clear()

    def account(self, name: str) -> str:
        """One more account; its id."""
        number = "222233334444"
        self.world.sandbox.seed({"accounts": {number: name}})
        return number

    def assign(self, kind: str, target_id: str, account: str, permission_set: str) -> None:
        """Let this user or group enter an account."""
        if account not in self.world.sandbox.app.store.cloud.accounts:
            self.world.sandbox.seed({"accounts": {account: account}})
        if permission_set not in self.sets:
            self.world.sandbox.seed({"permission_sets": [{"name": permission_set}]})
            self.sets.add(permission_set)
        one = {kind: target_id, "accounts": [account], "permission_set": permission_set}
        self.world.sandbox.seed({"assignments": [one]})

    def deny(self, *calls: str) -> None:
        """From here on these are refused."""
        for call in calls:
            self.world.sandbox.fail(Fault("forbidden", path=f"aws/{call}"))


@pytest.fixture
def aws(world: World) -> Iterator[Aws]:
    configure(world)
    with environment_at(world.sandbox.aws_url):
        yield Aws(world)


def configure(world: World, policy: str = "") -> None:
    world.configure(extra=f"    access: {{region: eu-west-1, requests_per_second: 10000}}\n    policy: {{{policy}}}\n")


@pytest.fixture
def people(world: World) -> People:
    people = People().add("a").add("b").group("g", "dev", "a", "b").group("h", "ops", "a")
    world.write(people)
    return people


def orphan(world: World, name: str = "old@corp.example", *, active: bool = True) -> str:
    """A user whom someone made by hand; the id."""
    world.sandbox.seed({"users": [person(name, active=active)]})
    return str(next(u["id"] for u in world.sandbox.state()["users"] if u["userName"] == name))


def orphan_group(world: World, name: str = "admins") -> str:
    world.sandbox.seed({"groups": [{"displayName": name}]})
    return str(next(g["id"] for g in world.sandbox.state()["groups"] if g["displayName"] == name))


def _forget_readings(world: World) -> None:
    with closing(sqlite3.connect(world.state)) as database, database:
        for table in ("access_facts", "access_readings"):
            database.execute(f"DELETE FROM {table}")


def group_id(world: World, external_id: str) -> str:
    found = world.sandbox.app.store.groups.find("externalId", external_id)
    assert found is not None
    return str(found.id)


def test_an_orphan_with_an_assignment_is_a_conflict_that_names_account_and_permission_set(
    world: World, people: People, cli: Cli, aws: Aws
) -> None:
    production = aws.account("production")
    aws.assign("user", orphan(world), production, "AdministratorAccess")
    orphan(world, "harmless@corp.example")
    said = cli("sync")
    assert said.code == 5
    [found] = cli("conflicts", "--output", "json").json
    assert found["kind"] == "orphan_with_assignments"
    assert f"1 assignment: AdministratorAccess on production ({production})" in found["detail"]
    assert "old@corp.example: orphan" not in said.out
    assert "harmless@corp.example: orphan" in said.out


def test_a_group_that_nobody_claims_counts_too_and_its_decision_is_kept_whatever_aws_says(
    world: World, people: People, cli: Cli, aws: Aws
) -> None:
    aws.assign("group", orphan_group(world), "111122223333", "Billing")
    assert cli("sync").code == 5
    key = conflicts(cli)["orphan_with_assignments"]
    assert cli("conflicts", "resolve", key, "--ignore", "--note", "break glass").code == 0
    assert cli("sync").code == 0
    assert cli("sync", "--full").code == 0
    aws.deny("sso:ListInstances")
    said = cli("sync", "--full")
    assert said.code == 0
    assert "who may enter what is as AWS was read 0 min ago: AWS refused sso:ListInstances" in said.out
    assert "decided: ignore, decided by" in cli("conflicts").out


def test_between_two_readings_in_full_what_was_seen_is_trusted(
    world: World, people: People, cli: Cli, aws: Aws
) -> None:
    aws.assign("user", orphan(world), "111122223333", "Billing")
    assert cli("sync").code == 5
    aws.begin()
    assert cli("sync").code == 5
    assert cli("sync", "--full").code == 0
    assert conflicts(cli) == {}


def test_without_access_nothing_changes_and_nobody_is_asked(world: World, people: People, cli: Cli, aws: Aws) -> None:
    aws.assign("user", orphan(world), "111122223333", "Billing")
    assert cli("sync").code == 5
    aws.deny("sso:ListInstances")
    world.configure()
    for _ in range(2):
        said = cli("sync", "--full")
        assert said.code == 0
        assert "old@corp.example: orphan: on the target, and claimed by no record" in said.out
        assert "Warnings" not in said.out


def test_a_group_that_leaves_names_what_hangs_on_it(world: World, people: People, cli: Cli, aws: Aws) -> None:
    configure(world, "limits: {remove_members: 100%, lose_access: report}, deprovision: {delete_after: 24h}")
    assert cli("sync").code == 0
    production = aws.account("production")
    for name in ("ReadOnly", "Admin"):
        aws.assign("group", group_id(world, "g"), production, name)
    assert cli("access", "--full").code == 0
    del people.groups["g"]
    people.members = [m for m in people.members if m[0] != "g"]
    world.write(people)
    hangs = f"it has 2 assignments: Admin on production ({production}), ReadOnly on production ({production})"
    assert f"dev left the source and loses its members; {hangs}" in cli("plan").out
    said = cli("sync", "--only", "g")
    assert said.code == 0, said.err
    assert f"dev left the source and loses its members; {hangs}" in said.out
    assert "assignments: " not in cli("sync").out
    age(world, 25)
    assert f"dev will be deleted; {hangs}" in cli("sync").out


def test_who_is_deleted_is_told_with_what_is_lost(world: World, people: People, cli: Cli, aws: Aws) -> None:
    configure(world, "deprovision: {delete_after: 24h}, limits: {remove_members: 100%, lose_access: report}")
    assert cli("sync").code == 0
    aws.assign("user", user_of(world, "b").id, "111122223333", "Billing")
    assert cli("access", "--full").code == 0
    del people.users["b"]
    people.members = [m for m in people.members if m[1] != "b"]
    world.write(people)
    said = cli("sync")
    assert (said.code, "assignments: " in said.out) == (0, False)
    age(world, 25)
    said = cli("sync")
    assert "b@corp.example will be deleted; it has 1 assignment: Billing on 111122223333" in said.out


def test_a_refusal_is_a_warning_with_the_way_out_and_revocations_pass(
    world: World, people: People, cli: Cli, aws: Aws
) -> None:
    configure(world, "limits: {remove_members: 100%}")
    orphan(world)
    assert cli("sync").code == 0
    _forget_readings(world)
    aws.deny("sso:ListPermissionSets")
    del people.users["b"]
    del people.groups["g"]
    people.members = [("h", "a", "user")]
    world.write(people)
    said = cli("sync", "--full")
    assert said.code == 0, said.err
    assert user_of(world, "b").attributes["active"] is False
    assert "nor what depends on those it changes: AWS refused sso:ListPermissionSets" in said.out, said.out[-900:]
    assert 'Add {"Effect":"Allow","Action":"sso:ListPermissionSets","Resource":"*"}' in said.out


def test_an_aws_that_is_not_there_is_a_warning(world: World, people: People, cli: Cli, aws: Aws) -> None:
    orphan(world)
    os.environ["AWS_ENDPOINT_URL_SSO_ADMIN"] = "http://127.0.0.1:9"
    said = cli("sync")
    assert said.code == 0
    assert "AWS did not answer sso:ListInstances" in said.out


@pytest.mark.parametrize(("policy", "asks"), [("keep", []), ("deactivate", ["admins"]), ("report", ["admins", "old"])])
def test_who_is_asked_about_follows_from_the_orphan_policy(
    world: World, people: People, cli: Cli, aws: Aws, policy: str, asks: list[str]
) -> None:
    configure(world, f"orphans: {policy}, limits: {{deactivate: 100%}}")
    aws.assign("user", orphan(world, "old"), "111122223333", "Billing")
    aws.assign("group", orphan_group(world), "111122223333", "Billing")
    cli("sync")
    assert sorted(c["subjects"][0] for c in cli("conflicts", "--output", "json").json) == asks


def test_the_assignments_of_an_orphan_that_is_shut_say_so(world: World, people: People, cli: Cli, aws: Aws) -> None:
    aws.assign("user", orphan(world, active=False), "111122223333", "Billing")
    assert "the user is inactive, so no one signs in with it" in cli("plan").out


def test_check_says_whether_assignments_can_be_read(world: World, people: People, cli: Cli, aws: Aws) -> None:
    assert "eu-west-1, reads assignments, and the names of accounts" in cli("check").out
    world.configure()
    assert "assignments" not in cli("check").out
    configure(world)
    aws.deny("organizations:ListAccounts")
    said = cli("check")
    assert said.code == 0
    assert "accounts are shown by id alone, for AWS refused organizations:ListAccounts" in said.out


def test_check_names_the_permission_that_is_missing(world: World, people: People, cli: Cli, aws: Aws) -> None:
    aws.deny("identitystore:ListGroups")
    said = cli("check")
    assert said.code == 1
    assert "AWS refused identitystore:ListGroups" in said.out, said.out[-900:]


def test_check_says_that_there_are_no_credentials(world: World, people: People, cli: Cli, aws: Aws) -> None:
    del os.environ["AWS_ACCESS_KEY_ID"]
    del os.environ["AWS_SECRET_ACCESS_KEY"]
    said = cli("check")
    assert said.code == 1
    assert "AWS could not be asked for sso:ListInstances (NoCredentialsError). Give AWS credentials" in said.out


def test_no_log_holds_a_credential(world: World, people: People, aws: Aws) -> None:
    aws.assign("user", orphan(world), "111122223333", "Billing")
    secrets = {"AWS_SESSION_TOKEN": "session-token-of-this-test", "AWS_SECRET_ACCESS_KEY": "secret-key-of-this-test"}
    command = (sys.executable, "-m", "scim_bridge.cli.main", "--config", str(world.config), "plan")
    said = subprocess.run(
        command, env=os.environ | secrets | {"SCIM_BRIDGE_LOG": "debug"}, capture_output=True, text=True, check=True
    )
    assert "orphan_with_assignments" in said.stdout
    assert not [secret for secret in secrets.values() if secret in said.stdout + said.stderr]
