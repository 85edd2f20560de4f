"""The calls of Graph that read: lists, single objects, managers, members, assignments, objects by their ids.

Each is on a page of its own below learn.microsoft.com/graph/api: user-list, group-list, user-get, user-list-manager,
directory-deleteditems-list, directoryobject-getbyids, group-list-members, group-list-transitivemembers,
user-list-memberof, serviceprincipal-list-approleassignedto.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.listing import Listed, Paging, mixed_rows, page, rows, with_manager
from scim_bridge.sandbox.entra.query import (
    Filter,
    Given,
    Schema,
    Sealer,
    expands_manager,
    page_size,
    refuse,
    require_advanced,
    require_eventual,
    wants_count,
)
from scim_bridge.sandbox.entra.refusal import GraphRefusal, bad_request, denied, not_found
from scim_bridge.sandbox.entra.schema import HIDDEN_MEMBERS, NEEDED, Kind
from scim_bridge.sandbox.entra.store import Entry, Memberships, Row, Store, is_hidden, typed

COLLECTIONS: dict[str, Kind] = {"users": "user", "groups": "group", "servicePrincipals": "servicePrincipal"}
"""Collections, by their segment of the path."""
_MOST_IDS = 1_000
_TYPE = "microsoft.graph."
_NAMESPACE = uuid.UUID("6d0a5b0e-63a7-4c5d-a6b4-94c4a3f5f0aa")
_PRINCIPAL_TYPES = {"user": "User", "group": "Group", "servicePrincipal": "ServicePrincipal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphRequest:
    """One request below /v1.0/. headers: names in lower case; roles: those of its token; body: JSON, None if none."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    roles: frozenset[str] = frozenset()
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request with all that answering it needs. service: the URL of the API, with a slash at its end."""

    request: GraphRequest
    given: Given
    service: str
    store: Store
    memberships: Memberships
    schema: Schema
    knobs: EntraKnobs
    sealer: Sealer

    @property
    def url(self) -> str:
        """The absolute URL, without its query."""
        return f"{self.service}{self.request.path}"

    def require(self, what: str) -> None:
        """Raises a 403 unless the token's roles open this call."""
        if NEEDED[what].isdisjoint(self.request.roles):
            raise denied()

    def entry(self, kind: Kind, object_id: str) -> Entry:
        """An object by its id, a user by the userPrincipalName too. Raises a 404."""
        entry = self.store.alive(object_id, kind) or (self.store.named(object_id) if kind == "user" else None)
        if entry is None:
            raise not_found(object_id)
        return entry

    def listed(self, context: str, ids: Sequence[str], show: Callable[[Entry], Row]) -> Listed:
        """A list of what is there, in sorted order, at this URL."""
        return Listed(self.url, context, ids, self.store.alive, show)

    def page(self, listed: Listed) -> dict[str, Any]:
        """One page of a list, with its links. Raises a 400."""
        if wants_count(self.given):
            require_eventual(self.request.headers, "'$count'")
        size = page_size(self.given, self.knobs.page_cap)
        return page(listed, self.given, Paging(size, self.knobs.empty_pages, self.sealer))

    def number(self, listed: Listed) -> str:
        """The answer to a $count segment. Raises a 400 without eventual consistency.

        The code is another than that of other advanced queries (microsoft-graph-docs, issue 13195).
        """
        try:
            require_eventual(self.request.headers, "'$count'")
        except GraphRefusal as refused:
            raise GraphRefusal(refused.status, "Request_BadRequest", refused.message) from None
        return str(listed.count())

    def single(self, context: str, row: Row) -> dict[str, Any]:
        """The answer that shows one object."""
        return {"@odata.context": self.context(f"{context}/$entity"), **row}

    def context(self, what: str) -> str:
        """The context URL of an answer."""
        return f"{self.service}$metadata#{what}"


def listed(call: Call, name: str) -> dict[str, Any]:
    """A page of all users, groups or service principals."""
    call.require(name)
    refuse(call.given, "orderby search deltatoken")
    return call.page(_all(call, name))


def counted(call: Call, name: str) -> str:
    """How many there are."""
    call.require(name)
    return call.number(_all(call, name))


def single(call: Call, name: str, object_id: str) -> dict[str, Any]:
    """One object."""
    call.require(name)
    refuse(call.given, "filter top orderby search skiptoken")
    kind = COLLECTIONS[name]
    return call.single(name, _shown(call, kind)(call.entry(kind, object_id)))


def manager(call: Call, user_id: str) -> dict[str, Any]:
    """A user's manager. Raises a 404 if there is none."""
    call.require("manager")
    managed_by = call.entry("user", user_id).manager
    entry = call.store.alive(managed_by) if managed_by else None
    if entry is None:
        raise not_found("manager")
    return call.single("directoryObjects", {**typed("user", entry.id), **_shown(call, "user")(entry)})


def deleted(call: Call, cast: str) -> dict[str, Any]:
    """A page of the users or groups that were deleted and can be restored."""
    kind: Kind = "user" if cast == "microsoft.graph.user" else "group"
    call.require(f"deleted {kind}s")
    refuse(call.given, "orderby search filter expand deltatoken")
    gone = sorted(i for i in call.store.order[kind] if call.store.entries[i].removed == "changed")
    return call.page(replace(call.listed(f"{kind}s", gone, _shown(call, kind)), entry=call.store.entries.get))


