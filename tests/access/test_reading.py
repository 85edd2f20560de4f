"""Reading who may enter what, by real boto3: complete, counted once, cheap, and honest about what was not read."""

import os
from typing import Any

import pytest

from scim_bridge.access.assignments_reading import cost
from scim_bridge.access.aws import Aws
from scim_bridge.access.graph import access_rows, application_rows, asleep, orphan_rows
from scim_bridge.access.refusal import NotReadable
from scim_bridge.model.access import ALL_USERS, AccessReading
from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox
from tests.access.conftest import Reader, person

POLICY = "arn:aws:iam::aws:policy/"
CLOUD: dict[str, Any] = {
    "accounts": {"111111111111": "one", "222222222222": "two"},
    "permission_sets": [
        {"name": "Admin", "managed": [f"{POLICY}AdministratorAccess"], "duration": "PT4H"},
        {"name": "Power", "managed": [f"{POLICY}PowerUserAccess"], "boundary": "Fence"},
    ],
    "assignments": [
        {"group": "dev", "accounts": ["one", "two"], "permission_set": "Admin"},
        {"user": "ann@corp.example", "accounts": ["one"], "permission_set": "Admin"},
        {"user": "ben@corp.example", "accounts": ["one"], "permission_set": "Power"},
    ],
}
PEOPLE = {
    "users": [person("ann"), person("ben"), person("cleo", active=False)],
    "groups": [{"displayName": "dev", "members": ["ann@corp.example", "cleo@corp.example"]}, {"displayName": "idle"}],
}


def ways(reading: AccessReading) -> list[tuple[str, str | None, str, str]]:
    return [(r.user[:4].strip("@"), r.via, r.account, r.permission_set) for r in access_rows(reading)]


def test_every_way_in_is_there_once_directly_and_through_groups(sandbox: Sandbox, read: Reader) -> None:
    sandbox.seed(PEOPLE | CLOUD)
    reading = read()
    assert ways(reading) == [
        ("ann", None, "one", "Admin"),
        ("ann", "dev", "one", "Admin"),
        ("ann", "dev", "two", "Admin"),
        ("ben", None, "one", "Power"),
    ]
    assert asleep(reading) == {"cleo@corp.example": 2}
    assert reading.warnings == ()
    assert {s.name: (s.seconds, s.limited_by) for s in reading.sets.values()} == {
        "Admin": (14400, ""),
        "Power": (3600, "Fence"),
    }


def test_power_becomes_more_where_identity_center_is_administered(sandbox: Sandbox, read: Reader) -> None:
    entered = {"assignments": [{"user": "ben@corp.example", "accounts": ["one", "two"], "permission_set": "Power"}]}
    sandbox.seed(PEOPLE | CLOUD | entered | {"delegated": "222222222222"})
    levels = {row.account: (row.level, row.allows[-1]) for row in access_rows(read())}
    assert levels == {
        "one": ("power", "limited by Fence"),
        "two": ("can-become-administrator", "limited by Fence"),
    }


@pytest.mark.parametrize("state", ["ACTIVE", "PENDING_CLOSURE", "SUSPENDED", "CLOSED"])
@pytest.mark.parametrize("knob", ["both", "state", "status"])
def test_an_account_whose_closure_is_pending_can_still_be_entered(
    sandbox: Sandbox, read: Reader, state: str, knob: Any
) -> None:
    sandbox.app.knobs = Knobs(rate=None, aws_rate=None, account_state=knob)
    accounts = {"111111111111": {"name": "one", "state": state}, "222222222222": "two"}
    sandbox.seed(PEOPLE | CLOUD | {"accounts": accounts})
    assert ("ann", "dev", "two", "Admin") in ways(read())
    assert (("ann", None, "one", "Admin") in ways(read())) is (state in ("ACTIVE", "PENDING_CLOSURE"))


def test_empty_pages_end_nothing(sandbox: Sandbox, read: Reader) -> None:
    sandbox.seed(PEOPLE | CLOUD)
    expected = ways(read())
    sandbox.app.knobs = Knobs(rate=None, aws_rate=None, empty_pages=True)
    assert ways(read()) == expected


def test_an_assignment_whose_principal_is_gone_is_an_orphan_and_no_way_in(sandbox: Sandbox, read: Reader) -> None:
    sandbox.seed(PEOPLE | CLOUD | {"applications": [{"name": "Wiki", "users": ["ann@corp.example"]}]})
    store = sandbox.app.store
    ann = store.users.find("userName", "ann@corp.example")
    assert ann is not None
    store.delete("User", ann.id, with_assignments=False)
    reading = read()
    assert ways(reading) == [("ben", None, "one", "Power")]
    assert [(o.kind, o.principal_id, o.account, o.permission_set) for o in orphan_rows(reading)] == [
        ("user", ann.id, "Wiki", None),
        ("user", ann.id, "one", "Admin"),
    ]


