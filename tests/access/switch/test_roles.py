"""The ARNs to search for, and by what applications know their users."""

import pytest

from scim_bridge.access.switch.applications import keeps_by
from scim_bridge.access.switch.people import is_control_towers
from scim_bridge.access.switch.roles import role_arn


@pytest.mark.parametrize(
    ("region", "arn"),
    [
        ("eu-west-1", "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_*"),
        ("us-east-1", "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_*"),
        (
            "us-gov-west-1",
            "arn:aws-us-gov:iam::111111111111:role/aws-reserved/sso.amazonaws.com/us-gov-west-1/AWSReservedSSO_Admin_*",
        ),
        (
            "cn-north-1",
            "arn:aws-cn:iam::111111111111:role/aws-reserved/sso.amazonaws.com/cn-north-1/AWSReservedSSO_Admin_*",
        ),
    ],
)
def test_the_pattern_of_a_role(region: str, arn: str) -> None:
    assert role_arn("Admin", "111111111111", region) == arn


@pytest.mark.parametrize(
    ("name", "provider", "by"),
    [
        ("Amazon Managed Grafana", "arn:aws:sso::aws:applicationProvider/custom", "id"),
        ("KiroProfile-us-east-1", "arn:aws:sso::aws:applicationProvider/codewhisperer", "id"),
        ("AWS account access", "", "id"),
        ("warehouse", "arn:aws:sso::aws:applicationProvider/redshift", "name"),
        ("Wiki", "arn:aws:sso::aws:applicationProvider/custom-saml", "name"),
        ("Wiki", "arn:aws:sso::aws:applicationProvider/custom", ""),
    ],
)
def test_by_what_an_application_knows_its_users(name: str, provider: str, by: str) -> None:
    assert keeps_by(name, provider) == by


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("AWSControlTowerAdmins", True), ("awslogarchiveviewers", True), ("AWSAccountFactory", True), ("dev", False)],
)
def test_groups_of_control_tower(name: str, is_one: bool) -> None:
    assert is_control_towers(name) is is_one
