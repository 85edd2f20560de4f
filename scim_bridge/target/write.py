"""Changing a resource that is there: by PATCH, or by PUT of the whole resource where the server takes no PATCH.

Every method raises Hold (NotThere, NameTaken, Refused) for this object, Stop for the run. Reply is the last answer.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from scim_bridge.model.identity import Kind
from scim_bridge.model.operation import Change
from scim_bridge.target.client import Reply, Request, ScimClient
from scim_bridge.target.read import COLLECTION, Resource
from scim_bridge.target.wire import to_changed, to_member_patch, to_patch

MemberChange = Literal["add", "remove"]


class Writer(Protocol):
    """One way of changing resources. new_for: seconds for which what it names may not be visible."""

    def update(self, kind: Kind, target_id: str, changes: Mapping[str, Change], *, new_for: float) -> Reply:
        """Change attributes."""
        ...

    def change_members(self, op: MemberChange, group_id: str, user_ids: Sequence[str], *, new_for: float) -> Reply:
        """Put users into a group or take them out."""
        ...


class Patching:
    """One PATCH a change. by_filter: see Capabilities.removes_by_filter."""

    def __init__(self, client: ScimClient, *, by_filter: bool) -> None:
        self._client = client
        self._by_filter = by_filter

    def update(self, kind: Kind, target_id: str, changes: Mapping[str, Change], *, new_for: float) -> Reply:
        """One operation an attribute."""
        path = f"{COLLECTION[kind]}/{target_id}"
        return self._client.send(Request("PATCH", path, to_patch(changes), new_for=new_for))

    def change_members(self, op: MemberChange, group_id: str, user_ids: Sequence[str], *, new_for: float) -> Reply:
        """All users by one request: an explicit list, never a replace of all (docs/identity-center.md §2.12, §7.2)."""
        body = to_member_patch(op, user_ids, by_filter=self._by_filter)
        return self._client.send(Request("PATCH", f"Groups/{group_id}", body, new_for=new_for, members=len(user_ids)))


class Replacing:
    """GET, change, PUT: what we have no word for goes back as it came.

    Two threads never do so at once with one resource. What another client changes between GET and PUT is lost: RFC 7644
    leaves no other way without PATCH.
    """

    def __init__(self, client: ScimClient) -> None:
        self._client = client
        # A fixed number of locks, chosen by the path's hash: two paths may share one, which costs a wait and no more.
        self._locks = tuple(threading.Lock() for _ in range(64))

    def update(self, kind: Kind, target_id: str, changes: Mapping[str, Change], *, new_for: float) -> Reply:
        """Change attributes; nothing is sent if the resource is so already."""
        path = f"{COLLECTION[kind]}/{target_id}"
        with self._alone(path):
            reply = self._get(path, new_for=new_for)
            return self._put(path, reply, to_changed(reply.body, changes))

    def change_members(self, op: MemberChange, group_id: str, user_ids: Sequence[str], *, new_for: float) -> Reply:
        """Put users in or take them out; nothing is sent if it is so already."""
        path = f"Groups/{group_id}"
        change = _with_members if op == "add" else _without_members
        with self._alone(path):
            reply = self._get(path, new_for=new_for)
            return self._put(path, reply, change(reply.body, user_ids), len(user_ids))

    def _alone(self, path: str) -> threading.Lock:
        return self._locks[hash(path) % len(self._locks)]

    def _get(self, path: str, *, new_for: float) -> Reply:
        return self._client.send(Request("GET", path, needs="id", new_for=new_for))

    def _put(self, path: str, shown: Reply, body: Resource, members: int = 0) -> Reply:
        # Already so: a PUT would only risk overwriting what another client changes meanwhile.
        if body == shown.body:
            return shown
        given = {key: value for key, value in body.items() if key != "meta"}
        return self._client.send(Request("PUT", path, given, members=members))


def _with_members(shown: Mapping[str, Any], user_ids: Sequence[str]) -> dict[str, Any]:
    """A group as it was shown, with these users in it."""
    members = list(shown.get("members") or ())
    there = {member.get("value") for member in members}
    added = [{"value": user_id} for user_id in dict.fromkeys(user_ids) if user_id not in there]
    return dict(shown) | {"members": members + added} if added else dict(shown)


def _without_members(shown: Mapping[str, Any], user_ids: Sequence[str]) -> dict[str, Any]:
    """A group as it was shown, without these users."""
    gone, members = set(user_ids), list(shown.get("members") or ())
    left = [member for member in members if member.get("value") not in gone]
    return dict(shown) | {"members": left} if len(left) < len(members) else dict(shown)