def by_ids(call: Call) -> dict[str, Any]:
    """Objects of any kind by their ids; those that are not there are left out."""
    body = call.request.body
    ids = body.get("ids") if isinstance(body, dict) else None
    if not isinstance(ids, list) or not ids or len(ids) > _MOST_IDS:
        raise bad_request(f"'ids' must hold between 1 and {_MOST_IDS} ids.")
    kinds = body.get("types") or ["directoryObject"]
    found = [entry for entry in map(call.store.alive, dict.fromkeys(ids)) if entry is not None]
    show = mixed_rows(call.schema, call.given.get("select"), call.request.roles)
    value = [show(entry) for entry in found if entry.kind in kinds or "directoryObject" in kinds]
    return {"@odata.context": call.context("directoryObjects"), "value": value}


def _all(call: Call, name: str) -> Listed:
    kind = COLLECTIONS[name]
    found = call.listed(name, call.store.order[kind], _shown(call, kind))
    return replace(found, entry=_filtered(call, kind), is_sorted=False)


def _filtered(call: Call, kind: Kind) -> Callable[[str], Entry | None]:
    text = call.given.get("filter")
    if text is None:
        return call.store.alive
    wanted = Filter(kind, text, call.schema)
    if wanted.is_advanced:
        require_advanced(call.given, call.request.headers, "This filter")

    def one(object_id: str) -> Entry | None:
        entry = call.store.alive(object_id)
        return entry if entry is not None and wanted.matches(entry.properties) else None

    return one


def _shown(call: Call, kind: Kind) -> Callable[[Entry], Row]:
    show = rows(call.schema.selection(kind, call.given.get("select")), call.request.roles)
    return with_manager(call.store, show) if expands_manager(call.given, kind) else show


def members(call: Call, group_id: str, relation: str, cast: Sequence[str]) -> dict[str, Any] | str:
    """A page of a group's members, or of its transitive members; or their number."""
    call.require("groups")
    group = call.entry("group", group_id)
    ids = call.memberships.of(group, is_transitive=relation == "transitiveMembers")
    if is_hidden(group) and HIDDEN_MEMBERS.isdisjoint(call.request.roles):
        if call.knobs.hidden_members == "refuse":
            raise denied()
        ids = ()
    return _related(call, ids, cast)


def groups_of(call: Call, name: str, object_id: str, path: Sequence[str]) -> dict[str, Any] | str:
    """A page of the groups that a user or group is in. path: memberOf or transitiveMemberOf, and a cast."""
    call.require("groups")
    entry = call.entry(COLLECTIONS[name], object_id)
    ids = call.memberships.groups_of(entry, is_transitive=path[0] == "transitiveMemberOf")
    return _related(call, ids, path[1:])


def assigned(call: Call, object_id: str) -> dict[str, Any]:
    """A page of the assignments to an application."""
    call.require("servicePrincipals")
    refuse(call.given, "orderby search filter expand deltatoken count")
    ids, show = _assignments(call.store, call.entry("servicePrincipal", object_id))
    return call.page(call.listed("appRoleAssignments", ids, show))


def _related(call: Call, ids: Sequence[str], cast: Sequence[str]) -> dict[str, Any] | str:
    """Objects of several kinds, or, by a cast, of one; or their number, by $count at the end."""
    refuse(call.given, "orderby search filter expand deltatoken")
    is_number = list(cast[-1:]) == ["$count"]
    show = mixed_rows(call.schema, call.given.get("select"), call.request.roles)
    found = call.listed("directoryObjects", ids, show)
    found = replace(found, entry=_cast(call, cast[:-1] if is_number else cast))
    if is_number:
        return call.number(found)
    if cast:
        require_advanced(call.given, call.request.headers, f"The cast to '{cast[0]}'")
    return call.page(found)


def _cast(call: Call, cast: Sequence[str]) -> Callable[[str], Entry | None]:
    if not cast:
        return call.store.alive
    if len(cast) > 1 or not cast[0].startswith(_TYPE):
        raise bad_request(f"Resource not found for the segment '{cast[-1]}'.")
    kind = cast[0].removeprefix(_TYPE)

    def one(object_id: str) -> Entry | None:
        entry = call.store.alive(object_id)
        return entry if entry is not None and entry.kind == kind else None

    return one


def _assignments(store: Store, resource: Entry) -> tuple[Sequence[str], Callable[[Entry], Row]]:
    """The principals in sorted order, and what shows the assignment of one of them."""
    assigned = store.assigned.get(resource.id, {})

    def show(principal: Entry) -> Row:
        return {
            "id": str(uuid.uuid5(_NAMESPACE, f"{resource.id} {principal.id}")),
            "deletedDateTime": None,
            "appRoleId": assigned[principal.id],
            "createdDateTime": principal.properties.get("createdDateTime"),
            "principalDisplayName": principal.properties.get("displayName"),
            "principalId": principal.id,
            "principalType": _PRINCIPAL_TYPES[principal.kind],
            "resourceDisplayName": resource.properties.get("displayName"),
            "resourceId": resource.id,
        }

    return sorted(assigned), show
