"""Which instance of Identity Center is meant: an account may see its own beside the organization's.

singlesignon/latest/userguide/identity-center-instances.html
"""

from collections.abc import Sequence
from typing import Any

from scim_bridge.access.aws import Aws
from scim_bridge.access.refusal import NotReadable


def find_instance(aws: Aws) -> dict[str, Any]:
    """The instance of this Region, as ListInstances shows it: the organization's, if there are two.

    Raises NotReadable if there is none, or if nothing tells which of two is the organization's.
    """
    seen = aws.every("sso:ListInstances", "Instances")
    active = [one for one in seen if one.get("Status", "ACTIVE") == "ACTIVE"]
    if not active:
        raise NotReadable(
            f"these AWS credentials see no IAM Identity Center instance in {aws.region}",
            "Set access.region to the Region of the instance, and use credentials of its account.",
        )
    return dict(active[0] if len(active) == 1 else _organizations_own(aws, active))


def _organizations_own(aws: Aws, active: Sequence[dict[str, Any]]) -> dict[str, Any]:
    try:
        about = aws.ask("organizations:DescribeOrganization")["Organization"]
    except NotReadable as refused:
        named = " and ".join(str(one["InstanceArn"]) for one in active)
        raise NotReadable(
            f"these AWS credentials see {len(active)} IAM Identity Center instances ({named}), and {refused.what}",
            refused.way_out,
            code=refused.code,
        ) from None
    owner = about["MasterAccountId"]
    owned = [one for one in active if one.get("OwnerAccountId") == owner]
    if len(owned) != 1:
        raise NotReadable(
            f"these AWS credentials see {len(active)} IAM Identity Center instances in {aws.region}, none of them "
            f"owned by the management account {owner}",
            f"Use credentials of account {owner}, or of its delegated administrator.",
        )
    return owned[0]
