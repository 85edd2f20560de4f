"""Reading what the target holds: cursor pages of users and groups, and the filters there are."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from scim_bridge.errors import EndpointDown
from scim_bridge.model.identity import Existing, Inventory, Kind
from scim_bridge.model.protocol import Progress
from scim_bridge.target.client import ScimClient
from scim_bridge.target.wire import from_resource

PAGE = 100
COLLECTION: dict[Kind, str] = {"user": "Users", "group": "Groups"}
_RESOURCES = "Resources"


def filter_of(*terms: tuple[str, str]) -> str:
    """A `filter` parameter: attribute eq "value" and …, encoded; a literal plus sign must not become a space."""
    text = " and ".join(f'{name} eq "{_escaped(value)}"' for name, value in terms)
    return f"filter={quote(text, safe='')}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def read_inventory(client: ScimClient, progress: Progress) -> Inventory:
    """All users and groups: one request a hundred of each, one at least."""
    return Inventory(_all(client, "user", progress), _all(client, "group", progress))


def _all(client: ScimClient, kind: Kind, progress: Progress) -> dict[str, Existing]:
    found: dict[str, Existing] = {}
    for resources in pages(client, COLLECTION[kind]):
        for resource in resources:
            existing = from_resource(kind, resource)
            found[existing.target_id] = existing
        progress(f"read {kind}s", len(found), None)
    return found


def pages(client: ScimClient, collection: str, condition: str = "") -> Iterator[list[dict[str, Any]]]:
    """Resources page by page until there is no next cursor, never judged by a page's length (reference, ListUsers).

    The first page asks with the bare word `cursor`: HTTP libraries drop or rewrite an empty parameter.
    """
    tail = f"&{condition}" if condition else ""
    query = f"cursor&count={PAGE}{tail}"
    seen: set[str] = set()
    while True:
        body = client.get(f"{collection}?{query}", needs=_RESOURCES).body
        yield _resources(body)
        cursor = body.get("nextCursor") or body.get("nextcursor")
        if not cursor:
            return
        if cursor in seen:
            raise EndpointDown(
                "the endpoint gave the same page cursor twice, so a listing would never end", "Try again."
            )
        seen.add(cursor)
        query = f"cursor={quote(cursor, safe='')}&count={PAGE}{tail}"


def one_page(client: ScimClient, collection: str, condition: str) -> list[dict[str, Any]]:
    """What a filter finds, without a cursor: silently cut off after a page."""
    return _resources(client.get(f"{collection}?{condition}", needs=_RESOURCES).body)


def _resources(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources of a list answer. From one that can't be understood nothing may be concluded: no one is gone."""
    resources = body[_RESOURCES]
    if isinstance(resources, list) and all(isinstance(r, dict) and isinstance(r.get("id"), str) for r in resources):
        return resources
    raise EndpointDown("the endpoint's list holds something that is no resource with an id", "Look at target.url.")
