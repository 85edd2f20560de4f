"""The role that AWS makes of a permission set in an account, as IAM, CloudTrail and resource policies name it. Pure.

Its name ends with 16 characters that AWS chooses, and that are others once the last assignment of the set in that
account was removed and one was made again. So `*` stands for them, as ArnLike takes it:
https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
"""

from scim_bridge.model.access import Instance, PermissionSet

_NO_REGION = "us-east-1"
"""Roles of an instance in this Region have no Region in their path."""


def role_pattern(instance: Instance, account: str, held: PermissionSet) -> str:
    """The ARN to search for. A role that is assigned as it is has its own ARN."""
    if held.is_role:
        return held.arn
    partition = instance.arn.split(":")[1] if instance.arn.count(":") > 1 else "aws"
    place = {"": "*", _NO_REGION: ""}.get(instance.region, f"{instance.region}/")
    return f"arn:{partition}:iam::{account}:role/aws-reserved/sso.amazonaws.com/{place}AWSReservedSSO_{held.name}_*"
