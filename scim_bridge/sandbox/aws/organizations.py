"""organizations: the accounts and who administers what. ListAccounts has pages of 20, empty ones among them."""

from collections.abc import Mapping
from typing import Any

from scim_bridge.sandbox.aws.page import Pages
from scim_bridge.sandbox.aws.refusal import invalid
from scim_bridge.sandbox.cloud import Account, Cloud
from scim_bridge.sandbox.knobs import Knobs

_STATUS = {"SUSPENDED": "SUSPENDED", "CLOSED": "SUSPENDED", "PENDING_CLOSURE": "PENDING_CLOSURE", "ACTIVE": "ACTIVE"}
"""What the old Status shows; an account that is being made has none."""


class Organizations:
    """The calls, each a method of its name."""

    def __init__(self, cloud: Cloud, knobs: Knobs, pages: Pages) -> None:
        self._cloud, self._knobs, self._pages = cloud, knobs, pages

    def ListAccounts(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102 - the calls' own names
        if given.get("MaxResults", 20) > 20:
            raise invalid("MaxResults is from 1 to 20")
        return self._pages.cut(given, "Accounts", [self._account(a) for a in self._cloud.accounts.values()], 20)

    def DescribeOrganization(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002, N802, D102
        number = self._cloud.management
        about = {
            "Id": "o-a1b2c3d4e5",
            "FeatureSet": "ALL",
            "MasterAccountId": number,
            "MasterAccountArn": f"arn:aws:organizations::{number}:account/o-a1b2c3d4e5/{number}",
        }
        return {"Organization": about}

    def ListDelegatedAdministrators(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        number = self._cloud.delegated
        found = [self._account(self._cloud.accounts[number])] if number is not None else []
        return self._pages.cut(given, "DelegatedAdministrators", found, 20)

    def _account(self, account: Account) -> dict[str, Any]:
        about: dict[str, Any] = {
            "Id": account.id,
            "Arn": f"arn:aws:organizations::{self._cloud.management}:account/o-a1b2c3d4e5/{account.id}",
            "Name": account.name,
            "Email": f"aws+{account.id}@corp.example",
            "JoinedMethod": "CREATED",
        }
        if self._knobs.account_state != "status":
            about["State"] = account.state
        if self._knobs.account_state != "state" and account.state in _STATUS:
            about["Status"] = _STATUS[account.state]
        return about