def test_applications_name_who_has_them_and_those_that_all_users_have(sandbox: Sandbox, read: Reader) -> None:
    applications = [
        {"name": "Wiki", "groups": ["dev"], "users": ["ben@corp.example"]},
        {"name": "Open", "is_assignment_required": False},
        {"name": "Hidden", "visibility": "DISABLED"},
    ]
    sandbox.seed(PEOPLE | CLOUD | {"applications": applications})
    reading = read()
    assert [(r.user, r.via, r.application) for r in application_rows(reading)] == [
        (None, ALL_USERS, "Open"),
        ("ann@corp.example", "dev", "Wiki"),
        ("ben@corp.example", None, "Wiki"),
    ]
    assert [a.name for a in reading.applications.values() if not a.has_tile] == ["Hidden"]


def test_existing_roles_are_a_second_kind_of_way_in(sandbox: Sandbox, read: Reader) -> None:
    role = "arn:aws:iam::222222222222:role/Operator"
    sandbox.seed(PEOPLE | CLOUD | {"roles": [{"group": "dev", "account": "two", "role": role}]})
    assert ("ann", "dev", "two", "role Operator") in ways(read())


def test_attributes_for_access_control_are_read(sandbox: Sandbox, read: Reader) -> None:
    sandbox.seed(PEOPLE | CLOUD)
    assert read().tags == {}
    sandbox.seed({"attributes": {"costCenter": "${path:enterprise.costCenter}"}})
    assert read().tags == {"costCenter": "${path:enterprise.costCenter}"}


def test_policies_that_aws_manages_are_read_once_where_that_is_allowed(sandbox: Sandbox, read: Reader) -> None:
    arn = f"{POLICY}AmazonS3ReadOnlyAccess"
    sets = [{"name": name, "managed": [arn]} for name in ("A", "B")]
    sandbox.seed({"permission_sets": sets})
    assert [s.allowed.words for s in read().sets.values()] == [("AmazonS3ReadOnlyAccess (known by name only)",)] * 2
    assert "iam:GetPolicy" in read().warnings[0]
    document = {"Statement": {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}}
    sandbox.seed({"policies": {arn: document}})
    sandbox.aws_calls.clear()
    reading = read()
    assert [(s.allowed.level, s.allowed.words) for s in reading.sets.values()] == [("read", ("S3 read",))] * 2
    assert (sandbox.aws_calls["iam:GetPolicyVersion"], reading.warnings) == (1, ())


REQUIRED = [
    "sso:ListInstances", "sso:ListPermissionSets", "sso:ListAccountAssignments",
    "sso:ListAccountsForProvisionedPermissionSet", "identitystore:ListUsers", "identitystore:ListGroups",
    "identitystore:ListGroupMemberships",
]  # fmt: skip
OPTIONAL = [
    "organizations:DescribeOrganization", "organizations:ListDelegatedAdministrators", "organizations:ListAccounts",
    "sso:DescribeInstance", "sso:DescribePermissionSet", "sso:ListManagedPoliciesInPermissionSet",
    "sso:ListCustomerManagedPolicyReferencesInPermissionSet", "sso:GetInlinePolicyForPermissionSet",
    "sso:GetPermissionsBoundaryForPermissionSet", "sso:ListApplications", "sso:ListApplicationAssignments",
    "sso:GetApplicationAssignmentConfiguration", "account-access:ListApplications", "account-access:ListEntitlements",
    "sso:DescribeInstanceAccessControlAttributeConfiguration",
]  # fmt: skip
EVERYTHING = CLOUD | {
    "applications": [{"name": "Wiki", "groups": ["dev"]}],
    "roles": [{"group": "dev", "account": "two", "role": "arn:aws:iam::222222222222:role/Operator"}],
}


@pytest.mark.parametrize("call", REQUIRED)
def test_what_cannot_be_done_without_names_the_action_the_account_and_the_statement(
    sandbox: Sandbox, read: Reader, call: str
) -> None:
    sandbox.seed(PEOPLE | EVERYTHING)
    sandbox.fail(Fault("forbidden", path=f"aws/{call}"))
    with pytest.raises(NotReadable) as refused:
        read()
    statement = f'{{"Effect":"Allow","Action":"{call}","Resource":"*"}}'
    assert str(refused.value).startswith(f"AWS refused {call} from account 999999999999 (AccessDeniedException). Add ")
    assert statement in str(refused.value)


@pytest.mark.parametrize("call", OPTIONAL)
def test_what_may_be_missing_is_a_warning_with_the_action_and_the_statement(
    sandbox: Sandbox, read: Reader, call: str
) -> None:
    sandbox.seed(PEOPLE | EVERYTHING)
    expected = len(ways(read()))
    sandbox.fail(Fault("forbidden", path=f"aws/{call}"))
    reading = read()
    warning = next(each for each in reading.warnings if f'"Action":"{call}"' in each)
    assert f'AWS refused {call} from account 999999999999 (AccessDeniedException). Add {{"Effect"' in warning
    assert len(ways(reading)) == expected - call.startswith("account-access") * 1


