"""Puts accounts, permission sets, assignments and applications in, from JSON; principals are named, not numbered."""

from collections.abc import Mapping
from typing import Any

import orjson

from scim_bridge.sandbox.cloud import Account, Cloud, Entitlement, Instance, Principal, file_name
from scim_bridge.sandbox.store import Store


def seed_cloud(store: Store, given: Mapping[str, Any]) -> None:
    """Put in what these keys hold (docs/sandbox.md). Raises ValueError with a sentence for what does not fit."""
    cloud = store.cloud
    try:
        _put_accounts(cloud, given)
        for one in given.get("permission_sets", ()):
            _put_set(cloud, one)
        for one in given.get("assignments", ()):
            accounts = [cloud.account_named(name) for name in one["accounts"]]
            cloud.assign(accounts, cloud.set_named(one["permission_set"]).arn, _principal(store, one))
        for one in given.get("applications", ()):
            _put_application(store, one)
        for one in given.get("roles", ()):
            number = f"ent-{len(cloud.entitlements) + 1:012x}"
            account = cloud.account_named(one["account"])
            cloud.entitlements.append(Entitlement(number, account, one["role"], _principal(store, one)))
        cloud.attributes = given.get("attributes", cloud.attributes)
        cloud.policies = given.get("policies", cloud.policies)
        cloud.has_memberships = given.get("memberships", cloud.has_memberships)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the part about AWS does not fit ({error!r})") from None


def _put_accounts(cloud: Cloud, given: Mapping[str, Any]) -> None:
    for number, about in given.get("accounts", {}).items():
        named = {"name": about} if isinstance(about, str) else about
        cloud.accounts[number] = Account(number, **named)
    if "management" in given:
        del cloud.accounts[cloud.management]
        cloud.management = given["management"]
        cloud.accounts.setdefault(cloud.management, Account(cloud.management, "management"))
    cloud.delegated = given.get("delegated", cloud.delegated)
    if "instances" in given:
        cloud.instances = [Instance(**one) for one in given["instances"]]


def _put_set(cloud: Cloud, one: Mapping[str, Any]) -> None:
    what = dict(one)
    what["managed"] = [{"Arn": arn, "Name": file_name(arn)} for arn in one.get("managed", ())]
    what["customer"] = [{"Name": name, "Path": "/"} for name in one.get("customer", ())]
    what["inline"] = orjson.dumps(one["inline"]).decode() if "inline" in one else ""
    boundary = one.get("boundary")
    if boundary is not None:
        what["boundary"] = (
            {"ManagedPolicyArn": boundary}
            if boundary.startswith("arn:")
            else {"CustomerManagedPolicyReference": {"Name": boundary, "Path": "/"}}
        )
    cloud.add_set(**what)


def _put_application(store: Store, one: Mapping[str, Any]) -> None:
    what = {key: value for key, value in one.items() if key not in ("users", "groups")}
    made = store.cloud.add_application(**what)
    made.principals += [_principal(store, {"group": name}) for name in one.get("groups", ())]
    made.principals += [_principal(store, {"user": name}) for name in one.get("users", ())]


def _principal(store: Store, one: Mapping[str, Any]) -> Principal:
    """Who is meant: a group by its name, a user by userName, or anyone by id, who need not be there."""
    if "group" in one:
        group = store.groups.find("displayName", one["group"])
        return "GROUP", group.id if group is not None else one["group"]
    user = store.users.find("userName", one["user"])
    return "USER", user.id if user is not None else one["user"]
