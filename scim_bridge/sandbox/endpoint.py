"""The SCIM operations over the store: method and path in, status and body out. Nothing here knows of HTTP."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from scim_bridge.sandbox import document
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.lag import Replica
from scim_bridge.sandbox.patch import GroupPatch, member_ids, patched_user
from scim_bridge.sandbox.query import Query, page, parse, position
from scim_bridge.sandbox.refusal import Refusal, duplicate, invalid, not_found
from scim_bridge.sandbox.schema import ENTERPRISE, check_group, check_user
from scim_bridge.sandbox.store import Content, Kind, Resource, Shelf, Store, shown

_KINDS: dict[str, Kind] = {"Users": "User", "Groups": "Group"}
Answer = tuple[int, dict[str, Any] | None]


@dataclass(slots=True)
class Request:
    """One API request. path: below the tenant's base ("Users/123"). body: parsed JSON or None."""

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
        """The settings in force."""
        return self._knobs

    @knobs.setter
    def knobs(self, knobs: Knobs) -> None:
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
        parts = [part for part in request.path.split("/") if part]
        kind = _KINDS.get(parts[0]) if parts else None
        if kind is None:
            return self._about(request, parts)
        if len(parts) == 1:
            return self._collection(kind, request)
        if len(parts) == 2:
            return self._resource(kind, parts[1], request)
        raise _no_route(request)

    def _about(self, request: Request, parts: list[str]) -> Answer:
        found = document.find(parts) if request.method == "GET" else None
        if found is None:
            raise _no_route(request)
        return 200, found

    def hide(self, resource_id: str, seconds: float) -> None:
        """Let no PATCH see this resource until some seconds are over."""
        for shelf in (self.store.users, self.store.groups):
            if resource_id in shelf.by_id:
                shelf.by_id[resource_id].hidden_until = self.store.now().timestamp() + seconds

    def _collection(self, kind: Kind, request: Request) -> Answer:
        if request.method == "GET":
            return 200, self._list(kind, parse(kind, request.query, self.knobs))
        if request.method != "POST":
            raise _no_route(request)
        body = _object(request.body)
        if kind == "User":
            return 201, shown(self.store.create("User", check_user(body, self.knobs)), "User")
        return 201, self._create_group(body)

    def _create_group(self, body: dict[str, Any]) -> dict[str, Any]:
        group = check_group(body, self.knobs)
        ids = member_ids(group["members"]) if group.get("members") else []
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
            if request.query and self.knobs.unsupported_parameter == "refuse":
                raise invalid("a parameter is not supported here")
            return 200, shown(self.store.get(kind, resource_id), kind)
        if request.method == "DELETE":
            self.store.delete(kind, resource_id, with_assignments=self.knobs.assignments_of_deleted == "remove")
            return 204, None
        raise _no_route(request)

    def _put_group(self, _group_id: str, _body: Any) -> Answer:
        raise Refusal(self.knobs.put_group, "Operation is not supported.", "PUT on a group is not supported")

    def _patch_user(self, user_id: str, body: Any) -> Answer:
        user = self._visible("User", user_id)
        self.store.change("User", user, check_user(patched_user(user.attributes, body), self.knobs))
        return 200, shown(user, "User")

    def _put_user(self, user_id: str, body: Any) -> Answer:
        user = self.store.get("User", user_id)
        given = dict(body)
        if given.pop("id", None) != user_id and self.knobs.put_without_id == "refuse":
            raise invalid("the body's id is not the path's")
        self.store.change("User", user, check_user(given, self.knobs))
        return self.knobs.put_success, shown(user, "User")

    def _patch_group(self, group_id: str, body: Any) -> Answer:
        group = self._visible("Group", group_id)
        patch = GroupPatch(body, self.knobs)
        if patch.empties_and_fails:
            self._remove(group_id, list(self.store.members[group_id]))
            raise invalid("a member has no value (and yet the group was emptied)")
        self._require_users(patch.added)
        self._refuse_redundant(group_id, patch)
        changed = {k: v for k, v in group.attributes.items() if k not in patch.cleared} | patch.attributes
        if changed != group.attributes:
            self.store.change("Group", group, changed)
        self._remove(group_id, list(self.store.members[group_id]) if patch.removes_all else patch.removed)
        for user_id in patch.added:
            self.store.add_member(group_id, user_id)
        return 204, None

    def _remove(self, group_id: str, user_ids: Iterable[str]) -> None:
        for user_id in user_ids:
            self.store.remove_member(group_id, user_id)

    def _refuse_redundant(self, group_id: str, patch: GroupPatch) -> None:
        if self.knobs.redundant_member_change == "accept":
            return
        members = self.store.members[group_id]
        if not members.isdisjoint(patch.added):
            raise duplicate("members")
        if not members.issuperset(patch.removed):
            raise not_found("a member to remove")

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
            return shelf.after(position(query))
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
    return Refusal(404, "Not found.", f"there is no {request.method} /{request.path}")
