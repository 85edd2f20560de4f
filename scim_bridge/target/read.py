"""Reading what the target holds: pages of users and groups, by cursor or by index, and the filters there are."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

from scim_bridge.errors import EndpointDown
from scim_bridge.model.capabilities import Capabilities
from scim_bridge.model.identity import Existing, Inventory, Kind
from scim_bridge.model.protocol import Progress
from scim_bridge.target.client import ScimClient
from scim_bridge.target.wire import from_resource

COLLECTION: dict[Kind, str] = {"user": "Users", "group": "Groups"}
_RESOURCES = "Resources"
Resource = dict[str, Any]
Pages = Callable[..., Iterator[list[Resource]]]
"""pages(collection, condition=""): the resources there, page by page."""


def filter_of(*terms: tuple[str, str]) -> str:
    """A `filter` parameter: attribute eq "value" and …, percent-encoded (RFC 7644 §3.4.2.2).

    A literal plus sign (in an email address) must be encoded: the endpoint reads a bare one as a space
    (docs/identity-center.md §2.4).
    """
    text = " and ".join(f'{name} eq "{_escaped(value)}"' for name, value in terms)
    return f"filter={quote(text, safe='')}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def pages_of(client: ScimClient, capabilities: Capabilities) -> Pages:
    """How this target is listed: by cursor (RFC 9865; Identity Center) or by startIndex (RFC 7644 §3.4.2.4)."""
    if capabilities.pages_by_cursor:
        return partial(pages, client, size=capabilities.page)
    return partial(pages_by_index, client, size=capabilities.page)


def read_inventory(turn: Pages, progress: Progress, see: Callable[[Kind, Resource], None]) -> Inventory:
    """All users and groups: one request a page of each, one at least. see: shown each resource as it came.

    Raises EndpointDown for a listing that is not whole: anyone who it leaves out would count as gone.
    """
    return Inventory(_all(turn, "user", progress, see), _all(turn, "group", progress, see))


def _all(turn: Pages, kind: Kind, progress: Progress, see: Callable[[Kind, Resource], None]) -> dict[str, Existing]:
    found: dict[str, Existing] = {}
    for resources in turn(COLLECTION[kind]):
        for resource in resources:
            see(kind, resource)
            existing = from_resource(kind, resource)
            found[existing.target_id] = existing
        progress(f"read {kind}s", len(found), None)
    return found


def pages(client: ScimClient, collection: str, condition: str = "", *, size: int) -> Iterator[list[Resource]]:
    """Resources page by page until there is no next cursor; a short page may have one (docs/identity-center.md §2.4).

    The first page asks with the bare word `cursor`: HTTP libraries drop or rewrite an empty parameter.
    """
    tail = f"&{condition}" if condition else ""
    query = f"cursor&count={size}{tail}"
    seen: set[str] = set()
    while True:
        body = client.get(f"{collection}?{query}", needs=_RESOURCES).body
        yield _resources(body)
        # Both spellings, and an empty one at the end, have been seen.
        cursor = body.get("nextCursor") or body.get("nextcursor")
        if not cursor:
            return
        if cursor in seen:
            raise EndpointDown(
                "the endpoint gave the same page cursor twice, so a listing would never end", "Try again."
            )
        seen.add(cursor)
        query = f"cursor={quote(cursor, safe='')}&count={size}{tail}"


def pages_by_index(client: ScimClient, collection: str, condition: str = "", *, size: int) -> Iterator[list[Resource]]:
    """Resources page by page by startIndex (RFC 7644 §3.4.2.4), which goes on by as many as were received.

    `count` binds no server, so a short page proves nothing; the total is believed only after a page shorter than what
    was asked for, since some say how many are on the page. A listing that ends before its total, or brings the same
    resources again, is not a listing: from it no one may be taken for gone.
    """
    tail = f"&{condition}" if condition else ""
    seen: set[str] = set()
    received = 0
    while True:
        body = client.get(f"{collection}?startIndex={received + 1}&count={size}{tail}", needs="totalResults").body
        resources = _resources(body | {_RESOURCES: body.get(_RESOURCES) or []})  # left out where there is none
        total = body["totalResults"]
        # Counted by ids: a server that ignores startIndex gives its first page again, forever.
        fresh = {resource["id"] for resource in resources} - seen
        if (resources and not fresh) or not isinstance(total, int) or (not resources and len(seen) < total):
            raise EndpointDown(
                f"the endpoint's list of {collection.lower()} ended after {len(seen)} of {total}", "Try again."
            )
        yield resources
        seen |= fresh
        received += len(resources)
        if not resources or (len(seen) >= total and len(resources) < size):
            return


def one_page(client: ScimClient, collection: str, condition: str) -> list[Resource]:
    """What a filter finds, without a cursor: silently cut off after 100 resources (docs/identity-center.md §2.4).

    For filters that find one resource; of any other a full page proves nothing. Raises Refused, NotThere, Stop.
    """
    return _resources(client.get(f"{collection}?{condition}", needs=_RESOURCES).body)


def _resources(body: dict[str, Any]) -> list[Resource]:
    """The resources of a list answer. From one that can't be understood nothing may be concluded: no one is gone."""
    resources = body[_RESOURCES]
    if isinstance(resources, list) and all(isinstance(r, dict) and isinstance(r.get("id"), str) for r in resources):
        return resources
    raise EndpointDown("the endpoint's list holds something that is not a resource with an id", "Look at target.url.")
