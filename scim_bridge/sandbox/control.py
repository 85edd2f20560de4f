"""The control plane beside the API (`/control/…`): for tests and benchmarks that run the emulator as its own process.

GET counts, GET state; POST seed, faults, knobs, reset-counts. Never counted as API requests, never throttled.
"""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import orjson

from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.store import Kind, Store

if TYPE_CHECKING:
    from scim_bridge.sandbox.app import App


def control(app: "App", method: str, what: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Status and JSON of one control request."""
    given = orjson.loads(body) if body else {}
    match (method, what):
        case ("GET", "counts"):
            return 200, asdict(app.counts)
        case ("GET", "state"):
            return 200, state(app.store)
        case ("POST", "seed"):
            return 200, seed(app.store, given)
        case ("POST", "faults"):
            app.faults.faults = [Fault(**fault) for fault in given["faults"]]
        case ("POST", "knobs"):
            app.knobs = replace(app.knobs, **given)
        case ("POST", "reset-counts"):
            app.counts = type(app.counts)()
        case _:
            return 404, {"error": f"there is no {method} /control/{what}"}
    return 200, {}


def state(store: Store) -> dict[str, Any]:
    """Everything: users and groups as {id, …attributes}, members by group id."""
    return {
        "users": [{"id": r.id, **r.attributes} for r in store.users.by_id.values()],
        "groups": [{"id": r.id, **r.attributes} for r in store.groups.by_id.values()],
        "members": {group_id: sorted(ids) for group_id, ids in store.members.items()},
    }


def seed(store: Store, content: dict[str, Any]) -> dict[str, Any]:
    """Put resources in without the API; lists show them at once. Returns the ids, by name.

    A group's `members` name users by userName.
    """
    ids: dict[str, dict[str, str]] = {"users": {}, "groups": {}}
    with store.at_once():
        for user in content.get("users", ()):
            ids["users"][user["userName"]] = _put(store, "User", user)
        for group in content.get("groups", ()):
            group_id = ids["groups"][group["displayName"]] = _put(store, "Group", group)
            for name in group.get("members", ()):
                found = store.users.find("userName", name)
                if found is not None:
                    store.add_member(group_id, found.id)
    return ids


def _put(store: Store, kind: Kind, body: dict[str, Any]) -> str:
    attributes = {key: value for key, value in body.items() if key not in ("members", "id", "meta", "schemas")}
    return store.create(kind, attributes).id
