"""The smallest policy with which everything is read: `access policy` prints it, and refusals name parts of it.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from typing import Any

READS: dict[str, tuple[str, ...]] = {
    "ReadAssignments": (
        "sso:ListInstances", "sso:DescribeInstance", "sso:ListPermissionSets", "sso:DescribePermissionSet",
        "sso:ListPermissionSetsProvisionedToAccount", "sso:ListAccountsForProvisionedPermissionSet",
        "sso:ListAccountAssignments", "sso:ListAccountAssignmentsForPrincipal",
        "sso:ListManagedPoliciesInPermissionSet", "sso:ListCustomerManagedPolicyReferencesInPermissionSet",
        "sso:GetInlinePolicyForPermissionSet", "sso:GetPermissionsBoundaryForPermissionSet", "sso:ListApplications",
        "sso:ListApplicationAssignments", "sso:ListApplicationAssignmentsForPrincipal",
        "sso:GetApplicationAssignmentConfiguration", "sso:ListRegions", "sso:ListTrustedTokenIssuers",
        "sso:DescribeInstanceAccessControlAttributeConfiguration",
    ),
    "ReadUsersAndGroups": (
        "identitystore:ListUsers", "identitystore:ListGroups", "identitystore:ListGroupMemberships",
        "identitystore:ListGroupMembershipsForMember", "identitystore:DescribeUser", "identitystore:DescribeGroup",
        "identitystore:GetUserId",
    ),
    "ReadAccounts": (
        "organizations:ListAccounts", "organizations:DescribeOrganization",
        "organizations:ListDelegatedAdministrators",
    ),
    "ReadRoles": ("account-access:ListApplications", "account-access:ListEntitlements"),
}  # fmt: skip
"""What is called, by the Sid of its statement. A test holds it to what a reading really calls."""
POLICIES = ("iam:GetPolicy", "iam:GetPolicyVersion")


def read_only_policy() -> dict[str, Any]:
    """A policy document for the credentials of `access`. None of its actions can write, and none needs a SCIM token."""
    statements: list[dict[str, Any]] = [
        {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": "*"} for sid, actions in READS.items()
    ]
    policies = "arn:aws:iam::aws:policy/*"
    statements.append({"Sid": "ReadPoliciesOfAws", "Effect": "Allow", "Action": list(POLICIES), "Resource": policies})
    return {"Version": "2012-10-17", "Statement": statements}
