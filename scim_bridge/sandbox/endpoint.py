"""The SCIM operations over the store: method and path in, status and body out. Nothing here knows of HTTP."""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import unquote

from scim_bridge.sandbox import discovery
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.lag import Replica
from scim_bridge.sandbox.patch import GroupPatch, member_ids, patched_user
from scim_bridge.sandbox.query import Query, page, parse, position
from scim_bridge.sandbox.refusal import GENERIC, NO_ROUTE, Refusal, invalid, not_found
from scim_bridge.sandbox.schema import ENTERPRISE, check_group, check_user
from scim_bridge.sandbox.store import Content, Kind, Resource, Shelf, Store, shown

_KINDS: dict[str, Kind] = {"Users": "User", "Groups": "Group"}
Answer = tuple[int, dict[str, Any] | None]


@dataclass(slots=True)
class Request:
    """One API request. path: below the tenant's base ("Users/123"), as sent. body: parsed JSON or None."""

    method: str
    path: str
    query: str
    body: Any


class Endpoint:
    """The documented operations, each with its status codes. knobs may be exchanged while it runs."""

    def __init__(self, store: Store, knobs: Knobs, random: Random) -> None:
        self.store = store
        self._random = random
        self._replica: Replica | None = None
        self.knobs = knobs

    @property
    def knobs(self) -> Knobs:
        """The settings in force. Setting them raises ValueError if resources differ by case that is now ignored."""
        return self._knobs

    @knobs.setter
    def knobs(self, knobs: Knobs) -> None:
        if knobs.case_exact != self.store.users.case_exact:
            self.store.set_case(case_exact=knobs.case_exact)
            if self._replica is not None:
                self._replica.set_case(case_exact=knobs.case_exact)
        self._knobs = knobs
        if not (knobs.list_lag or knobs.straggler_chance):
            self._replica = self.store.watcher = None
        elif self._replica is None:
            self._replica = Replica(self.store, self._delay)
            self.store.watcher = self._replica.note

    def _delay(self) -> float:
        is_straggler = self._random.random() < self.knobs.straggler_chance
        return self.knobs.straggler_lag if is_straggler else self.knobs.list_lag

    @property
    def _listed(self) -> Content:
        """What lists and filters show now."""
        if self._replica is None:
            return self.store
        self._replica.catch_up()
        return self._replica

    def answer(self, request: Request) -> Answer:
        """Status and body. Raises Refusal."""
        parts = [unquote(part) for part in request.path.split("/")]
        if not all(parts):
            raise _no_route(request)
        is_list = len(parts) == 1 and request.method == "GET" and parts[0] in _KINDS
        if request.query and not is_list and self.knobs.unsupported_parameter == "refuse":
            raise invalid("a parameter is not supported here")
        kind = _KINDS.get(parts[0])
        if kind is None:
            return self._about(request, parts)
        if len(parts) == 1:
            return self._collection(kind, request)
        if len(parts) == 2:
            return self._resource(kind, parts[1], request)
        raise _no_route(request)

    def _about(self, request: Request, parts: list[str]) -> Answer:
        found = discovery.find(parts)
        if found is None:
            raise _no_route(request)
        if request.method != "GET":
            raise self._wrong_method(request)
        return 200, found

    def _wrong_method(self, request: Request) -> Refusal:
        status = self.knobs.wrong_method
        detail = {400: GENERIC, 404: NO_ROUTE, 405: "Method not allowed."}[status]
        return Refusal(status, detail, f"/{request.path} has no {request.method}")

    def hide(self, resource_id: str, seconds: float) -> None:
        """Let no PATCH see this resource until some seconds are over."""
        for shelf in (self.store.users, self.store.groups):
            if resource_id in shelf.by_id:
                shelf.by_id[resource_id].hidden_until = self.store.now().timestamp() + seconds

    def _collection(self, kind: Kind, request: Request) -> Answer:
        if request.method == "GET":
            return 200, self._list(kind, parse(kind, request.query, self.knobs))
        if request.method != "POST":
            raise self._wrong_method(request)
        body = _object(request.body)
        if kind == "User":
            return 201, shown(self.store.create("User", check_user(body, self.knobs)), "User")
        return 201, self._create_group(body)

    def _create_group(self, body: dict[str, Any]) -> dict[str, Any]:
        group = check_group(body, self.knobs)
        ids = member_ids(group["members"], self.knobs) if group.get("members") else []
        if len(ids) > 100:
            raise invalid("more than 100 members")
        group.pop("members", None)
        self._require_users(ids)
        created = self.store.create("Group", group)
        for user_id in ids:
            self.store.add_member(created.id, user_id)
        answer = shown(created, "Group")
        del answer["members"]
        return answer

    def _resource(self, kind: Kind, resource_id: str, request: Request) -> Answer:
        act: Callable[[str, Any], Answer] | None = {
            ("User", "PATCH"): self._patch_user,
            ("User", "PUT"): self._put_user,
            ("Group", "PATCH"): self._patch_group,
            ("Group", "PUT"): self._put_group,
        }.get((kind, request.method))
        if act is not None:
            return act(resource_id, _object(request.body))
        if request.method == "GET":
            return 200, shown(self.store.get(kind, resource_id), kind)
        if request.method == "DELETE":
            self.store.delete(kind, resource_id, with_assignments=self.knobs.assignments_of_deleted == "remove")
            return 204, None
        raise self._wrong_method(request)

    def _put_group(self, _group_id: str, _body: Any) -> Answer:
        raise Refusal(self.knobs.put_group, "Operation is not supported.", "PUT on a group is not supported")

    def _patch_user(self, user_id: str, body: Any) -> Answer:
        user = self._visible("User", user_id)
        patched = patched_user(user.attributes, body, self.knobs)
        self.store.change("User", user, check_user(patched, self.knobs, user.attributes))
        return 200, shown(user, "User")

    def _put_user(self, user_id: str, body: dict[str, Any]) -> Answer:
        user = self.store.get("User", user_id)
        if body.get("id") != user_id and self.knobs.put_without_id == "refuse":
            raise invalid("the body's id is not the path's")
        given = {key: value for key, value in body.items() if key != "id"}
        self.store.change("User", user, check_user(given, self.knobs, user.attributes))
        return self.knobs.put_success, shown(user, "User")

    def _patch_group(self, group_id: str, body: Any) -> Answer:
        group, before = self._visible("Group", group_id), frozenset(self.store.members[group_id])
        patch = GroupPatch(group.attributes, set(before), body, self.knobs)
        self._require_users(patch.added)
        if patch.empties_and_fails:
            self._set_members(group_id, before, frozenset())
            raise invalid("a member has no value (and yet the group was emptied)")
        if patch.attributes != group.attributes:
            self.store.change("Group", group, patch.attributes)
        self._set_members(group_id, before, patch.members)
        return 204, None

    def _set_members(self, group_id: str, before: Set[str], after: Set[str]) -> None:
        for user_id in sorted(before - after):
            self.store.remove_member(group_id, user_id)
        for user_id in sorted(after - before):
            self.store.add_member(group_id, user_id)

    def _require_users(self, user_ids: list[str]) -> None:
        for user_id in user_ids:
            try:
                self._visible("User", user_id)
            except Refusal:
                if self.knobs.unknown_member == 400:
                    raise invalid(f"member {user_id} does not exist") from None
                raise

    def _visible(self, kind: Kind, resource_id: str) -> Resource:
        """The resource, unless it is so new that a PATCH does not see it yet."""
        resource = self.store.get(kind, resource_id)
        if self.store.now().timestamp() < max(resource.born + self.knobs.visible_after, resource.hidden_until):
            raise not_found(f"{kind} {resource_id}")
        return resource

    def _list(self, kind: Kind, query: Query) -> dict[str, Any]:
        size = query.count
        if query.cursor is None:
            size = min(size, self.knobs.page_without_cursor)
        elif self.knobs.short_pages and self._random.random() < 0.5:
            size = self._random.randint(1, size)
        return page(query, kind, self._fitting(kind, query), size)

    def _fitting(self, kind: Kind, query: Query) -> Iterable[Resource]:
        terms, listed = query.filter, self._listed
        shelf = listed.shelf(kind)
        if not terms:
            return shelf.after(position(query, kind))
        if "groups.value" in terms:
            return self._related(kind, terms["groups.value"], listed.groups, listed.members)
        if "members.value" in terms:
            return self._related(kind, terms["members.value"], listed.users, listed.groups_of)
        if "id" in terms:
            return self._by_id(kind, terms)
        attribute, value = next(iter(terms.items()))
        found = shelf.find(attribute, value)
        return [found] if found is not None else []

    def _related(self, kind: Kind, other_id: str, others: Shelf, related: dict[str, set[str]]) -> list[Resource]:
        if other_id not in others.by_id:
            code = self.knobs.filter_unknown_group if kind == "User" else self.knobs.filter_unknown_member
            if code == 404:
                raise not_found(other_id)
            return []
        by_id = self._listed.shelf(kind).by_id
        found = (by_id[i] for i in related.get(other_id, ()) if i in by_id)
        return sorted(found, key=lambda resource: resource.position)

    def _by_id(self, kind: Kind, terms: dict[str, str]) -> list[Resource]:
        listed = self._listed
        found = listed.shelf(kind).by_id.get(terms["id"])
        member = terms.get("members") or terms.get("member")
        if member is not None and member not in listed.users.by_id and self.knobs.filter_unknown_member == 404:
            raise not_found(f"User {member}")
        if found is None or (member is not None and member not in listed.members.get(found.id, ())):
            return []
        if "manager" in terms:
            manager = found.attributes.get(ENTERPRISE, {}).get("manager", {})
            if manager.get("value") != terms["manager"]:
                return []
        return [found]


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise invalid("Invalid JSON from RequestBody")
    return body


def _no_route(request: Request) -> Refusal:
    return Refusal(404, NO_ROUTE, f"there is no {request.method} /{request.path}")
