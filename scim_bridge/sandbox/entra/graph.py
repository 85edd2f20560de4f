"""Microsoft Graph v1.0 as far as a directory's reader needs it: which path is answered by what.

Shapes come from the pages of each call below learn.microsoft.com/graph/api (user-list, group-list-members, …).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scim_bridge.sandbox.entra import permission
from scim_bridge.sandbox.entra.assignment import assignments
from scim_bridge.sandbox.entra.delta import Asked, Delta
from scim_bridge.sandbox.entra.directory import Directory, service_principal_id
from scim_bridge.sandbox.entra.filter import Filter
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.link import Sealer
from scim_bridge.sandbox.entra.listing import Collection, Page, page
from scim_bridge.sandbox.entra.membership import Memberships
from scim_bridge.sandbox.entra.query import (
    Given,
    Schema,
    expands_manager,
    page_size,
    parse,
    refuse,
    require_advanced,
    require_eventual,
    wants_count,
)
from scim_bridge.sandbox.entra.refusal import bad_request, not_found, unsupported
from scim_bridge.sandbox.entra.schema import Kind
from scim_bridge.sandbox.entra.shown import Row, mixed_rows, rows, typed, with_manager
from scim_bridge.sandbox.entra.store import Entry

_KINDS: dict[str, Kind] = {"users": "user", "groups": "group", "servicePrincipals": "servicePrincipal"}
_BY_APP = re.compile(r"servicePrincipals\(appId='([^']+)'\)")
_MOST_IDS = 1_000


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """One request below /v1.0/. headers: names in lower case; roles: those of its token; body: JSON, None if none."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    roles: frozenset[str] = frozenset()
    body: Any = None


class Graph:
    """Answers requests that carry a token. origin: scheme, host and port, for the links it gives out."""

    def __init__(self, origin: str, directory: Directory, clock: Callable[[], float], knobs: EntraKnobs) -> None:
        self.knobs = knobs
        self.sealer = Sealer()
        self.delta = Delta(directory.store, self.sealer, clock)
        self._origin = origin
        self._store = directory.store
        self._memberships = Memberships(directory.store)

    def answer(self, request: GraphRequest) -> dict[str, Any] | str:
        """The body of a success: JSON, or text for a $count segment. Raises GraphRefusal."""
        given = parse(request.query)
        parts = [part for part in request.path.split("/") if part]
        found = _BY_APP.fullmatch(parts[0]) if parts else None
        if found:
            parts = ["servicePrincipals", service_principal_id(found[1]), *parts[1:]]
        call = _Call(self, replace(request, path="/".join(parts)), given)
        if request.method == "POST":
            return call.post(parts)
        if request.method != "GET":
            raise unsupported(f"The sandbox does not change the directory: {request.method} is not served.")
        return call.get(parts)

    @property
    def schema(self) -> Schema:
        """What may be named in queries now."""
        return Schema(frozenset(self._store.extensions), self.knobs.without)


