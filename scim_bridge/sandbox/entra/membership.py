"""Who is in a group, directly or through others, and the groups that someone is in."""

from collections.abc import Callable, Iterable, Sequence

from scim_bridge.sandbox.entra.store import Entry, Store


class Memberships:
    """Answers in sorted order. The last one is kept, since the pages of one large group are asked for in a row."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: tuple[tuple[str, str, int], list[str]] = (("", "", 0), [])

    def of(self, group: Entry, *, is_transitive: bool) -> Sequence[str]:
        """The members: users, groups, devices and so on; nested groups too, if transitive; none twice."""
        if not is_transitive:
            return self._sorted(group, "members", lambda: group.members)
        return self._sorted(group, "transitive members", lambda: self._reached(group.id, self._members_of))

    def groups_of(self, entry: Entry, *, is_transitive: bool) -> Sequence[str]:
        """The groups that it is in."""
        if not is_transitive:
            return self._sorted(entry, "groups", lambda: self._store.groups_of(entry.id))
        return self._sorted(entry, "transitive groups", lambda: self._reached(entry.id, self._store.groups_of))

    def _members_of(self, object_id: str) -> Iterable[str]:
        entry = self._store.alive(object_id)
        return entry.members if entry else ()

    def _reached(self, start: str, step: Callable[[str], Iterable[str]]) -> Iterable[str]:
        """Everything on the way from the start, without it, whatever circles there are."""
        reached = {start: None}
        waiting = [start]
        while waiting:
            for object_id in step(waiting.pop()):
                if object_id not in reached:
                    reached[object_id] = None
                    waiting.append(object_id)
        del reached[start]
        return reached

    def _sorted(self, entry: Entry, relation: str, ids: Callable[[], Iterable[str]]) -> list[str]:
        key = (entry.id, relation, self._store.sequence)
        if self._kept[0] != key:
            self._kept = (key, sorted(ids()))
        return self._kept[1]
