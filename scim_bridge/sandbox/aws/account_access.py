"""account-access (account access manager): existing IAM roles that users and groups may take. REST, small letters."""

from collections.abc import Mapping
from typing import Any

from scim_bridge.sandbox.aws.page import Pages
from scim_bridge.sandbox.cloud import Cloud, Entitlement

_APPLICATION = "arn:aws:account-access:us-east-1:{}:application/aa-a1b2c3d4e5f60718"
_DAY = "2026-06-01T00:00:00Z"


class AccountAccess:
    """The calls, each a method of its name."""

    def __init__(self, cloud: Cloud, pages: Pages) -> None:
        self._cloud, self._pages = cloud, pages

    def ListApplications(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102 - the calls' own names
        arn = _APPLICATION.format(self._cloud.management)
        made = [{"applicationArn": arn, "createdAt": _DAY, "updatedAt": _DAY}] if self._cloud.entitlements else []
        return self._cut(given, "applications", made)

    def ListEntitlements(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        wanted = given["filter"].get("principalRole", {})
        shown = map(_shown, self._cloud.entitlements)
        found = [one for one in shown if wanted.items() <= one["entitlement"]["principalRole"].items()]
        return self._cut(given, "entitlements", found)

    def _cut(self, given: Mapping[str, Any], name: str, items: list[Any]) -> dict[str, Any]:
        """A page, with the small letters of this service."""
        asked = {"MaxResults": given.get("maxResults", 100)}
        if given.get("nextToken"):
            asked["NextToken"] = given["nextToken"]
        page = self._pages.cut(asked, name, items)
        token = page.pop("NextToken", None)
        return page | ({"nextToken": token} if token else {})


def _shown(one: Entitlement) -> dict[str, Any]:
    who = {"userId" if one.principal[0] == "USER" else "groupId": one.principal[1]}
    role = {"principal": {"identityCenter": who}, "roleArn": one.role, "account": one.account}
    return {"entitlementId": one.id, "entitlement": {"principalRole": role}, "createdAt": _DAY}
