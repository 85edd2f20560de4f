"""Calls about objects themselves: lists, single ones, deleted ones, managers, by their ids.

learn.microsoft.com/graph/api: user-list, group-list, user-get, user-list-manager, directory-deleteditems-list,
directoryobject-getbyids.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from scim_bridge.sandbox.entra.call import Call
from scim_bridge.sandbox.entra.filter import Filter
from scim_bridge.sandbox.entra.listing import Listed
from scim_bridge.sandbox.entra.query import expands_manager, refuse, require_advanced
from scim_bridge.sandbox.entra.refusal import bad_request, not_found
from scim_bridge.sandbox.entra.schema import Kind
from scim_bridge.sandbox.entra.shown import Row, mixed_rows, rows, typed, with_manager
from scim_bridge.sandbox.entra.store import Entry

KINDS: dict[str, Kind] = {"users": "user", "groups": "group", "servicePrincipals": "servicePrincipal"}
"""Collections, by their segment of the path."""
_MOST_IDS = 1_000


def listed(call: Call, name: str) -> dict[str, Any]:
    """A page of all users, groups or service principals."""
    call.require(name)
    refuse(call.given, "orderby", "search", "deltatoken")
    return call.page(_all(call, name))


def counted(call: Call, name: str) -> str:
    """How many there are."""
    call.require(name)
    return call.number(_all(call, name))


def single(call: Call, name: str, object_id: str) -> dict[str, Any]:
    """One object."""
    call.require(name)
    refuse(call.given, "filter", "top", "orderby", "search", "skiptoken")
    kind = KINDS[name]
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
    refuse(call.given, "orderby", "search", "filter", "expand", "deltatoken")
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
    kind = KINDS[name]
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
