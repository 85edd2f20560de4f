"""The role that AWS makes of a permission set, by its pattern."""

import pytest

from scim_bridge.access.role_pattern import role_pattern
from scim_bridge.model.access import Allowed, Instance, PermissionSet

NOTHING = Allowed("unknown", ())
ADMIN = PermissionSet(arn="arn:x:ps", name="Admin_Set", allowed=NOTHING, centrally=NOTHING)
START = "iam::1:role/aws-reserved/sso.amazonaws.com/"


@pytest.mark.parametrize(
    ("arn", "region", "pattern"),
    [
        ("arn:aws:sso:::instance/ssoins-1", "eu-west-1", f"arn:aws:{START}eu-west-1/AWSReservedSSO_Admin_Set_*"),
        ("arn:aws:sso:::instance/ssoins-1", "us-east-1", f"arn:aws:{START}AWSReservedSSO_Admin_Set_*"),
        ("arn:aws:sso:::instance/ssoins-1", "", f"arn:aws:{START}*AWSReservedSSO_Admin_Set_*"),
        (
            "arn:aws-cn:sso:::instance/ssoins-1",
            "cn-north-1",
            f"arn:aws-cn:{START}cn-north-1/AWSReservedSSO_Admin_Set_*",
        ),
    ],
)
def test_the_path_depends_on_the_region_of_the_instance(arn: str, region: str, pattern: str) -> None:
    assert role_pattern(Instance(arn, "d-1", region=region), "1", ADMIN) == pattern


def test_a_role_that_is_assigned_as_it_is_has_its_own_arn() -> None:
    role = PermissionSet(arn="arn:aws:iam::1:role/X", name="role X", allowed=NOTHING, centrally=NOTHING, is_role=True)
    assert role_pattern(Instance("arn:aws:sso:::instance/i", "d-1"), "1", role) == "arn:aws:iam::1:role/X"
