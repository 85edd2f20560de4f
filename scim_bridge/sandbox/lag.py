"""Lists that lag behind writes: a second copy of the store, which each write reaches some seconds later.

Lists and filters read the copy while there is a lag; GET by id, uniqueness and writes always see the store itself.
"""

import heapq
from collections.abc import Callable, Mapping
from copy import copy
from itertools import count

from scim_bridge.sandbox.store import Change, Content, Resource, Shelf, Store, unique_values


class Replica(Content):
    """What lists show. delay: seconds until the next write reaches them.

    Writes may arrive in another order than they were made. Of two writes to one thing the later one stays.
    """

    def __init__(self, store: Store, delay: Callable[[], float]) -> None:
        super().__init__(case_exact=store.users.case_exact)
        self._now = lambda: store.now().timestamp()
        self._delay = delay
        self._number = count()
        self._waiting: list[tuple[float, int, Change]] = []
        self._latest: dict[tuple[str, str], int] = {}
        self.users = _copied(store.users)
        self.groups = _copied(store.groups)
        self.members = {group_id: set(ids) for group_id, ids in store.members.items()}
        self.groups_of = {user_id: set(ids) for user_id, ids in store.groups_of.items()}

    def note(self, change: Change, is_at_once: bool) -> None:
        """A write was made."""
        due = self._now() + (0.0 if is_at_once else self._delay())
        heapq.heappush(self._waiting, (due, next(self._number), change))

    def catch_up(self) -> None:
        """Let in every write whose time has come."""
        now = self._now()
        while self._waiting and self._waiting[0][0] <= now:
            _, number, change = heapq.heappop(self._waiting)
            key = (change.id, change.user_id)
            if self._latest.get(key, -1) < number:
                self._latest[key] = number
                self._let_in(change)

    def _let_in(self, change: Change) -> None:
        if change.kind == "Member":
            (self.add_member if change.is_member else self.remove_member)(change.id, change.user_id)
            return
        shelf = self.shelf(change.kind)
        old = shelf.by_id.pop(change.id, None)
        if old is not None:
            _release(shelf, old.id, unique_values(old.attributes, change.kind))
            shelf.order[old.position] = None
        if change.resource is None:
            self.forget_memberships(change.kind, change.id)
            return
        self._put(shelf, change.resource)
        for attribute, value in unique_values(change.resource.attributes, change.kind).items():
            shelf.taken.setdefault(attribute, {})[shelf.key(attribute, value)] = change.id

    def _put(self, shelf: Shelf, resource: Resource) -> None:
        shelf.order += [None] * (resource.position + 1 - len(shelf.order))
        shelf.order[resource.position] = resource.id
        shelf.by_id[resource.id] = resource


def _release(shelf: Shelf, resource_id: str, values: Mapping[str, str]) -> None:
    """Let go of unique values, unless another resource is shown with them already: the writes came in another order."""
    for attribute, value in values.items():
        key = shelf.key(attribute, value)
        if shelf.taken[attribute].get(key) == resource_id:
            del shelf.taken[attribute][key]


def _copied(shelf: Shelf) -> Shelf:
    twin = Shelf(case_exact=shelf.case_exact)
    twin.by_id = {resource_id: copy(resource) for resource_id, resource in shelf.by_id.items()}
    twin.order = list(shelf.order)
    twin.taken = {attribute: dict(ids) for attribute, ids in shelf.taken.items()}
    return twin
