"""Calls about relations: members, the groups that someone is in, who is assigned to an application.

learn.microsoft.com/graph/api: group-list-members, group-list-transitivemembers, user-list-memberof,
serviceprincipal-list-approleassignedto.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from scim_bridge.sandbox.entra.assignment import assignments
from scim_bridge.sandbox.entra.call import Call
from scim_bridge.sandbox.entra.object_call import KINDS
from scim_bridge.sandbox.entra.permission import HIDDEN_MEMBERS
from scim_bridge.sandbox.entra.query import refuse, require_advanced
from scim_bridge.sandbox.entra.refusal import bad_request, denied
from scim_bridge.sandbox.entra.shown import is_hidden, mixed_rows
from scim_bridge.sandbox.entra.store import Entry

_TYPE = "microsoft.graph."


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
    entry = call.entry(KINDS[name], object_id)
    ids = call.memberships.groups_of(entry, is_transitive=path[0] == "transitiveMemberOf")
    return _related(call, ids, path[1:])


def assigned(call: Call, object_id: str) -> dict[str, Any]:
    """A page of the assignments to an application."""
    call.require("servicePrincipals")
    refuse(call.given, "orderby", "search", "filter", "expand", "deltatoken", "count")
    ids, show = assignments(call.store, call.entry("servicePrincipal", object_id))
    return call.page(call.listed("appRoleAssignments", ids, show))


def _related(call: Call, ids: Sequence[str], cast: Sequence[str]) -> dict[str, Any] | str:
    """Objects of several kinds, or, by a cast, of one; or their number, by $count at the end."""
    refuse(call.given, "orderby", "search", "filter", "expand", "deltatoken")
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
