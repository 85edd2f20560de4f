"""Users and groups as the identity store has them, with emails, ids and revisions: what a switch compares and renames.

IdentityStoreAPIReference, ListUsers and ListGroups. Nothing of it is kept: a rename needs the newest revision.
"""

from collections.abc import Mapping
from typing import Any

from scim_bridge.access.aws import Aws
from scim_bridge.access.refusal import NotReadable
from scim_bridge.model.identity import KINDS, Kind
from scim_bridge.model.protocol import Progress
from scim_bridge.model.switch import StoreResource

_CALLS: Mapping[Kind, tuple[str, str]] = {
    "user": ("identitystore:ListUsers", "Users"),
    "group": ("identitystore:ListGroups", "Groups"),
}
_DESCRIBE: Mapping[Kind, tuple[str, str]] = {
    "user": ("identitystore:DescribeUser", "UserId"),
    "group": ("identitystore:DescribeGroup", "GroupId"),
}
Stored = Mapping[Kind, tuple[StoreResource, ...]]


def read_store(aws: Aws, store: str, progress: Progress) -> Stored:
    """All users and groups. Raises NotReadable."""
    found: dict[Kind, tuple[StoreResource, ...]] = {}
    for kind in KINDS:
        call, name = _CALLS[kind]
        shown: list[StoreResource] = []
        for page in aws.pages(call, IdentityStoreId=store):
            shown += (resource_of(kind, one) for one in page.get(name, ()))
            progress(f"{kind}s of Identity Center", len(shown), None)
        found[kind] = tuple(shown)
    return found


def read_one(aws: Aws, store: str, kind: Kind, resource_id: str) -> StoreResource:
    """One of them as it is now: lists lag behind. Raises NotReadable."""
    call, key = _DESCRIBE[kind]
    return resource_of(kind, aws.ask(call, IdentityStoreId=store, **{key: resource_id}))


def resource_of(kind: Kind, shown: Mapping[str, Any]) -> StoreResource:
    """A user or group of a list, or described."""
    number = shown["UserId" if kind == "user" else "GroupId"]
    return StoreResource(
        kind=kind,
        id=number,
        name=shown.get("UserName" if kind == "user" else "DisplayName", number),
        emails=tuple(one["Value"] for one in shown.get("Emails", ()) if one.get("Value")),
        external_ids=tuple(one["Id"] for one in shown.get("ExternalIds", ())),
        is_active=shown.get("UserStatus", "ENABLED") == "ENABLED",
        revision=str(shown.get("Revision", "")),
        made_by=str(shown.get("CreatedBy", "")),
    )


def shows_memberships(aws: Aws, store: str, groups: tuple[StoreResource, ...]) -> bool:
    """Whether AWS shows who is in a group: with Active Directory as the source it does not. Raises NotReadable."""
    if not groups:
        return True
    try:
        aws.ask("identitystore:ListGroupMemberships", IdentityStoreId=store, GroupId=groups[0].id, MaxResults=1)
    except NotReadable as refused:
        if not refused.is_not_offered:
            raise
        return False
    return True
