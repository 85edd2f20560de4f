"""AWS managed policies whose meaning AWS documents, so that they need not be read. By ARN, since it never changes.

IAM user guide, access_policies_job-functions, and the reference of AWS managed policies. All others are read with
iam:GetPolicyVersion where that is allowed, else they are known by name only.
"""

from collections.abc import Mapping
from typing import Any

_ADMINISTRATION = ["sso:*", "sso-directory:*", "identitystore:*"]
READ_ONLY = frozenset({"ReadOnlyAccess", "job-function/ViewOnlyAccess", "SecurityAudit", "AWSSSOReadOnly"})
"""What AWS itself calls read-only: some of their actions count as writes elsewhere."""
ADMINISTRATOR = "AdministratorAccess"
BILLING = frozenset({"aws-portal", "billing", "payments", "invoicing", "tax", "purchase-orders"})
"""Services through which an account is paid for."""
_KNOWN: Mapping[str, dict[str, Any]] = {
    ADMINISTRATOR: {"Action": "*"},
    "PowerUserAccess": {"NotAction": ["iam:*", "organizations:*", "account:*"]},
    "IAMFullAccess": {"Action": "iam:*"},
    "job-function/Billing": {"Action": [f"{prefix}:*" for prefix in sorted(BILLING)]},
    "AWSOrganizationsFullAccess": {"Action": "organizations:*"},
    "AWSSSOMasterAccountAdministrator": {"Action": _ADMINISTRATION},
    "AWSSSOMemberAccountAdministrator": {"Action": _ADMINISTRATION},
    "AWSSSODirectoryAdministrator": {"Action": _ADMINISTRATION[1:]},
}


def path_of(arn: str) -> str:
    """The policy's path and name: "job-function/Billing"."""
    return arn.partition(":policy/")[2]


def known_document(arn: str) -> dict[str, Any] | None:
    """A document with the meaning of this policy, None if it has to be read."""
    path = path_of(arn)
    if path in READ_ONLY:
        return {"Statement": []}
    known = _KNOWN.get(path)
    return {"Statement": {"Effect": "Allow", "Resource": "*", **known}} if known is not None else None
