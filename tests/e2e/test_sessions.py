"""The truth about live sessions: before a revocation, after it, and for whoever is looked at."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from scim_bridge.config.settings import load
from scim_bridge.sandbox.fault import Fault
from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from tests.aws import environment_at
from tests.e2e.conftest import Cli
from tests.e2e.test_policies import age
from tests.e2e.world import People, World
from tests.service.sign_in import signed_in

CLOUD = {
    "management": "111111111111",
    "accounts": {"111111111111": "main", "222222222222": "development"},
    "permission_sets": [
        {"name": "Admin", "managed": ["arn:aws:iam::aws:policy/AdministratorAccess"], "duration": "PT12H"},
        {"name": "Reader", "managed": ["arn:aws:iam::aws:policy/ReadOnlyAccess"], "duration": "PT2H"},
    ],
}
ASSIGNED = {
    "assignments": [
        {"group": "dev", "accounts": ["development"], "permission_set": "Reader"},
        {"user": "b@corp.example", "accounts": ["main"], "permission_set": "Admin"},
    ],
    "applications": [{"name": "Wiki", "groups": ["dev"]}],
}
ACCESS = "    access: {region: eu-west-1, requests_per_second: 10000}\n    switch: {portal_session: 8h}\n"
LIMITS = "    policy: {limits: {lose_access: report, lose_admin: report}}\n"


@pytest.fixture
def people(world: World) -> People:
    people = People().add("a").add("b").add("c").group("g", "dev", "a", "b", "c")
    world.write(people)
    return people


@pytest.fixture
def aws(world: World, people: People, cli: Cli) -> Iterator[None]:
    assert cli("sync").code == 0
    world.configure(extra=ACCESS + LIMITS)
    with environment_at(world.sandbox.aws_url):
        world.sandbox.seed(CLOUD | ASSIGNED)
        yield


def user_id(world: World, name: str) -> str:
    return str(world.held()["users"][name]["id"])


def revoke(world: World, people: People) -> None:
    """b is disabled and keeps a direct assignment; c leaves the group."""
    people.users["b"]["enabled"] = "false"
    people.members.remove(("g", "c", "user"))
    world.write(people)


def test_before_and_after_a_revocation_its_sessions_are_said(world: World, people: People, cli: Cli, aws: None) -> None:
    assert cli("access").code == 0
    revoke(world, people)
    planned = cli("plan").err
    assert (
        "sessions: 2 users lose access (b@corp.example, c@corp.example); their sessions may run for up to 20 h"
        in planned
    )
    assert (
        "End them in the console before the run, since it cannot end them afterwards: "
        "scim-bridge access sessions b@corp.example c@corp.example"
    ) in planned
    world.sandbox.aws_calls.clear()
    done = cli("sync").err
    assert "sessions: 2 users lost access (b@corp.example, c@corp.example); their sessions may run until 20" in done
    assert "at the latest. See: scim-bridge show 2" in done
    assert not world.sandbox.aws_calls, "a revocation waits for no reading"
    shown = cli("show", "2").out
    assert f"b@corp.example ({user_id(world, 'b')}) was deactivated\n  Admin on main (111111111111): until " in shown
    assert ", since an assignment is left and the portal session may begin another one" in shown
    assert (
        f"c@corp.example ({user_id(world, 'c')}) lost access\n  Reader on development (222222222222): until " in shown
    )
    assert "To end them there, enable the user, end the sessions (Users, the user, Active sessions)" in shown
    assert "A service control policy does not reach the management account. There, put the statements into" in shown
    assert "put this policy into a service control policy, and keep it for 20 h:" in shown
    policy = orjson.loads(shown[shown.index("{") :])
    assert policy["Statement"][0]["Condition"] == {"StringEquals": {"identitystore:UserId": [user_id(world, "b")]}}
    # c stays active, with all that nothing was taken from.
    assert policy["Statement"][2]["Condition"] == {
        "StringEquals": {"identitystore:UserId": [user_id(world, "c")]},
        "ArnLike": {
            "aws:PrincipalArn": [
                "arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Reader_*"
            ]
        },
    }
    assert [s["Sid"] for s in policy["Statement"]][2:] == ["DenyLostRoles1", "DenyLostRoles1ByName"]
    document = cli("show", "2", "--output", "json").json["sessions"]
    assert {u["user"]: u["latest"]["seconds"] // 3600 for u in document["users"]} == {
        "b@corp.example": 20,
        "c@corp.example": 2,
    }
    assert document["deny"] == policy


def test_one_user_is_asked_about_before_anything_is_done(world: World, cli: Cli, aws: None) -> None:
    said = cli("access", "sessions", "b@corp.example", "c@corp.example")
    assert said.code == 0
    assert "b@corp.example (" in said.out
    assert ") if deactivated now:" in said.out
    assert "  Admin on main (111111111111): up to 20 h, since an assignment is left" in said.out
    assert "End the sessions in the console before the deactivation" in said.out
    assert "The length of portal sessions cannot be read" not in said.out
    document = cli("access", "sessions", "c@corp.example", "--output", "json").json
    [user] = document["users"]
    assert (user["roles"][0]["permission_set"], user["roles"][0]["seconds"]) == ("Reader", 10 * 3600)
    assert [s["Sid"] for s in document["deny"]["Statement"]] == ["DenyRevokedUsers", "DenyRevokedUsersByName"]
    refused = cli("access", "sessions", "x@corp.example")
    assert (refused.code, "there is no user 'x@corp.example' in Identity Center" in refused.err) == (2, True)


def test_after_a_deletion_they_can_no_longer_be_ended(world: World, people: People, cli: Cli, aws: None) -> None:
    allow_deletion = LIMITS.replace("policy: {", "policy: {deprovision: {delete_after: 1h}, ")
    world.configure(extra=ACCESS.replace("portal_session: 8h", "") + allow_deletion)
    assert cli("access").code == 0
    del people.users["b"]
    people.members.remove(("g", "b", "user"))
    world.write(people)
    assert cli("sync").code == 0
    age(world, 2)
    assert cli("sync", "--approve").code in (0, 4)
    last = cli("history", "--output", "json").json[0]
    assert last["summary"]["delete_user"] == 1
    shown = cli("show", str(last["id"])).out
    assert "The sessions of a deleted user can no longer be ended in the console." in shown
    assert "The length of portal sessions cannot be read: 8 h is AWS's default" in shown


def test_without_a_reading_that_is_said_and_without_access_nothing_is(
    world: World, people: People, cli: Cli, aws: None
) -> None:
    revoke(world, people)
    world.sandbox.fail(Fault("forbidden", path="aws/sso:ListInstances"))
    assert "sessions: not known, since access was never read. Read it: scim-bridge access --full" in cli("plan").err
    world.configure()
    assert "sessions" not in cli("sync").err
    assert "Sessions" not in cli("show", "2").out
    assert cli("show", "2", "--output", "json").json["sessions"] is None


def test_a_broken_configuration_does_not_hide_a_run(world: World, people: People, cli: Cli, aws: None) -> None:
    assert cli("access").code == 0
    revoke(world, people)
    assert cli("sync").code == 0
    world.config.write_text(world.config.read_text().replace("portal_session: 8h", "portal_session: 8x"))
    assert "portal_session is not a duration" in cli("plan").err
    assert "8 h is AWS's default" in cli("show", "2").out


def test_one_user_who_is_pushed_at_once_is_said_too_and_a_shadow_says_nothing(
    world: World, people: People, cli: Cli, aws: None
) -> None:
    assert cli("access").code == 0
    revoke(world, people)
    said = cli("sync", "--only", "b@corp.example").err
    assert "sessions: 1 user lost access (b@corp.example); their sessions may run until 20" in said
    world.configure(extra=ACCESS + LIMITS + "    shadow: true\n")
    assert "sessions" not in cli("sync").err


def test_the_page_of_a_run_has_all_of_it(world: World, people: People, cli: Cli, aws: None) -> None:
    assert cli("access").code == 0
    revoke(world, people)
    assert cli("sync").code == 0
    corp = load(world.config).connection("corp")
    settings = {"corp": replace(corp, switch=replace(corp.switch, portal_session=timedelta(hours=1)))}
    shown = Shown(world.state, {"corp": None}, settings=settings)
    with Served(create_app(shown), ("127.0.0.1", 0)) as served, signed_in(served.url, world.state) as client:
        page = client.get("/runs/2").text
        first = client.get("/runs/1").text
    assert "Sessions that may still run" in page
    assert "Admin on main (111111111111): until" in page
    assert "DenyRevokedUsers" in page
    assert "keep it for 13 h:" in page
    assert "Sessions that may still run" not in first
