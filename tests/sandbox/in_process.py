"""The emulator without HTTP, its clock moved by hand: for what is said, not how it travels."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from scim_bridge.sandbox.endpoint import Endpoint, Request
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.refusal import Refusal
from scim_bridge.sandbox.store import Store

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def person(name: str, /, **attributes: Any) -> dict[str, Any]:
    """A user's body with what is required."""
    return {"userName": name, "name": {"givenName": "G", "familyName": "F"}, "displayName": name} | attributes


def email(value: str, **more: Any) -> list[dict[str, Any]]:
    """One work email."""
    return [{"value": value, "type": "work", "primary": True} | more]


def members(op: str, *ids: str) -> dict[str, Any]:
    """An operation on members."""
    return {"op": op, "path": "members", "value": [{"value": user_id} for user_id in ids]}


class World:
    """An endpoint over an empty store."""

    def __init__(self, **knobs: Any) -> None:
        self.time = datetime(2027, 1, 1, tzinfo=UTC)
        self.store = Store(lambda: self.time, Random(0))
        self.endpoint = Endpoint(self.store, Knobs(**knobs), Random(1))

    def __call__(self, method: str, path: str, body: Any = None, query: str = "") -> Any:
        """The body of the answer. Raises Refusal."""
        return self.endpoint.answer(Request(method, path, query, body))[1]

    def status(self, method: str, path: str, body: Any = None, query: str = "") -> int:
        """The status of the answer."""
        try:
            return self.endpoint.answer(Request(method, path, query, body))[0]
        except Refusal as refused:
            return refused.status

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)

    def user(self, name: str, /, **attributes: Any) -> str:
        """Create a user."""
        return str(self("POST", "Users", person(name, **attributes))["id"])

    def group(self, name: str, *ids: str, **attributes: Any) -> str:
        """Create a group with members."""
        body = {"displayName": name} | attributes
        return str(self("POST", "Groups", body | {"members": [{"value": user_id} for user_id in ids]})["id"])

    def patch(self, path: str, *operations: Any, **more: Any) -> int:
        """The status of a PATCH."""
        return self.status("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)} | more)

    def listed(self, query: str = "", kind: str = "Users") -> list[str]:
        """The names that a list shows."""
        name = "userName" if kind == "Users" else "displayName"
        return [found[name] for found in self("GET", kind, query=query)["Resources"]]
