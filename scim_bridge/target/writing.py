"""Changing a resource that is there: by PATCH, or by PUT of the whole resource where the server takes no PATCH."""

import threading
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from scim_bridge.model.identity import Kind
from scim_bridge.model.operation import Change
from scim_bridge.target.client import Reply, Request, ScimClient
from scim_bridge.target.read import COLLECTION, Resource
from scim_bridge.target.wire import to_changed, to_member_patch, to_patch, with_members, without_members

MemberChange = Literal["add", "remove"]


class Writing(Protocol):
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
        """All users by one request."""
        body = to_member_patch(op, user_ids, by_filter=self._by_filter)
        return self._client.send(Request("PATCH", f"Groups/{group_id}", body, new_for=new_for))


class Replacing:
    """GET, change, PUT: what we have no word for goes back as it came.

    Two threads never do so at once with one resource. What another client changes between GET and PUT is lost: RFC 7644
    leaves no other way without PATCH.
    """

    def __init__(self, client: ScimClient) -> None:
        self._client = client
        # A fixed number, by hash: a lock for each of 100,000 resources would stay in memory for the run.
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
        change = with_members if op == "add" else without_members
        with self._alone(path):
            reply = self._get(path, new_for=new_for)
            return self._put(path, reply, change(reply.body, user_ids))

    def _alone(self, path: str) -> threading.Lock:
        return self._locks[hash(path) % len(self._locks)]

    def _get(self, path: str, *, new_for: float) -> Reply:
        return self._client.send(Request("GET", path, needs="id", new_for=new_for))

    def _put(self, path: str, shown: Reply, body: Resource) -> Reply:
        # Nothing to change, nothing to send: a PUT would overwrite what others change at this moment.
        if body == shown.body:
            return shown
        return self._client.send(Request("PUT", path, {key: value for key, value in body.items() if key != "meta"}))
