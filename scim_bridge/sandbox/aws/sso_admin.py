"""sso-admin: instances, permission sets, applications, attributes (singlesignon/latest/APIReference).

Which accounts a set is provisioned to follows from the assignments, as at AWS. Assignments: assigning.py.
"""

from collections.abc import Mapping
from typing import Any

from scim_bridge.sandbox.aws.assigning import Assigning
from scim_bridge.sandbox.aws.page import Pages
from scim_bridge.sandbox.aws.refusal import AwsRefusal, invalid, not_found
from scim_bridge.sandbox.cloud import Application, Instance, PermissionSet
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.store import Store

_APPLICATIONS_A_PAGE = 50


class SsoAdmin(Assigning):
    """The calls, each a method of its name."""

    def __init__(self, store: Store, knobs: Knobs, pages: Pages) -> None:
        super().__init__(store, knobs)
        self._pages = pages

    def ListInstances(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102 - the calls' own names
        return self._pages.cut(given, "Instances", [self._shown(one) for one in self.cloud.instances], 10)

    def DescribeInstance(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        found = next((one for one in self.cloud.instances if one.arn == given["InstanceArn"]), None)
        if found is None:
            raise AwsRefusal("AccessDeniedException", "You do not have sufficient access to perform this action.")
        kind = "CUSTOMER_MANAGED_KEY" if found.key else "AWS_OWNED_KMS_KEY"
        encryption = {"KeyType": kind, "EncryptionStatus": "ENABLED"} | ({"KmsKeyArn": found.key} if found.key else {})
        more = {"PermissionSetsEnabled": found.has_permission_sets, "EncryptionConfigurationDetails": encryption}
        return self._shown(found) | more

    def ListRegions(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        found = self._require(given)
        shown = [
            {"RegionName": name, "Status": "ACTIVE", "IsPrimaryRegion": name == found.region}
            for name in (found.region, *found.regions)
        ]
        return self._pages.cut(given, "Regions", shown)

    def ListTrustedTokenIssuers(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        found = self._require(given)
        begin = f"arn:aws:sso::{self.cloud.management}:trustedTokenIssuer/{found.arn.rpartition('/')[2]}/tti-"
        shown = [
            {"TrustedTokenIssuerArn": f"{begin}{number:016x}", "Name": name, "TrustedTokenIssuerType": "OIDC_JWT"}
            for number, name in enumerate(found.issuers)
        ]
        return self._pages.cut(given, "TrustedTokenIssuers", shown)

    def ListPermissionSets(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        self._require_sets(given)
        return self._pages.cut(given, "PermissionSets", list(self.cloud.sets))

    def DescribePermissionSet(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        found = self._set(given)
        about: dict[str, Any] = {"Name": found.name, "PermissionSetArn": found.arn, "SessionDuration": found.duration}
        return {"PermissionSet": about | ({"Description": found.description} if found.description else {})}

    def ListPermissionSetsProvisionedToAccount(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        self._require_sets(given)
        self._settle()
        sets = {one.permission_set for one in self.cloud.assignments if one.account == given["AccountId"]}
        return self._pages.cut(given, "PermissionSets", sorted(sets))

    def ListAccountsForProvisionedPermissionSet(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        found = self._set(given)
        self._settle()
        accounts = {one.account for one in self.cloud.assignments if one.permission_set == found.arn}
        return self._pages.cut(given, "AccountIds", sorted(accounts))

    def ListAccountAssignments(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        found, account = self._set(given), given["AccountId"]
        self._settle()
        rows = [a for a in sorted(self.cloud.assignments) if a.account == account and a.permission_set == found.arn]
        return self._pages.cut(given, "AccountAssignments", [_row(one) for one in rows])

    def ListAccountAssignmentsForPrincipal(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        self._require_sets(given)
        self._settle()
        who = self._principals(given)
        only = given.get("Filter", {}).get("AccountId")
        rows = [a for a in sorted(self.cloud.assignments) if (a.kind, a.principal) in who and only in (None, a.account)]
        return self._pages.cut(given, "AccountAssignments", [_row(one) for one in rows])

    def ListManagedPoliciesInPermissionSet(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        return self._pages.cut(given, "AttachedManagedPolicies", self._set(given).managed)

    def ListCustomerManagedPolicyReferencesInPermissionSet(  # noqa: N802, D102
        self, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        return self._pages.cut(given, "CustomerManagedPolicyReferences", self._set(given).customer)

    def GetInlinePolicyForPermissionSet(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        return {"InlinePolicy": self._set(given).inline}

    def GetPermissionsBoundaryForPermissionSet(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        found = self._set(given).boundary
        if found is None:
            raise not_found("Permissions boundary")
        return {"PermissionsBoundary": found}

    def DescribeInstanceAccessControlAttributeConfiguration(  # noqa: N802, D102
        self, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        self._require(given)
        if self.cloud.attributes is None:
            raise not_found("Access control attribute configuration")
        mapped = [{"Key": k, "Value": {"Source": [source]}} for k, source in self.cloud.attributes.items()]
        told = {"AccessControlAttributes": mapped}
        return {"Status": "ENABLED", "InstanceAccessControlAttributeConfiguration": told}

    def ListApplications(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        self._require(given)
        shown = [self._application(one) for one in self.cloud.applications.values()]
        return self._pages.cut(given, "Applications", shown, _APPLICATIONS_A_PAGE)

    def ListApplicationAssignments(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        found = self._known_application(given)
        return self._pages.cut(given, "ApplicationAssignments", [_use(found, *who) for who in found.principals])

    def ListApplicationAssignmentsForPrincipal(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        self._require(given)
        who = self._principals(given)
        rows = [_use(a, *p) for a in self.cloud.applications.values() for p in a.principals if p in who]
        return self._pages.cut(given, "ApplicationAssignments", rows)

    def GetApplicationAssignmentConfiguration(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        return {"AssignmentRequired": self._known_application(given).is_assignment_required}

    def CreateApplicationAssignment(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        found, who = self._known_application(given), (given["PrincipalType"], given["PrincipalId"])
        if who not in found.principals:
            found.principals.append(who)
        return {}

    def _known_application(self, given: Mapping[str, Any]) -> Application:
        found = self.cloud.applications.get(given["ApplicationArn"])
        if found is None:
            raise not_found("Application")
        return found

    def _set(self, given: Mapping[str, Any]) -> PermissionSet:
        self._require_sets(given)
        found = self.cloud.sets.get(given["PermissionSetArn"])
        if found is None:
            raise not_found("Could not find PermissionSet with id: permission set")
        return found

    def _require(self, given: Mapping[str, Any]) -> Instance:
        found = next((one for one in self.cloud.instances if one.arn == given["InstanceArn"]), None)
        if found is None:
            raise invalid("The InstanceArn is not that of an instance of this account.")
        return found

    def _require_sets(self, given: Mapping[str, Any]) -> None:
        if not self._require(given).has_permission_sets:
            raise invalid("This operation is not supported for account instances")

    def _principals(self, given: Mapping[str, Any]) -> set[tuple[str, str]]:
        """Who counts as this principal. For a user the groups count too, unless a knob says otherwise."""
        kind, number = given["PrincipalType"], given["PrincipalId"]
        groups = self._store.groups_of.get(number, set()) if kind == "USER" else set()
        return {(kind, number)} | ({("GROUP", g) for g in groups} if self._knobs.user_assignments == "all" else set())

    def _shown(self, instance: Instance) -> dict[str, Any]:
        return {
            "InstanceArn": instance.arn,
            "IdentityStoreId": instance.store,
            "OwnerAccountId": instance.owner or self.cloud.management,
            "Status": "ACTIVE",
            "CreatedDate": instance.created,
        }

    def _application(self, one: Application) -> dict[str, Any]:
        return {
            "ApplicationArn": one.arn,
            "ApplicationProviderArn": one.provider,
            "Name": one.name,
            "ApplicationAccount": self.cloud.management,
            "InstanceArn": self.cloud.instance.arn,
            "Status": one.status,
            "PortalOptions": {"Visibility": one.visibility, "SignInOptions": {"Origin": "IDENTITY_CENTER"}},
        }


def _row(one: Any) -> dict[str, str]:
    about = {"AccountId": one.account, "PermissionSetArn": one.permission_set}
    return about | {"PrincipalType": one.kind, "PrincipalId": one.principal}


def _use(application: Application, kind: str, principal: str) -> dict[str, str]:
    return {"ApplicationArn": application.arn, "PrincipalType": kind, "PrincipalId": principal}
