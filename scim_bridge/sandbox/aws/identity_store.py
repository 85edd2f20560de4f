"""identitystore over the SCIM endpoint's users and groups (singlesignon/latest/IdentityStoreAPIReference).

GetUserId, GetGroupId and the lists are what is read; UpdateUser and UpdateGroup are the writes, with Revision.
"""

import re
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from scim_bridge.sandbox.aws.page import Pages
from scim_bridge.sandbox.aws.refusal import AwsRefusal, invalid, not_found
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.refusal import Refusal
from scim_bridge.sandbox.schema import ENTERPRISE, check_group, check_user
from scim_bridge.sandbox.store import Kind, Resource, Store

_EXTENSION = "aws:identitystore:enterprise"
_ISSUER = "https://scim.aws.com"
_PATH = re.compile(r"[A-Za-z]+(\.[A-Za-z]+){0,2}|[A-Za-z]+:[A-Za-z]+:[A-Za-z]+(\.[A-Za-z]+){0,3}")
_ALIKE = {"username": "userName", "emails.value": "emails", "displayname": "displayName"}


class IdentityStore:
    """The calls, each a method of its name."""

    def __init__(self, store: Store, knobs: Knobs, pages: Pages) -> None:
        self._store, self._knobs, self._pages = store, knobs, pages

    def ListUsers(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102 - the calls' own names
        has_more = _EXTENSION in given.get("Extensions", ())
        shown = [self._user(one, has_extension=has_more) for one in self._store.users.after(0)]
        return self._pages.cut(given, "Users", _filtered(given, shown))

    def ListGroups(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        return self._pages.cut(given, "Groups", _filtered(given, [self._group(g) for g in self._store.groups.after(0)]))

    def ListGroupMemberships(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        if not self._store.cloud.has_memberships:
            raise AwsRefusal("UnknownOperationException", "The identity source does not support this.", 404)
        group = self._found("Group", given["GroupId"])
        users = sorted(self._store.members[group.id])
        return self._pages.cut(given, "GroupMemberships", [self._membership(group.id, user) for user in users])

    def ListGroupMembershipsForMember(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        user = self._found("User", given["MemberId"]["UserId"])
        groups = sorted(self._store.groups_of.get(user.id, ()))
        return self._pages.cut(given, "GroupMemberships", [self._membership(group, user.id) for group in groups])

    def DescribeUser(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        has_more = _EXTENSION in given.get("Extensions", ())
        return self._user(self._found("User", given["UserId"]), has_extension=has_more)

    def DescribeGroup(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        return self._group(self._found("Group", given["GroupId"]))

    def GetUserId(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        return {"UserId": self._by_name("User", given["AlternateIdentifier"]).id, "IdentityStoreId": self._id}

    def GetGroupId(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        return {"GroupId": self._by_name("Group", given["AlternateIdentifier"]).id, "IdentityStoreId": self._id}

    def IsMemberInGroups(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        user = self._found("User", given["MemberId"]["UserId"])
        inside = self._store.groups_of.get(user.id, set())
        asked = ((group, group in inside) for group in given["GroupIds"])
        return {
            "Results": [{"GroupId": g, "MemberId": given["MemberId"], "MembershipExists": there} for g, there in asked]
        }

    def UpdateUser(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        user = self._found("User", given["UserId"])
        self._update("User", user, given)
        return {"IdentityStoreId": self._id, **{k: self._user(user)[k] for k in ("UserId", "UserArn", "Revision")}}

    def UpdateGroup(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802, D102
        group = self._found("Group", given["GroupId"])
        self._update("Group", group, given)
        return {"IdentityStoreId": self._id, **{k: self._group(group)[k] for k in ("GroupId", "GroupArn", "Revision")}}

    @property
    def _id(self) -> str:
        return self._store.cloud.instance.store

    def _found(self, kind: Kind, resource_id: Any) -> Resource:
        found = self._store.shelf(kind).by_id.get(str(resource_id).rpartition("/")[2])
        if found is None:
            raise AwsRefusal("ResourceNotFoundException", f"{kind.upper()} not found.", ResourceType=kind.upper())
        return found

    def _by_name(self, kind: Kind, how: Mapping[str, Any]) -> Resource:
        unique, other = how.get("UniqueAttribute"), how.get("ExternalId")
        if unique is not None:
            attribute = _ALIKE.get(str(unique["AttributePath"]).lower())
            value = unique["AttributeValue"]
        elif other is not None:
            attribute, value = "externalId", other["Id"]
        else:
            raise invalid("An alternate identifier is a UniqueAttribute or an ExternalId.")
        if attribute is None or not isinstance(value, str):
            raise invalid("The attribute is not unique, or its value is not a text.")
        found = self._store.shelf(kind).find(attribute, value)
        if found is None:
            raise not_found(kind.upper())
        return found

    def _update(self, kind: Kind, resource: Resource, given: Mapping[str, Any]) -> None:
        if given.get("Revision", str(resource.revision)) != str(resource.revision):
            raise AwsRefusal("ConflictException", "The resource has changed.", Reason="CONCURRENT_MODIFICATION")
        attributes = dict(resource.attributes)
        for operation in given["Operations"]:
            _change(attributes, operation)
        try:
            if kind == "User":
                checked = check_user(attributes, self._knobs, resource.attributes)
            else:
                checked = check_group(attributes, self._knobs)
            self._store.change(kind, resource, checked)
        except Refusal as refused:
            if refused.status == 409:
                code = "ConflictException"
                raise AwsRefusal(code, refused.detail, Reason="UNIQUENESS_CONSTRAINT_VIOLATION") from None
            raise invalid(refused.why) from None

    def _user(self, user: Resource, *, has_extension: bool = False) -> dict[str, Any]:
        about = {k: v for k, v in user.attributes.items() if k not in ("active", "externalId", ENTERPRISE)}
        shown: dict[str, Any] = self._head("User", user) | _capital(about)
        shown["UserStatus"] = "ENABLED" if user.attributes.get("active", True) else "DISABLED"
        if has_extension and ENTERPRISE in user.attributes:
            shown["Extensions"] = {_EXTENSION: user.attributes[ENTERPRISE]}
        return shown

    def _group(self, group: Resource) -> dict[str, Any]:
        return self._head("Group", group) | {"DisplayName": group.attributes["displayName"]}

    def _head(self, kind: Kind, resource: Resource) -> dict[str, Any]:
        head: dict[str, Any] = {
            "IdentityStoreId": self._id,
            f"{kind}Id": resource.id,
            f"{kind}Arn": f"arn:aws:identitystore:::{kind.lower()}/{resource.id}",
            "Revision": str(resource.revision),
            "CreatedAt": resource.born,
        }
        known = resource.attributes.get("externalId")
        return head | ({"ExternalIds": [{"Issuer": _ISSUER, "Id": known}]} if known else {})

    def _membership(self, group_id: str, user_id: str) -> dict[str, Any]:
        number = str(uuid5(NAMESPACE_OID, f"{group_id} {user_id}"))
        about = {"IdentityStoreId": self._id, "MembershipId": number, "GroupId": group_id}
        arn = f"arn:aws:identitystore:::membership/{number}"
        return about | {"MembershipArn": arn, "MemberId": {"UserId": user_id}}


def _capital(value: Any) -> Any:
    """SCIM's names as this API writes them: userName is UserName here."""
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _capital(one) for key, one in value.items()}
    return [_capital(one) for one in value] if isinstance(value, list) else value


def _small(value: Any) -> Any:
    """The other way round; callers write the names inside of lists in either form."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _small(one) for key, one in value.items()}
    return [_small(one) for one in value] if isinstance(value, list) else value


def _filtered(given: Mapping[str, Any], shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the old Filters leave: one at most, by UserName or DisplayName."""
    for one in given.get("Filters", ()):
        shown = [each for each in shown if each.get(one["AttributePath"]) == one["AttributeValue"]]
    return shown


def _change(attributes: dict[str, Any], operation: Mapping[str, Any]) -> None:
    """One operation of an update. No value, or null, removes."""
    path = operation["AttributePath"]
    if not _PATH.fullmatch(path):
        raise invalid("The attribute path is not valid.")
    value = _small(operation.get("AttributeValue"))
    if value == "":
        raise invalid("An attribute cannot be an empty text.")
    steps = path.split(".")
    if path.startswith(_EXTENSION):
        steps = [ENTERPRISE, *path.removeprefix(_EXTENSION).strip(".").split(".")]
        steps = [step for step in steps if step]
    place = attributes
    for step in steps[:-1]:
        place[step] = dict(place.get(step, {}))
        place = place[step]
    if value is None:
        place.pop(steps[-1], None)
    else:
        place[steps[-1]] = value