class _Call:
    """One request on its way to its answer."""

    def __init__(self, graph: Graph, request: GraphRequest, given: Given) -> None:
        self._graph, self._request, self._given = graph, request, given
        self._store = graph._store  # noqa: SLF001 - the other half of one thing
        self._memberships = graph._memberships  # noqa: SLF001 - likewise
        self._schema = graph.schema
        self._url = f"{graph._origin}/v1.0/{request.path}"  # noqa: SLF001 - likewise

    def get(self, parts: list[str]) -> dict[str, Any] | str:
        """A GET."""
        match parts:
            case [
                "users" | "groups" as kind,
                "delta" | "delta()" | "microsoft.graph.delta" | "microsoft.graph.delta()",
            ]:
                return self._delta(_KINDS[kind])
            case ["users" | "groups" | "servicePrincipals" as kind]:
                return self._list(kind)
            case ["users" | "groups" as kind, "$count"]:
                self._require(kind)
                return self._count(sum(1 for i in self._store.order[_KINDS[kind]] if self._store.alive(i)))
            case ["users" | "groups" | "servicePrincipals" as kind, object_id]:
                return self._one(kind, object_id)
            case ["users", user_id, "manager"]:
                return self._manager(user_id)
            case ["groups", group_id, "members" | "transitiveMembers" as relation, *cast]:
                return self._members(group_id, relation, cast)
            case ["users" | "groups" as kind, object_id, "memberOf" | "transitiveMemberOf" as relation, *cast]:
                return self._member_of(kind, object_id, relation, cast)
            case ["servicePrincipals", object_id, "appRoleAssignedTo"]:
                return self._assigned(object_id)
            case ["directory", "deletedItems", "microsoft.graph.user" | "microsoft.graph.group" as cast]:
                return self._deleted(cast)
        raise bad_request(f"Resource not found for the segment '{parts[-1] if parts else ''}'.")

    def post(self, parts: list[str]) -> dict[str, Any]:
        """A POST that reads."""
        match parts:
            case ["directoryObjects", "getByIds" | "microsoft.graph.getByIds"]:
                return self._by_ids()
        raise unsupported("The sandbox does not change the directory.")

    def _delta(self, kind: Kind) -> dict[str, Any]:
        self._require("users/delta" if kind == "user" else "groups")
        asked = Asked(kind, self._url, self._given, self._request.headers)
        return self._graph.delta.answer(asked, self._schema, self._graph.knobs)

    def _list(self, name: str) -> dict[str, Any]:
        self._require(name)
        refuse(self._given, "orderby", "search", "deltatoken")
        kind = _KINDS[name]
        entry = self._filtered(kind)
        if wants_count(self._given):
            require_eventual(self._request.headers, "'$count'")
        return self._page(name, self._store.order[kind], entry, self._shown(kind), is_sorted=False)

    def _filtered(self, kind: Kind) -> Callable[[str], Entry | None]:
        text = self._given.get("filter")
        if text is None:
            return lambda object_id: self._store.alive(object_id)
        wanted = Filter(kind, text, self._schema)
        if wanted.is_advanced:
            require_advanced(self._given, self._request.headers, "This filter")

        def one(object_id: str) -> Entry | None:
            entry = self._store.alive(object_id)
            return entry if entry is not None and wanted.matches(entry.properties) else None

        return one

    def _shown(self, kind: Kind) -> Callable[[Entry], Row]:
        show = rows(self._schema.selection(kind, self._given.get("select")), self._request.roles)
        return with_manager(self._store, show) if expands_manager(self._given, kind) else show

    def _one(self, name: str, object_id: str) -> dict[str, Any]:
        self._require(name)
        refuse(self._given, "filter", "top", "orderby", "search", "skiptoken")
        entry = self._entry(_KINDS[name], object_id)
        return {"@odata.context": self._context(f"{name}/$entity"), **self._shown(_KINDS[name])(entry)}

    def _entry(self, kind: Kind, object_id: str) -> Entry:
        """By its id, a user by the userPrincipalName too. Raises a 404."""
        entry = self._store.alive(object_id, kind) or (self._store.named(object_id) if kind == "user" else None)
        if entry is None:
            raise not_found(object_id)
        return entry

    def _manager(self, user_id: str) -> dict[str, Any]:
        self._require("manager")
        manager = self._entry("user", user_id).manager
        entry = self._store.alive(manager) if manager else None
        if entry is None:
            raise not_found("manager")
        row = self._shown("user")(entry)
        return {"@odata.context": self._context("directoryObjects/$entity"), **typed("user", entry.id), **row}

    def _members(self, group_id: str, relation: str, cast: Sequence[str]) -> dict[str, Any] | str:
        self._require("groups")
        group = self._entry("group", group_id)
        ids = self._memberships.of(group, is_transitive=relation == "transitiveMembers")
        if group.properties.get("visibility") == "HiddenMembership":
            ids = self._hidden(ids)
        return self._related(ids, cast)

    def _hidden(self, ids: Sequence[str]) -> Sequence[str]:
        if not permission.HIDDEN_MEMBERS.isdisjoint(self._request.roles):
            return ids
        if self._graph.knobs.hidden_members == "refuse":
            permission.require("deleted groups", ())
        return ()

    def _member_of(self, kind: str, object_id: str, relation: str, cast: Sequence[str]) -> dict[str, Any] | str:
        self._require("groups")
        entry = self._entry(_KINDS[kind], object_id)
        return self._related(self._memberships.groups_of(entry, is_transitive=relation == "transitiveMemberOf"), cast)

    def _related(self, ids: Sequence[str], cast: Sequence[str]) -> dict[str, Any] | str:
        """Objects of several kinds, or, cast, of one; or their number."""
        refuse(self._given, "orderby", "search", "filter", "expand", "deltatoken")
        match cast:
            case []:
                entry: Callable[[str], Entry | None] = self._store.alive
            case [name, *rest] if name.startswith("microsoft.graph.") and rest in ([], ["$count"]):
                kind: Any = name.removeprefix("microsoft.graph.")
                if not rest:
                    require_advanced(self._given, self._request.headers, f"The cast to '{name}'")
                entry = lambda object_id: self._store.alive(object_id, kind)  # noqa: E731 - one of two
            case ["$count"]:
                entry = self._store.alive
            case _:
                raise bad_request(f"Resource not found for the segment '{cast[-1]}'.")
        if cast and cast[-1] == "$count":
            return self._count(sum(1 for object_id in ids if entry(object_id)))
        if wants_count(self._given):
            require_eventual(self._request.headers, "'$count'")
        show = mixed_rows(self._schema, self._given.get("select"), self._request.roles)
        return self._page("directoryObjects", ids, entry, show, is_sorted=True)

    def _assigned(self, object_id: str) -> dict[str, Any]:
        self._require("servicePrincipals")
        refuse(self._given, "orderby", "search", "filter", "expand", "deltatoken", "count")
        resource = self._entry("servicePrincipal", object_id)
        ids, show = assignments(self._store, resource)
        return self._page("appRoleAssignments", ids, self._store.alive, show, is_sorted=True)

    def _deleted(self, cast: str) -> dict[str, Any]:
        kind: Kind = "user" if cast.endswith("user") else "group"
        self._require(f"deleted {kind}s")
        refuse(self._given, "orderby", "search", "filter", "expand", "deltatoken")
        gone = [i for i in self._store.order[kind] if self._store.entries[i].removed == "changed"]
        if wants_count(self._given):
            require_eventual(self._request.headers, "'$count'")
        return self._page(f"{kind}s", sorted(gone), self._store.entries.get, self._shown(kind), is_sorted=True)

    def _by_ids(self) -> dict[str, Any]:
        body = self._request.body
        ids = body.get("ids") if isinstance(body, dict) else None
        if not isinstance(ids, list) or not ids or len(ids) > _MOST_IDS:
            raise bad_request(f"'ids' must hold between 1 and {_MOST_IDS} ids.")
        kinds = body.get("types") or ["directoryObject"]
        found = [entry for entry in map(self._store.alive, dict.fromkeys(ids)) if entry is not None]
        show = mixed_rows(self._schema, self._given.get("select"), self._request.roles)
        value = [show(entry) for entry in found if entry.kind in kinds or "directoryObject" in kinds]
        return {"@odata.context": self._context("directoryObjects"), "value": value}

    def _page(
        self,
        context: str,
        ids: Sequence[str],
        entry: Callable[[str], Entry | None],
        show: Callable[[Entry], Row],
        *,
        is_sorted: bool,
    ) -> dict[str, Any]:
        def count() -> int:
            return sum(1 for object_id in ids if entry(object_id) is not None)

        knobs = self._graph.knobs
        size = page_size(self._given, knobs.page_cap)
        collection = Collection(self._url, context, ids, is_sorted, entry, show, count)
        return page(collection, self._given, Page(size, knobs.empty_pages), self._graph.sealer)

    def _count(self, number: int) -> str:
        require_eventual(self._request.headers, "'$count'")
        return str(number)

    def _require(self, call: str) -> None:
        permission.require(call, self._request.roles)

    def _context(self, what: str) -> str:
        return f"{self._url[: self._url.index('/v1.0/')]}/v1.0/$metadata#{what}"
