"""The AWS APIs of the sandbox, asked by boto3: the users of SCIM, paging, quota, refusals, asynchronous writes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.exceptions
import httpx
import pytest
from botocore.config import Config

from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox
from tests.fakes import FakeClock

NAME = {"givenName": "A", "familyName": "B"}
STORE = "d-9067a1b2c3"
PEOPLE = {
    "users": [
        {"userName": f"{n}@x.example", "displayName": n, "name": NAME, "externalId": f"e-{n}"} for n in ("ann", "ben")
    ],
    "groups": [{"displayName": "dev", "members": ["ann@x.example"]}],
    "accounts": {"111111111111": "one", "222222222222": {"name": "two", "state": "PENDING_CLOSURE"}},
    "permission_sets": [{"name": "Admin", "managed": ["arn:aws:iam::aws:policy/job-function/Billing"]}],
    "assignments": [
        {"group": "dev", "accounts": ["one", "two"], "permission_set": "Admin"},
        {"user": "ann@x.example", "accounts": ["one"], "permission_set": "Admin"},
    ],
    "applications": [{"name": "Wiki", "groups": ["dev"]}, {"name": "Open", "is_assignment_required": False}],
    "roles": [{"user": "ben@x.example", "account": "two", "role": "arn:aws:iam::222222222222:role/Ops"}],
    "attributes": {"costCenter": "${path:enterprise.costCenter}"},
    "policies": {"arn:aws:iam::aws:policy/job-function/Billing": {"Statement": []}},
}


def client(sandbox: Sandbox, service: str) -> Any:
    once = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=2, read_timeout=20)
    return boto3.client(
        service,
        endpoint_url=sandbox.aws_url,
        region_name="eu-west-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=once,
    )


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        sandbox.seed(PEOPLE)
        yield sandbox


class Asked:
    """Calls of one sandbox, with the instance filled in."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.admin, self.store = client(sandbox, "sso-admin"), client(sandbox, "identitystore")
        self.organizations = client(sandbox, "organizations")
        self.instance = self.admin.list_instances()["Instances"][0]["InstanceArn"]
        self.set = self.admin.list_permission_sets(InstanceArn=self.instance)["PermissionSets"][0]

    def user(self, name: str) -> str:
        how = {"UniqueAttribute": {"AttributePath": "userName", "AttributeValue": name}}
        return str(self.store.get_user_id(IdentityStoreId=STORE, AlternateIdentifier=how)["UserId"])

    def held(self, user_id: str) -> list[tuple[str, str]]:
        rows = self.admin.list_account_assignments_for_principal(
            InstanceArn=self.instance, PrincipalId=user_id, PrincipalType="USER"
        )["AccountAssignments"]
        return sorted((row["AccountId"][:1], row["PrincipalType"]) for row in rows)


@pytest.fixture
def asked(sandbox: Sandbox) -> Asked:
    return Asked(sandbox)


def test_the_users_are_those_of_scim(sandbox: Sandbox, asked: Asked) -> None:
    auth = {"authorization": f"Bearer {sandbox.token}"}
    body = {"userName": "cleo@x.example", "displayName": "Cleo", "name": NAME, "active": False}
    made = httpx.post(f"{sandbox.url}/Users", json=body, headers=auth).json()
    users = {u["UserName"]: u for u in asked.store.list_users(IdentityStoreId=STORE)["Users"]}
    assert users["cleo@x.example"]["UserId"] == made["id"]
    assert users["cleo@x.example"]["UserStatus"] == "DISABLED"
    assert users["ann@x.example"]["ExternalIds"][0]["Id"] == "e-ann"


def test_a_user_is_found_without_regard_to_case_and_renamed_under_its_revision(asked: Asked) -> None:
    ann = asked.user("ANN@x.example")
    seen = asked.store.describe_user(IdentityStoreId=STORE, UserId=ann)
    rename = [{"AttributePath": "userName", "AttributeValue": "anna@x.example"}]
    about = {"IdentityStoreId": STORE, "UserId": ann, "Operations": rename}
    assert asked.store.update_user(**about, Revision=seen["Revision"])["Revision"] != seen["Revision"]
    assert asked.user("anna@x.example") == ann
    with pytest.raises(botocore.exceptions.ClientError, match="ConflictException"):
        asked.store.update_user(**about, Revision=seen["Revision"])
    rename[0]["AttributeValue"] = "BEN@x.example"
    with pytest.raises(botocore.exceptions.ClientError, match="ConflictException"):
        asked.store.update_user(**about)


def test_a_call_for_a_user_names_what_comes_through_groups_unless_a_knob_says_otherwise(
    sandbox: Sandbox, asked: Asked
) -> None:
    ann = asked.user("ann@x.example")
    assert asked.held(ann) == [("1", "GROUP"), ("1", "USER"), ("2", "GROUP")]
    sandbox.app.knobs = Knobs(rate=None, aws_rate=None, user_assignments="direct")
    assert asked.held(ann) == [("1", "USER")]


def test_assignments_outlive_a_user_who_is_deleted(sandbox: Sandbox, asked: Asked) -> None:
    ann = asked.user("ann@x.example")
    sandbox.app.store.delete("User", ann, with_assignments=False)
    assert asked.held(ann) == [("1", "USER")]


def test_pages_may_be_empty_and_carry_a_token_all_the_same(sandbox: Sandbox, asked: Asked) -> None:
    sandbox.seed({"accounts": {f"{n:012d}": f"n{n}" for n in range(25)}})
    sandbox.app.knobs = Knobs(rate=None, aws_rate=None, empty_pages=True)
    pages = list(asked.organizations.get_paginator("list_accounts").paginate())
    assert [len(page["Accounts"]) for page in pages] == [0, 20, 0, 8]


