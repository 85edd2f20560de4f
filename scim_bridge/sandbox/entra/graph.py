"""Microsoft Graph v1.0 as far as a directory's reader needs it: which path is answered by which call.

Shapes come from the page of each call below learn.microsoft.com/graph/api.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from scim_bridge.sandbox.entra import object_call, relation_call
from scim_bridge.sandbox.entra.call import Call, GraphRequest
from scim_bridge.sandbox.entra.delta import Asked, Delta
from scim_bridge.sandbox.entra.directory import Directory, service_principal_id
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.link import Sealer
from scim_bridge.sandbox.entra.membership import Memberships
from scim_bridge.sandbox.entra.permission import HIDDEN_MEMBERS
from scim_bridge.sandbox.entra.query import Schema, parse
from scim_bridge.sandbox.entra.refusal import bad_request, unsupported

_BY_APP = re.compile(r"servicePrincipals\(appId='([^']+)'\)")
_DELTA = ("delta", "delta()", "microsoft.graph.delta", "microsoft.graph.delta()")


class Graph:
    """Answers requests that carry a token. origin: scheme, host and port, for the links it gives out."""

    def __init__(self, origin: str, directory: Directory, clock: Callable[[], float], knobs: EntraKnobs) -> None:
        self.knobs = knobs
        self._sealer = Sealer()
        self.delta = Delta(directory.store, self._sealer, clock)
        self._service = f"{origin}/v1.0/"
        self._store = directory.store
        self._memberships = Memberships(directory.store)

    def answer(self, request: GraphRequest) -> dict[str, Any] | str:
        """The body of a success: JSON, or text for a $count segment. Raises GraphRefusal."""
        parts = [part for part in request.path.split("/") if part]
        found = _BY_APP.fullmatch(parts[0]) if parts else None
        if found:
            parts = ["servicePrincipals", service_principal_id(found[1]), *parts[1:]]
        call = Call(
            request=replace(request, path="/".join(parts)),
            given=parse(request.query),
            service=self._service,
            store=self._store,
            memberships=self._memberships,
            schema=Schema(frozenset(self._store.extensions), self.knobs.without),
            knobs=self.knobs,
            sealer=self._sealer,
        )
        if request.method == "POST" and parts in (
            ["directoryObjects", "getByIds"],
            ["directoryObjects", "microsoft.graph.getByIds"],
        ):
            return object_call.by_ids(call)
        if request.method != "GET":
            raise unsupported(f"The sandbox does not change the directory: {request.method} is not served.")
        return self._read(call, parts)

    def _read(self, call: Call, parts: list[str]) -> dict[str, Any] | str:
        match parts:
            case ["users" | "groups" as name, last] if last in _DELTA:
                return self._delta(call, name)
            case ["users" | "groups" | "servicePrincipals" as name]:
                return object_call.listed(call, name)
            case ["users" | "groups" as name, "$count"]:
                return object_call.counted(call, name)
            case ["users" | "groups" | "servicePrincipals" as name, object_id]:
                return object_call.single(call, name, object_id)
            case ["users", user_id, "manager"]:
                return object_call.manager(call, user_id)
            case ["groups", group_id, "members" | "transitiveMembers" as relation, *cast]:
                return relation_call.members(call, group_id, relation, cast)
            case ["users" | "groups" as name, object_id, "memberOf" | "transitiveMemberOf", *_]:
                return relation_call.groups_of(call, name, object_id, parts[2:])
            case ["servicePrincipals", object_id, "appRoleAssignedTo"]:
                return relation_call.assigned(call, object_id)
            case ["directory", "deletedItems", "microsoft.graph.user" | "microsoft.graph.group" as cast_to]:
                return object_call.deleted(call, cast_to)
        raise bad_request(f"Resource not found for the segment '{parts[-1] if parts else ''}'.")

    def _delta(self, call: Call, name: str) -> dict[str, Any]:
        call.require("users/delta" if name == "users" else "groups")
        shows_hidden = not HIDDEN_MEMBERS.isdisjoint(call.request.roles)
        asked = Asked(object_call.KINDS[name], call.url, call.given, call.request.headers, shows_hidden)
        return self.delta.answer(asked, call.schema, self.knobs)
