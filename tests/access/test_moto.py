"""The same reading against moto, a second opinion: as far as it goes, it shows the sample organization row for row.

moto lists what is provisioned only for each account, knows no applications, boundaries and attributes, and gives users
no status, so that the reading has warnings there.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from scim_bridge.access.aws import Aws as Asked
from scim_bridge.access.graph import access_rows
from scim_bridge.access.reading import read_access
from scim_bridge.model.protocol import silent
from scim_bridge.sandbox.server import Sandbox
from tests.access.conftest import NOW
from tests.aws import REGION, Aws, environment_at, environment_of, served

SAMPLE = Path(__file__).parents[2] / "scim_bridge" / "sample"
Row = tuple[str, str | None, str, str, tuple[str, ...]]


@pytest.fixture(scope="module")
def server() -> Iterator[Aws]:
    with served() as aws:
        yield aws


def _rows() -> list[Row]:
    aws = Asked(REGION, 10_000)
    reading = read_access(aws, NOW, silent)
    aws.close()
    return sorted((r.user, r.via, r.account, r.permission_set, r.allows) for r in access_rows(reading))


def _put_people(aws: Aws, people: dict[str, Any], store: str) -> dict[str, str]:
    """Users and groups in moto; the ids of the groups by name."""
    identity = aws.client("identitystore")
    users, groups = {}, {}
    for user in people["users"]:
        name = {"GivenName": user["name"]["givenName"], "FamilyName": user["name"]["familyName"]}
        about = {"UserName": user["userName"], "DisplayName": user["displayName"], "Name": name}
        users[user["userName"]] = identity.create_user(IdentityStoreId=store, **about)["UserId"]
    for group in people["groups"]:
        made = identity.create_group(IdentityStoreId=store, DisplayName=group["displayName"])["GroupId"]
        groups[group["displayName"]] = made
        for member in group["members"]:
            who = {"UserId": users[member]}
            identity.create_group_membership(IdentityStoreId=store, GroupId=made, MemberId=who)
    return groups


def _put_cloud(aws: Aws, cloud: dict[str, Any], groups: dict[str, str]) -> None:
    admin = aws.client("sso-admin")
    instance = admin.list_instances()["Instances"][0]["InstanceArn"]
    accounts = {name: aws.account(name) for number, name in cloud["accounts"].items() if number != cloud["management"]}
    arns = {}
    # More sets than accounts: it is then cheaper to ask by account, which is the one of the two ways that moto knows.
    spare = [{"name": f"Spare{number}"} for number in range(4)]
    for one in [*cloud["permission_sets"], *spare]:
        asked = {"InstanceArn": instance}
        made = admin.create_permission_set(**asked, Name=one["name"])["PermissionSet"]["PermissionSetArn"]
        asked = arns[one["name"]] = {"InstanceArn": instance, "PermissionSetArn": made}
        if "inline" in one:
            admin.put_inline_policy_to_permission_set(**asked, InlinePolicy=json.dumps(one["inline"]))
        for arn in one.get("managed", ()):
            if "/job-function/" not in arn:  # moto does not find these
                admin.attach_managed_policy_to_permission_set(**asked, ManagedPolicyArn=arn)
        admin.provision_permission_set(**asked, TargetType="ALL_PROVISIONED_ACCOUNTS")
    for one in cloud["assignments"]:
        for account in one["accounts"]:
            admin.create_account_assignment(
                **arns[one["permission_set"]],
                TargetId=accounts[account],
                TargetType="AWS_ACCOUNT",
                PrincipalType="GROUP",
                PrincipalId=groups[one["group"]],
            )


def test_the_sample_organization_is_the_same_from_the_sandbox_and_from_moto(server: Aws) -> None:
    people = orjson.loads((SAMPLE / "target.json").read_bytes())
    cloud = orjson.loads((SAMPLE / "access.json").read_bytes())
    with Sandbox() as sandbox, environment_at(sandbox.aws_url):
        sandbox.seed(people | cloud)
        expected = _rows()
    assert len(expected) == 8
    server.begin()
    store = server.client("sso-admin").list_instances()["Instances"][0]["IdentityStoreId"]
    with environment_of(server):
        _put_cloud(server, cloud, _put_people(server, people, store))
        found = _rows()
    # billing comes from a policy that moto cannot attach
    assert found == [(*row[:4], tuple(word for word in row[4] if word != "billing")) for row in expected]