@pytest.mark.parametrize(
    ("knob", "shown"), [("both", {"State", "Status"}), ("state", {"State"}), ("status", {"Status"})]
)
def test_an_account_has_a_state_a_status_or_both(sandbox: Sandbox, asked: Asked, knob: Any, shown: set[str]) -> None:
    sandbox.app.knobs = Knobs(aws_rate=None, account_state=knob)
    account = asked.organizations.list_accounts()["Accounts"][-1]
    assert account.keys() & {"State", "Status"} == shown
    assert {account[name] for name in shown} == {"PENDING_CLOSURE"}


def test_all_calls_of_sso_admin_have_one_quota_and_each_of_identitystore_its_own() -> None:
    clock = FakeClock()
    with Sandbox(Knobs(aws_rate=20), clock=clock) as sandbox:
        admin, store = client(sandbox, "sso-admin"), client(sandbox, "identitystore")
        for _ in range(20):
            admin.list_instances()
            store.list_users(IdentityStoreId=STORE)
        with pytest.raises(botocore.exceptions.ClientError, match="ThrottlingException"):
            admin.list_permission_sets(InstanceArn="arn:aws:sso:::instance/ssoins-7223a1b2c3d4e5f6")
        assert store.list_groups(IdentityStoreId=STORE)["Groups"] == []
        clock.wait(1.0)
        assert admin.list_instances()["Instances"]
        assert sandbox.app.aws.throttled == 1


def test_a_chosen_call_is_denied_throttled_or_has_an_expired_session(sandbox: Sandbox, asked: Asked) -> None:
    kinds: list[tuple[Any, str]] = [
        ("forbidden", "AccessDeniedException"),
        ("unauthorized", "ExpiredTokenException"),
        ("throttle", "ThrottlingException"),
        ("error", "InternalServerException"),
    ]
    for kind, code in kinds:
        sandbox.fail(Fault(kind, path="aws/sso:ListPermissionSets"))
        with pytest.raises(botocore.exceptions.ClientError, match=code):
            asked.admin.list_permission_sets(InstanceArn=asked.instance)
        assert asked.admin.list_instances()["Instances"]


def test_an_assignment_is_there_when_its_request_has_succeeded() -> None:
    times = [datetime(2026, 11, 28, tzinfo=UTC)]
    with Sandbox(Knobs(rate=None, aws_rate=None, assignment_delay=60), now=lambda: times[-1]) as sandbox:
        sandbox.seed(PEOPLE)
        asked = Asked(sandbox)
        ben = asked.user("ben@x.example")
        about = {
            "InstanceArn": asked.instance, "TargetId": "111111111111", "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": asked.set, "PrincipalType": "USER",
        }  # fmt: skip
        made = asked.admin.create_account_assignment(**about, PrincipalId=ben)["AccountAssignmentCreationStatus"]
        lost = asked.admin.create_account_assignment(**about, PrincipalId="0000000000-" + ben)
        assert (made["Status"], asked.held(ben)) == ("IN_PROGRESS", [])

        def status(number: str) -> dict[str, Any]:
            told = asked.admin.describe_account_assignment_creation_status(
                InstanceArn=asked.instance, AccountAssignmentCreationRequestId=number
            )
            return dict(told["AccountAssignmentCreationStatus"])

        assert status(made["RequestId"])["Status"] == "IN_PROGRESS"
        times.append(times[0] + timedelta(seconds=60))
        assert status(made["RequestId"])["Status"] == "SUCCEEDED"
        assert asked.held(ben) == [("1", "USER")]
        failed = status(lost["AccountAssignmentCreationStatus"]["RequestId"])
        assert failed["Status"] == "FAILED"
        assert "was not found in directory d-" in failed["FailureReason"]


def test_applications_boundaries_roles_attributes_and_policies(sandbox: Sandbox, asked: Asked) -> None:
    wiki, open_one = asked.admin.list_applications(InstanceArn=asked.instance)["Applications"]
    required = asked.admin.get_application_assignment_configuration
    assert [required(ApplicationArn=a["ApplicationArn"])["AssignmentRequired"] for a in (wiki, open_one)] == [
        True,
        False,
    ]
    [use] = asked.admin.list_application_assignments(ApplicationArn=wiki["ApplicationArn"])["ApplicationAssignments"]
    assert use["PrincipalType"] == "GROUP"
    with pytest.raises(botocore.exceptions.ClientError, match="ResourceNotFoundException"):
        asked.admin.get_permissions_boundary_for_permission_set(InstanceArn=asked.instance, PermissionSetArn=asked.set)
    manager = client(sandbox, "account-access")
    [made] = manager.list_applications()["applications"]
    found = manager.list_entitlements(
        applicationArn=made["applicationArn"], filter={"principalRole": {"account": "222222222222"}}
    )
    role = found["entitlements"][0]["entitlement"]["principalRole"]
    assert (role["roleArn"][-3:], role["principal"]["identityCenter"]) == (
        "Ops",
        {"userId": asked.user("ben@x.example")},
    )
    iam, arn = client(sandbox, "iam"), "arn:aws:iam::aws:policy/job-function/Billing"
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert document == {"Statement": []}


def test_what_the_sandbox_lacks_is_refused_in_words(asked: Asked) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match=r"The sandbox has no sso:ListApplicationProviders"):
        asked.admin.list_application_providers()


def test_a_seed_that_does_not_fit_changes_nothing(sandbox: Sandbox, asked: Asked) -> None:
    wrong = {
        "accounts": {"333333333333": "three"},
        "assignments": [{"user": "x", "accounts": ["no"], "permission_set": "Admin"}],
    }
    with pytest.raises(ValueError, match="there is no account 'no'"):
        sandbox.seed(wrong)
    assert len(asked.organizations.list_accounts()["Accounts"]) == 3
