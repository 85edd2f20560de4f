"""The instance of Identity Center, the organization around it and its accounts."""

from collections.abc import Iterable, Mapping

from scim_bridge.access.aws import Aws
from scim_bridge.access.instance import find_instance
from scim_bridge.access.refusal import NotReadable
from scim_bridge.access.set_reading import Unread
from scim_bridge.model.access import Account, Edge, Instance

_DELEGATED_SERVICE = "sso.amazonaws.com"


def read_instance(aws: Aws, unread: Unread) -> tuple[Instance, bool]:
    """The instance, and whether it has permission sets: one made without access to accounts has none."""
    found = find_instance(aws)
    management = delegated = ""
    try:
        management = aws.ask("organizations:DescribeOrganization")["Organization"]["MasterAccountId"]
    except NotReadable as refused:
        unread.note("The management account is not known", refused)
    try:
        asked = {"ServicePrincipal": _DELEGATED_SERVICE}
        listed = aws.every("organizations:ListDelegatedAdministrators", "DelegatedAdministrators", **asked)
        delegated = next((one["Id"] for one in listed), "")
    except NotReadable as refused:
        unread.note("A delegated administrator is not known", refused)
    has_sets = True
    try:
        has_sets = aws.ask("sso:DescribeInstance", InstanceArn=found["InstanceArn"]).get("PermissionSetsEnabled", True)
    except NotReadable as refused:
        unread.note("Whether the instance has permission sets is not known", refused)
    region = found.get("PrimaryRegion") or aws.region
    return Instance(found["InstanceArn"], found["IdentityStoreId"], management, delegated, region), has_sets


def read_accounts(aws: Aws, unread: Unread) -> dict[str, Account]:
    """The accounts by id, {} if they may not be listed: the permission sets then say which accounts there are."""
    try:
        listed = aws.every("organizations:ListAccounts", "Accounts")
    except NotReadable as refused:
        unread.note("The names and states of accounts are not known", refused)
        return {}
    # Status was retired in September 2026 and may be absent; State says more. Neither: as good as active.
    return {one["Id"]: Account(one["Id"], one.get("Name", one["Id"]), one.get("State") or one.get("Status", "ACTIVE"))
            for one in listed}  # fmt: skip


def with_accounts_of(accounts: Mapping[str, Account], edges: Iterable[Edge]) -> dict[str, Account]:
    """The accounts with those that assignments name and no list shows, by their ids."""
    return dict(accounts) | {e.account: Account(e.account, e.account) for e in edges if e.account not in accounts}