def test_a_throttled_call_is_sent_again_until_patience_is_over(sandbox: Sandbox, read: Reader) -> None:
    sandbox.seed(PEOPLE | CLOUD)
    sandbox.fail(Fault("throttle", path="aws/sso:ListAccountAssignments", left=2))
    assert len(ways(read())) == 4
    sandbox.fail(Fault("throttle", path="aws/sso:ListAccountAssignments"))
    with pytest.raises(NotReadable, match=r"AWS throttles sso:ListAccountAssignments .*Try again later"):
        read(patience=0.0)


def test_an_expired_session_says_so(sandbox: Sandbox, read: Reader) -> None:
    sandbox.fail(Fault("unauthorized", path="aws/"))
    with pytest.raises(NotReadable, match=r"session of these AWS credentials has expired.*Sign in again"):
        read()


def test_without_credentials_it_says_where_to_put_them(sandbox: Sandbox, read: Reader) -> None:
    del os.environ["AWS_ACCESS_KEY_ID"]
    with pytest.raises(NotReadable, match=r"could not be asked for sso:ListInstances \((NoCredentials|PartialCred)"):
        read()


def test_of_two_instances_the_organizations_own_is_read(sandbox: Sandbox, read: Reader) -> None:
    own = {"arn": "arn:aws:sso:::instance/ssoins-aaaaaaaaaaaaaaaa", "store": "d-aaaaaaaaaa", "owner": "111111111111"}
    ours = {"owner": "999999999999"}
    sandbox.seed(PEOPLE | CLOUD | {"instances": [own, ours]})
    assert read().instance.store == "d-9067a1b2c3"
    sandbox.fail(Fault("forbidden", path="aws/organizations:DescribeOrganization"))
    with pytest.raises(NotReadable, match=r"see 2 IAM Identity Center instances \(.*AWS refused organizations:Desc"):
        read()


def test_an_instance_without_permission_sets_still_has_applications(sandbox: Sandbox, read: Reader) -> None:
    sandbox.seed(PEOPLE | {"instances": [{"has_permission_sets": False}], "applications": [{"name": "Wiki"}]})
    reading = read()
    assert (reading.sets, len(reading.applications)) == ({}, 1)


def test_a_region_without_an_instance_is_named(sandbox: Sandbox, read: Reader) -> None:
    sandbox.seed({"instances": []})
    with pytest.raises(NotReadable, match="see no IAM Identity Center instance in eu-west-1"):
        read()


def test_without_the_list_of_accounts_the_permission_sets_say_which_there_are(sandbox: Sandbox, read: Reader) -> None:
    sandbox.seed(PEOPLE | CLOUD)
    sandbox.fail(Fault("forbidden", path="aws/organizations:ListAccounts"))
    assert ("ann", None, "111111111111", "Admin") in ways(read())


@pytest.mark.parametrize(
    ("accounts", "sets", "is_by_set"), [(300, 10, True), (5, 300, False), (1, 1, True), (101, 60, False)]
)
def test_the_cheaper_way_to_the_pairs_is_counted_first(accounts: int, sets: int, is_by_set: bool) -> None:
    assert cost(accounts, sets).is_by_set is is_by_set


def test_many_permission_sets_and_few_accounts_are_read_by_account(sandbox: Sandbox, read: Reader) -> None:
    sandbox.seed(PEOPLE | CLOUD)
    by_set = ways(read())
    sandbox.seed({"permission_sets": [{"name": f"Spare{n}"} for n in range(9)]})
    sandbox.aws_calls.clear()
    assert ways(read()) == by_set
    assert sandbox.aws_calls["sso:ListPermissionSetsProvisionedToAccount"] == 3
    assert sandbox.aws_calls["sso:ListAccountsForProvisionedPermissionSet"] == 0


def test_a_call_for_a_user_may_leave_out_what_comes_through_groups(sandbox: Sandbox, read: Reader) -> None:
    sandbox.seed(PEOPLE | CLOUD)
    sandbox.app.knobs = Knobs(rate=None, aws_rate=None, user_assignments="direct")
    assert len(ways(read())) == 4


def test_no_budget_gets_more_than_its_requests_a_second() -> None:
    waited: list[float] = []
    now = [0.0]

    def wait(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    aws = Aws("eu-west-1", 10, clock=lambda: now[0], wait=wait)
    for _ in range(11):
        aws.pace.wait_for_turn("sso:ListInstances")
        aws.pace.wait_for_turn("identitystore:ListUsers")
    assert now[0] == pytest.approx(1.0)
    for _ in range(9):
        aws.pace.wait_for_turn("organizations:ListAccounts")
    assert now[0] == pytest.approx(2.0)
