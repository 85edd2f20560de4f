"""Lists that lag behind writes: a second copy of the store, which each write reaches some seconds later.

Lists and filters read the copy while there is a lag; GET by id, uniqueness and writes always see the store itself.
"""

import heapq
from collections.abc import Callable
from copy import copy
from itertools import count

from scim_bridge.sandbox.store import Change, Content, Kind, Resource, Shelf, Store, unique_values


class Replica(Content):
    """What lists show. delay: seconds until the next write reaches them.

    Writes may arrive in another order than they were made. Of two writes to one thing the later one stays.
    """

    def __init__(self, store: Store, delay: Callable[[], float]) -> None:
        super().__init__(case_exact=store.users.case_exact)
        self._now = store.now
        self._delay = delay
        self._number = count()
        self._waiting: list[tuple[float, int, Change]] = []
        self._latest: dict[tuple[str, str], int] = {}
        self._behind: dict[tuple[str, str], list[str]] = {}
        self.users = _copied(store.users)
        self.groups = _copied(store.groups)
        self.members = {group_id: set(ids) for group_id, ids in store.members.items()}
        self.groups_of = {user_id: set(ids) for user_id, ids in store.groups_of.items()}

    def note(self, change: Change, is_at_once: bool) -> None:
        """A write was made."""
        due = self._now().timestamp() + (0.0 if is_at_once else self._delay())
        heapq.heappush(self._waiting, (due, next(self._number), change))

    def catch_up(self) -> None:
        """Let in every write whose time has come."""
        now = self._now().timestamp()
        while self._waiting and self._waiting[0][0] <= now:
            _, number, change = heapq.heappop(self._waiting)
            key = (change.id, change.user_id)
            if self._latest.get(key, -1) < number:
                self._latest[key] = number
                self._let_in(change)

    def set_case(self, *, case_exact: bool) -> None:
        """From now on filter with or without regard to case."""
        self._behind = {}
        kinds: tuple[Kind, ...] = ("User", "Group")
        for kind in kinds:
            shelf = self.shelf(kind)
            shelf.taken, shelf.case_exact = {}, case_exact
            for resource in shelf.by_id.values():
                self._hold_all(shelf, kind, resource)

    def _let_in(self, change: Change) -> None:
        if change.kind == "Member":
            (self.add_member if change.is_member else self.remove_member)(change.id, change.user_id)
            return
        shelf = self.shelf(change.kind)
        old = shelf.by_id.pop(change.id, None)
        if old is not None:
            shelf.order[old.position] = None
            for attribute, value in unique_values(old.attributes, change.kind).items():
                self._release(shelf, change.id, attribute, shelf.key(attribute, value))
        if change.resource is None:
            self.forget_memberships(change.kind, change.id)
            return
        _put(shelf, change.resource)
        self._hold_all(shelf, change.kind, change.resource)

    def _hold_all(self, shelf: Shelf, kind: Kind, resource: Resource) -> None:
        for attribute, value in unique_values(resource.attributes, kind).items():
            self._hold(shelf, resource.id, attribute, shelf.key(attribute, value))

    def _hold(self, shelf: Shelf, resource_id: str, attribute: str, key: str) -> None:
        """Find a resource by this value, after those that show it too: the writes came in another order."""
        holder = shelf.taken.setdefault(attribute, {}).setdefault(key, resource_id)
        if holder != resource_id:
            self._behind.setdefault((attribute, key), []).append(resource_id)

    def _release(self, shelf: Shelf, resource_id: str, attribute: str, key: str) -> None:
        behind = self._behind.get((attribute, key), [])
        if resource_id in behind:
            behind.remove(resource_id)
        elif behind:
            shelf.taken[attribute][key] = behind.pop(0)
        else:
            del shelf.taken[attribute][key]


def _put(shelf: Shelf, resource: Resource) -> None:
    shelf.order += [None] * (resource.position + 1 - len(shelf.order))
    shelf.order[resource.position] = resource.id
    shelf.by_id[resource.id] = resource


def _copied(shelf: Shelf) -> Shelf:
    twin = Shelf(case_exact=shelf.case_exact)
    twin.by_id = {resource_id: copy(resource) for resource_id, resource in shelf.by_id.items()}
    twin.order = list(shelf.order)
    twin.taken = {attribute: dict(ids) for attribute, ids in shelf.taken.items()}
    return twin
