"""The control plane beside the API (`/control/…`): for tests and benchmarks that run the emulator as its own process.

docs/sandbox.md lists what there is. Never counted as API requests, never throttled, never held.
"""

from copy import deepcopy
from dataclasses import asdict, replace
from typing import Any

import orjson

from scim_bridge.sandbox.app import App
from scim_bridge.sandbox.aws.seed import seed_cloud
from scim_bridge.sandbox.fault import read_faults
from scim_bridge.sandbox.knobs import Knobs, Unfit, changed
from scim_bridge.sandbox.refusal import Refusal
from scim_bridge.sandbox.schema import check_group, check_user
from scim_bridge.sandbox.store import Kind, Store
from scim_bridge.sandbox.traffic import Counts

_AS_PUT_IN = Knobs(unsupported_attribute="ignore")


async def control(app: App, method: str, what: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Status and JSON of one control request. What does not fit is a 400 with a sentence, and changes nothing."""
    try:
        given = orjson.loads(body) if body else {}
        if not isinstance(given, dict):
            raise Unfit("the body is not JSON object")
        if method == "GET":
            return _shown(app, what)
        return await _done(app, method, what, given)
    except (ValueError, KeyError, TypeError) as error:
        missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        return 400, {"error": f"{method} /control/{what}: {missing}"}


def _shown(app: App, what: str) -> tuple[int, dict[str, Any]]:
    match what:
        case "counts":
            return 200, asdict(app.counts) | {"aws": dict(app.aws.counts)}
        case "state":
            return 200, state(app.store)
        case "knobs":
            return 200, asdict(app.knobs)
        case "held":
            return 200, {"held": app.delivery.gate.held}
    return 404, {"error": f"there is no GET /control/{what}"}


async def _done(app: App, method: str, what: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    match (method, what):
        case ("POST", "seed"):
            return 200, seed(app.store, given)
        case ("POST", "faults"):
            app.faults.faults = read_faults(given["faults"])
        case ("POST", "knobs"):
            app.knobs = changed(app.knobs, given)
        case ("POST", "tokens"):
            app.identity = replace(app.identity, tokens=_texts(given["tokens"]))
        case ("POST", "reset-counts"):
            app.counts = Counts()
        case ("POST", "go-on"):
            return 200, {"went": app.delivery.gate.go_on(_count(given, None))}
        case ("POST", "wait-held"):
            seconds = min(float(given.get("seconds", 10)), 600)
            is_there = await app.delivery.gate.wait(_count(given, 1) or 0, seconds)
            return 200 if is_there else 408, {"held": app.delivery.gate.held}
        case _:
            return 404, {"error": f"there is no {method} /control/{what}"}
    return 200, {}


def _count(given: dict[str, Any], otherwise: int | None) -> int | None:
    count = given.get("count", otherwise)
    if count is not None and (not isinstance(count, int) or count < 0):
        raise Unfit("the count is a whole number from 0")
    return count


def _texts(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise Unfit("tokens are a list of texts")
    return tuple(given)


def state(store: Store) -> dict[str, Any]:
    """Everything: users and groups as {id, …attributes}, members by group id."""
    return {
        "users": [{"id": r.id, **r.attributes} for r in store.users.by_id.values()],
        "groups": [{"id": r.id, **r.attributes} for r in store.groups.by_id.values()],
        "members": {group_id: sorted(ids) for group_id, ids in store.members.items()},
    }


def seed(store: Store, content: Any) -> dict[str, Any]:
    """Put resources in without the API; lists show them at once. Returns the ids, by name.

    A group's `members` name users by userName. Raises Unfit and puts nothing in if the content does not fit.
    """
    put: list[tuple[Kind, str]] = []
    before = deepcopy(store.cloud)
    with store.at_once():
        try:
            return _seed(store, content, put)
        except (Refusal, ValueError) as error:
            store.cloud = before
            for kind, resource_id in reversed(put):
                store.delete(kind, resource_id, with_assignments=False)
            raise Unfit(error.why if isinstance(error, Refusal) else str(error)) from None


def _seed(store: Store, content: Any, put: list[tuple[Kind, str]]) -> dict[str, Any]:
    ids: dict[str, dict[str, str]] = {"users": {}, "groups": {}}
    for user in _objects(content, "users", "userName"):
        ids["users"][user["userName"]] = _put(store, "User", user, put)
    for group in _objects(content, "groups", "displayName"):
        group_id = ids["groups"][group["displayName"]] = _put(store, "Group", group, put)
        for name in group.get("members", ()):
            found = store.users.find("userName", name) if isinstance(name, str) else None
            if found is None:
                raise Unfit(f"group {group['displayName']}: its member {name!r} is not a userName")
            store.add_member(group_id, found.id)
    seed_cloud(store, content)
    return ids


def _objects(content: Any, key: str, name: str) -> list[dict[str, Any]]:
    """The users or groups of a seed."""
    found = content.get(key, []) if isinstance(content, dict) else None
    if not isinstance(found, list):
        raise Unfit(f"an object with a list of {key} was expected")
    for number, one in enumerate(found, start=1):
        if not isinstance(one, dict) or not isinstance(one.get(name), str):
            raise Unfit(f"number {number} of {key} is not an object with a {name}")
    return found


def _put(store: Store, kind: Kind, body: dict[str, Any], put: list[tuple[Kind, str]]) -> str:
    try:
        attributes = (check_user if kind == "User" else check_group)(body, _AS_PUT_IN)
        attributes.pop("members", None)
        created = store.create(kind, attributes)
    except Refusal as refused:
        raise Unfit(f"{kind} {body.get('userName') or body.get('displayName')}: {refused.why}") from None
    put.append((kind, created.id))
    return created.id
