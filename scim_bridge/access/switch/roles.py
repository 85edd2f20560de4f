"""The roles that AWS makes of permission sets, as patterns to search for. Pure.

`AWSReservedSSO_<permission set>_<16 hex>` under the path aws-reserved/sso.amazonaws.com/, with the Region after it,
except where the instance is in us-east-1 (User guide, referencingpermissionsets). The suffix is another one each time
the role is made, so a pattern is all that can be searched for without IAM access to the account.
"""

from collections.abc import Iterator

from scim_bridge.model.access import AccessReading

_PARTITIONS = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("us-iso-", "aws-iso"), ("eusc-", "aws-eusc"))
_WITHOUT_REGION = "us-east-1"


def role_patterns(reading: AccessReading, region: str) -> Iterator[tuple[str, str, str]]:
    """Permission set, account, and the ARN to search for: one for each pair that has an assignment."""
    pairs = {(edge.account, edge.permission_set) for edge in reading.edges}
    named = sorted((reading.sets[arn].name, account) for account, arn in pairs if not reading.sets[arn].is_role)
    for name, account in named:
        yield name, f"{reading.accounts[account].name} ({account})", role_arn(name, account, region)


def role_arn(permission_set: str, account: str, region: str) -> str:
    """The ARN of the role of this set in this account, with * for what no one can know."""
    partition = next((found for start, found in _PARTITIONS if region.startswith(start)), "aws")
    place = "" if region == _WITHOUT_REGION else f"{region}/"
    path = f"role/aws-reserved/sso.amazonaws.com/{place}AWSReservedSSO_{permission_set}_*"
    return f"arn:{partition}:iam::{account}:{path}"
