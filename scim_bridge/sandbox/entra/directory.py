"""The directory as tests and demos change it: from any thread, at once or after the replication's lag."""

import threading
import uuid
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from scim_bridge.sandbox.entra.schema import Kind
from scim_bridge.sandbox.entra.store import DEFAULT_ACCESS, Store

_NAMESPACE = uuid.UUID("5b1c3a1e-9a34-4c52-8a1b-2f5f4a0f4d11")


class Directory:
    """Users, groups and what else Entra holds. lag: seconds until a change shows; clock: seconds since 1970.

    Properties have the names and the JSON types of Graph; one that such an object does not have is a ValueError.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.store = Store()
        self.lock = threading.RLock()
        self.lag = 0.0
        self._clock = clock
        self._pending: deque[tuple[float, Callable[[], None]]] = deque()

    def put_user(self, user_id: str, **properties: Any) -> None:
        """Create a user (enabled, a member, named after the id, unless said otherwise) or change one. None clears."""
        self._change(partial(self._put_user, user_id, properties))

    def delete_user(self, user_id: str) -> None:
        """Move a user to the deleted items. KeyError if there is none."""
        self._change(partial(self._remove, user_id, "changed"))

    def purge_user(self, user_id: str) -> None:
        """Delete a user, deleted already or not, for good."""
        self._change(partial(self._remove, user_id, "deleted"))

    def restore_user(self, user_id: str) -> None:
        """Bring a user back from the deleted items: the same id, the same memberships."""
        self._change(partial(self.store.restore, user_id))

    def put_group(self, group_id: str, **properties: Any) -> None:
        """Create a group (a security group named after the id, unless said otherwise) or change one."""
        self._change(partial(self._put_group, group_id, properties))

    def delete_group(self, group_id: str) -> None:
        """Delete a group: one of Microsoft 365 goes to the deleted items, a security group for good."""
        self._change(partial(self._delete_group, group_id))

    def restore_group(self, group_id: str) -> None:
        """Bring a Microsoft 365 group back."""
        self._change(partial(self.store.restore, group_id))

    def put_device(self, device_id: str, **properties: Any) -> None:
        """Create or change a device."""
        self._put("device", device_id, properties)

    def put_contact(self, contact_id: str, **properties: Any) -> None:
        """Create or change an organizational contact."""
        self._put("orgContact", contact_id, properties)

    def put_service_principal(self, app_id: str, **properties: Any) -> str:
        """Create or change the service principal of an application. Gives its object id."""
        object_id = service_principal_id(app_id)
        self._put("servicePrincipal", object_id, {**properties, "appId": app_id})
        return object_id

    def add_member(self, group_id: str, member_id: str) -> None:
        """Make any object a direct member of a group."""
        self._change(partial(self.store.add_member, group_id, member_id))

    def remove_member(self, group_id: str, member_id: str) -> None:
        """End a direct membership."""
        self._change(partial(self.store.remove_member, group_id, member_id))

    def set_manager(self, user_id: str, manager_id: str | None) -> None:
        """Give a user a manager, or none."""
        self._change(partial(self.store.set_manager, user_id, manager_id))

    def assign(self, app_id: str, principal_id: str, role: str = DEFAULT_ACCESS) -> None:
        """Assign a user, group or service principal to an application. role: an app role's id, else default access."""
        self._change(partial(self._assign, service_principal_id(app_id), principal_id, role))

    def unassign(self, app_id: str, principal_id: str) -> None:
        """End an assignment; nothing happens if there is none."""
        self._change(partial(self._assign, service_principal_id(app_id), principal_id, None))

    def seed(self, document: dict[str, Any]) -> None:
        """Put many objects in at once.

        {"users": [{"id", …properties, "manager": id}], "groups": [{"id", …, "members": [ids]}], "devices": […],
        "contacts": […], "service_principals": [{"appId", …, "assigned": [ids]}]}; every key may be left out.
        """
        with self.lock:
            for user in document.get("users", ()):
                self.put_user(user["id"], **_without(user, "id", "manager"))
            for user in document.get("users", ()):
                if user.get("manager") is not None:
                    self.set_manager(user["id"], user["manager"])
            for kind, put in (("devices", self.put_device), ("contacts", self.put_contact), ("groups", self.put_group)):
                for given in document.get(kind, ()):
                    put(given["id"], **_without(given, "id", "members"))
            for application in document.get("service_principals", ()):
                self.put_service_principal(application["appId"], **_without(application, "appId", "assigned"))
            self._seed_links(document)

    def replicate(self) -> None:
        """Let the changes show whose lag is over. Called before each answer."""
        while self._pending and self._pending[0][0] <= self._clock():
            self._pending.popleft()[1]()

    def _seed_links(self, document: dict[str, Any]) -> None:
        for group in document.get("groups", ()):
            for member in group.get("members", ()):
                self.add_member(group["id"], member)
        for application in document.get("service_principals", ()):
            for principal in application.get("assigned", ()):
                self.assign(application["appId"], principal)

    def _change(self, step: Callable[[], None]) -> None:
        with self.lock:
            if self.lag:
                self._pending.append((self._clock() + self.lag, step))
            else:
                self.replicate()
                step()

    def _put(self, kind: Kind, object_id: str, properties: dict[str, Any]) -> None:
        self._change(partial(self.store.put, kind, object_id, properties, {"displayName": object_id}))

    def _put_user(self, user_id: str, properties: dict[str, Any]) -> None:
        defaults = {
            "userPrincipalName": f"{user_id}@corp.example",
            "displayName": user_id,
            "accountEnabled": True,
            "userType": "Member",
            "createdDateTime": self._now(),
        }
        is_new = user_id not in self.store.entries
        given = {"userPrincipalName": defaults["userPrincipalName"], **properties} if is_new else properties
        self.store.put("user", user_id, given, defaults)

    def _put_group(self, group_id: str, properties: dict[str, Any]) -> None:
        defaults = {
            "displayName": group_id,
            "mailEnabled": False,
            "securityEnabled": True,
            "groupTypes": [],
            "createdDateTime": self._now(),
        }
        self.store.put("group", group_id, properties, defaults)

    def _delete_group(self, group_id: str) -> None:
        is_kept = "Unified" in (self.store.entries[group_id].properties.get("groupTypes") or ())
        self.store.remove(group_id, "changed" if is_kept else "deleted", self._now())

    def _remove(self, object_id: str, removal: Any) -> None:
        self.store.remove(object_id, removal, self._now())

    def _assign(self, resource_id: str, principal_id: str, role: str | None) -> None:
        assigned = self.store.assigned.setdefault(resource_id, {})
        if role is None:
            assigned.pop(principal_id, None)
        elif principal_id in self.store.entries:
            assigned[principal_id] = role
        else:
            raise KeyError(principal_id)

    def _now(self) -> str:
        return f"{datetime.fromtimestamp(self._clock(), UTC):%Y-%m-%dT%H:%M:%SZ}"


def service_principal_id(app_id: str) -> str:
    """The object id of an application's service principal."""
    return str(uuid.uuid5(_NAMESPACE, app_id))


def _without(given: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in names}
