"""`access` as people use it: who may enter what, one user's portal, who gained or lost what and why."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from scim_bridge.access.read_only_policy import POLICIES, READS
from scim_bridge.sandbox.fault import Fault
from tests.aws import environment_at
from tests.e2e.conftest import Cli
from tests.e2e.world import People, World

CLOUD = {
    "accounts": {"111111111111": "production", "222222222222": "development"},
    "permission_sets": [
        {"name": "Admin", "managed": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
        {"name": "Reader", "managed": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
    ],
}
ASSIGNED = {
    "assignments": [
        {"group": "dev", "accounts": ["development"], "permission_set": "Admin"},
        {"group": "ops", "accounts": ["production"], "permission_set": "Reader"},
        {"user": "b@corp.example", "accounts": ["production"], "permission_set": "Admin"},
        {"user": "00000000-0000-4000-8000-000000000000", "accounts": ["production"], "permission_set": "Reader"},
    ],
    "applications": [{"name": "Wiki", "groups": ["dev"]}, {"name": "Open", "is_assignment_required": False}],
}


@pytest.fixture
def people(world: World) -> People:
    people = People().add("a").add("b").add("c").group("g", "dev", "a", "b").group("h", "ops", "a")
    world.write(people)
    return people


@pytest.fixture
def aws(world: World, people: People, cli: Cli) -> Iterator[None]:
    """The users and groups are on the target, and have assignments."""
    assert cli("sync").code == 0
    limits = "    policy: {limits: {lose_access: report, lose_admin: report}}\n"
    world.configure(extra=f"    access: {{region: eu-west-1, requests_per_second: 10000}}\n{limits}")
    with environment_at(world.sandbox.aws_url):
        world.sandbox.seed(CLOUD | ASSIGNED)
        yield


def test_every_way_in_is_a_line_and_what_is_orphaned_is_said(cli: Cli, aws: None) -> None:
    said = cli("access")
    assert said.code == 0
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert "a@corp.example 名 姓a dev development Admin AdministratorAccess" in lines
    assert "b@corp.example 名 姓b directly production Admin AdministratorAccess" in lines
    assert "a@corp.example 名 姓a ops production Reader read-only" in lines
    assert "– all users Open" in lines
    assert "user 00000000-0000-4000-8000-000000000000 production Reader" in lines


def test_a_recent_reading_is_shown_again_and_full_reads_anew(world: World, cli: Cli, aws: None) -> None:
    assert cli("access").code == 0
    world.sandbox.aws_calls.clear()
    assert "AWS as read just now" in cli("access", "a@corp.example").out
    assert not world.sandbox.aws_calls
    assert cli("access", "--full").code == 0
    assert world.sandbox.aws_calls["sso:ListAccountAssignments"] > 0


def test_after_a_run_that_changed_something_a_kept_reading_is_not_shown(
    world: World, people: People, cli: Cli, aws: None
) -> None:
    assert "b@corp.example" in cli("access", "--account", "development").out
    outdated = "since (scim-bridge access --full reads it again)"
    assert outdated not in cli("explain", "b@corp.example").out
    people.members.remove(("g", "b", "user"))
    world.write(people)
    assert cli("sync").code == 0
    assert outdated in cli("explain", "b@corp.example").out
    assert "development" not in cli("access", "b@corp.example").out
    assert "b@corp.example" not in cli("access", "--account", "development").out


def test_one_user_is_shown_with_the_portal_tile_by_tile(cli: Cli, aws: None) -> None:
    said = cli("access", "A@corp.example")
    portal = said.out[said.out.index("In the AWS access portal:") :]
    assert [line.strip() for line in portal.splitlines()[1:5]] == [
        "account development (222222222222): Admin",
        "account production (111111111111): Reader",
        "application Open",
        "application Wiki",
    ]
    assert (
        "  arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_*" in said.out
    )
    assert "b@corp.example" not in said.out
    assert "The AWS access portal shows nothing" not in cli("access", "c@corp.example").out


def test_who_can_enter_an_account_with_a_permission_set(cli: Cli, aws: None) -> None:
    rows = cli("access", "--who-can", "production", "--output", "json").json["rows"]
    assert {(r["user"], r["permission_set"]) for r in rows} == {
        ("a@corp.example", "Reader"),
        ("b@corp.example", "Admin"),
    }
    [row] = cli("access", "--who-can", "111111111111", "admin", "--output", "json").json["rows"]
    assert row == {
        "user": "b@corp.example",
        "user_id": row["user_id"],
        "display": "名 姓b",
        "via": None,
        "account": "production",
        "account_id": "111111111111",
        "permission_set": "Admin",
        "allows": ["AdministratorAccess"],
        "level": "administrator",
        "role": "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_*",
    }


def test_json_has_what_the_contract_names(cli: Cli, aws: None) -> None:
    document = cli("access", "--output", "json").json
    assert list(document) == ["as_of", "rows", "applications", "orphaned", "warnings"]
    assert {(r["user"], r["via"], r["application"]) for r in document["applications"]} == {
        (None, "all users", "Open"),
        ("a@corp.example", "dev", "Wiki"),
        ("b@corp.example", "dev", "Wiki"),
    }
    assert [o["permission_set"] for o in document["orphaned"]] == ["Reader"]
    assert document["warnings"] == []


def test_csv_is_for_spreadsheets_and_holds_no_formula(world: World, cli: Cli, aws: None) -> None:
    user = world.sandbox.app.store.users.find("userName", "a@corp.example")
    assert user is not None
    user.attributes["displayName"] = "=cmd()"
    rows = list(csv.DictReader(io.StringIO(cli("access", "--output", "csv").out)))
    assert [row["display"] for row in rows if row["user"] == "a@corp.example"] == ["'=cmd()"] * 2
    assert rows[0].keys() >= {"user", "account_id", "level"}
    assert {row["role"].rpartition("/")[2] for row in rows} == {"AWSReservedSSO_Admin_*", "AWSReservedSSO_Reader_*"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x@corp.example",), "there is no user 'x@corp.example' in Identity Center (did you mean "),
        (("--account", "productoin"), "there is no account 'productoin' (did you mean production?)"),
        (("--permission-set", "Adnim"), "there is no permission set 'Adnim' (did you mean Admin?)"),
        (("--application", "Wikki"), "there is no application 'Wikki' (did you mean Wiki?)"),
        (("diff",), "there is nothing to compare: the state has 1 reading"),
        (("--connection", "nope"), "has no connection 'nope'"),
    ],
)
def test_a_slip_is_a_sentence(cli: Cli, aws: None, arguments: tuple[str, ...], said: str) -> None:
    assert cli("access").code == 0
    refused = cli("access", *arguments)
    assert refused.code == 2
    assert said in refused.err


def test_without_access_in_the_configuration_it_says_what_to_add(world: World, people: People, cli: Cli) -> None:
    refused = cli("access")
    assert refused.code == 2
    assert "no connection has access configured in bridge.yaml. Add access: {region: …}" in refused.err


def test_a_denied_action_is_named_with_the_statement_to_add(world: World, cli: Cli, aws: None) -> None:
    world.sandbox.fail(Fault("forbidden", path="aws/sso:ListPermissionSets"))
    refused = cli("access", "--full")
    assert refused.code == 1
    assert "AWS refused sso:ListPermissionSets from account 999999999999" in refused.err
    assert '{"Effect":"Allow","Action":"sso:ListPermissionSets","Resource":"*"}' in refused.err


def test_who_gained_and_lost_is_named_with_the_run_that_did_it(
    world: World, people: People, cli: Cli, aws: None
) -> None:
    assert cli("access").code == 0
    people.members.remove(("g", "b", "user"))
    people.members.append(("g", "c", "user"))
    world.write(people)
    assert cli("sync").code == 0
    runs = cli("history", "--output", "json").json
    [orphan] = [a for a in world.sandbox.app.store.cloud.assignments if a.principal.startswith("0000")]
    by_hand = next(a for a in world.sandbox.app.store.cloud.assignments if a.kind == "USER" and a != orphan)
    del world.sandbox.app.store.cloud.assignments[by_hand]
    assert cli("access", "--full").code == 0
    document = cli("access", "diff", "--output", "json").json
    run = runs[0]["id"]
    gained = {(s["user"], s.get("account", s.get("application"))): s["causes"] for s in document["gained"]}
    lost = {(s["user"], s.get("account", s.get("application"))): s["causes"] for s in document["lost"]}
    assert gained["c@corp.example", "development"] == [{"what": "added to dev", "run": run, "decision": ""}]
    assert lost["b@corp.example", "development"] == [{"what": "removed from dev", "run": run, "decision": ""}]
    assert lost["b@corp.example", "production"] == [
        {"what": "the assignment of Admin to the user was removed", "run": None, "decision": ""}
    ]
    assert gained.keys() == {("c@corp.example", "development"), ("c@corp.example", "Wiki")}
    assert gained["c@corp.example", "Wiki"] == gained["c@corp.example", "development"]
    text = " ".join(cli("access", "diff", "1", "2").out.split())
    assert "From reading 1 (" in text
    assert f"added to dev run {run}" in text
    assert "someone else" in text
    assert " ".join(cli("access", "diff", "--since", "30d").out.split()) == text
    assert "--since '3x'" in cli("access", "diff", "--since", "3x").err
    assert "there is no reading 9. The state has numbers from 1 to 2." in cli("access", "diff", "9").err


def test_a_reading_calls_nothing_that_the_policy_does_not_allow(world: World, cli: Cli, aws: None) -> None:
    role = {"group": "dev", "account": "production", "role": "arn:aws:iam::111111111111:role/Operator"}
    unknown = [{"name": "Other", "managed": ["arn:aws:iam::aws:policy/Other"]}]
    world.sandbox.seed({"roles": [role], "permission_sets": unknown, "policies": {}})
    world.sandbox.aws_calls.clear()
    assert cli("access", "--full").code == 0
    allowed = {action for actions in READS.values() for action in actions} | {*POLICIES}
    assert set(world.sandbox.aws_calls) <= allowed
    printed = orjson.loads(cli("access", "policy").out)
    assert {action for s in printed["Statement"] for action in s["Action"]} == allowed
    assert not [a for a in allowed if not a.partition(":")[2].startswith(("List", "Describe", "Get"))]


def test_the_state_file_stays_private(world: World, cli: Cli, aws: None) -> None:
    assert cli("access").code == 0
    assert Path(world.state).stat().st_mode & 0o077 == 0


def test_check_names_the_first_step_to_access_that_is_missing(world: World, cli: Cli, aws: None) -> None:
    said = cli("check")
    assert said.code == 0
    order = "order: the first step that is missing is ④ assignments: 1 user has no way into any account, because"
    assert order in said.out
    assert "c@corp.example" in said.out
    world.sandbox.fail(Fault("forbidden", path="aws/identitystore:ListUsers"))
    said = cli("check")
    assert (said.code, "order: not looked at: AWS refused identitystore:ListUsers" in said.out) == (1, True)


def test_one_user_is_read_alone_unless_that_is_denied(world: World, cli: Cli, aws: None) -> None:
    said = cli("access", "a@corp.example", "--output", "json")
    assert len(said.json["rows"]) == 2
    assert world.sandbox.aws_calls["sso:ListAccountAssignments"] == 0
    world.sandbox.fail(Fault("forbidden", path="aws/sso:ListAccountAssignmentsForPrincipal"))
    again = cli("access", "a@corp.example", "--output", "json")
    assert again.json["rows"] == said.json["rows"]
    assert "Everything is read instead of one user: AWS refused sso:ListAccountAssignmentsForPrincipal" in again.err


def test_explain_says_what_a_user_and_a_group_open(cli: Cli, aws: None) -> None:
    assert "access:" not in cli("explain", "a@corp.example").out
    assert cli("access").code == 0
    said = cli("explain", "a@corp.example").out
    assert "  access: Admin on development (222222222222), through dev: AdministratorAccess\n" in said
    assert "  access: application Open\n  access: application Wiki\n  access: as AWS was read just now" in said
    assert "  sessions: After a deactivation, sessions may run for up to 9 h. To see how to end them: " in said
    assert "end them: scim-bridge access sessions a@" in said
    [group] = cli("explain", "dev", "--output", "json").json
    assert [(w["via"], w["account"], w["permission_set"]) for w in group["access"]["ways"]] == [
        (None, "development", "Admin")
    ]
    assert group["access"]["applications"] == ["Wiki"]
    assert group["access"]["as_of"].endswith("Z")
    said = cli("explain", "c@corp.example").out
    assert "  access: application Open\n  access: as" in said
    assert "  sessions: After a deactivation, sessions may run for up to 8 h" in said
