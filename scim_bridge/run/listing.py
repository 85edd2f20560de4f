"""What a listing shows, held against what we know better: lists may lag behind writes (docs/identity-center.md §10).

A linked resource that a listing lacks is asked for by id before it counts as gone. What we wrote a moment ago is never
taken for gone or changed by a listing alone. Of many that are lacking a sample is asked for first; if all of it is
gone, the others are presumed gone, which is enough for a plan that the guard stops, and for nothing else.
"""

from collections.abc import Container, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from scim_bridge.errors import Hold
from scim_bridge.model.identity import Existing, Inventory, Members, TargetKey
from scim_bridge.model.own_write import FRESH_FOR, OwnWrites, Pair
from scim_bridge.model.protocol import Progress, Target, silent
from scim_bridge.model.remembered import Remembered
from scim_bridge.run.bridge import Bridge
from scim_bridge.state.reader import StateReader

Found = Mapping[TargetKey, Existing | None]
"""What was looked at by id, None for what is gone."""
FEW = 50
"""Up to so many resources are looked at one by one; of more, a sample of so many first."""
_READERS = 8


@dataclass(frozen=True, slots=True)
class Listed:
    """All users and groups of the target. presumed: linked ones that are not among them, and were not asked for."""

    inventory: Inventory
    presumed: frozenset[TargetKey] = frozenset()


def read_settled(bridge: Bridge, reader: StateReader, known: Remembered, now: datetime, progress: Progress) -> Listed:
    """All users and groups of the target. now: when this begins.

    Nothing may be written, and nothing kept, while some are presumed gone (ask_all).
    """
    listed = bridge.target.read(progress)
    own = reader.own_writes(bridge.name, bridge.endpoint, now - FRESH_FOR)
    linked = known.linked_elsewhere | {
        link.target_key for links in (known.users, known.groups) for link in links.values()
    }
    # On a quiet target nothing is asked twice: looking at each linked resource would cost 100,000 requests a reading.
    is_doubtful = own.deleted or own.changed or any(key.id not in listed.of(key.kind) for key in linked)
    if not is_doubtful:
        return Listed(listed)
    deviations = _Deviations(_Look(bridge.target, reader.inventory(bridge.endpoint), progress), listed, own)
    found = deviations.settle(linked)
    missing = {key for key in linked if key.id not in listed.of(key.kind)}
    return Listed(with_again(listed, found), frozenset(missing - found.keys()))


def ask_all(bridge: Bridge, reader: StateReader, presumed: Set[TargetKey], progress: Progress) -> Found:
    """Those who were presumed gone, asked for by id."""
    look = _Look(bridge.target, reader.inventory(bridge.endpoint), progress)
    return look.at(sorted(presumed), "missing")


def read_members(
    bridge: Bridge,
    reader: StateReader,
    group_ids: Sequence[str],
    there: Container[str],
    *,
    now: datetime,
    progress: Progress = silent,
) -> tuple[Members, frozenset[Pair]]:
    """The members of these groups, and the memberships of ours that the reading lacked.

    there: target ids of all users. now: when the run looks.
    """
    if not group_ids:
        return {}, frozenset()
    read = bridge.target.read_members(group_ids, progress)
    return reader.own_writes(bridge.name, bridge.endpoint, now - FRESH_FOR).over(read, there)


def with_again(inventory: Inventory, again: Found) -> Inventory:
    """An inventory with some resources as they were looked at again; None for what is gone."""
    by_kind = {"user": dict(inventory.users), "group": dict(inventory.groups)}
    for (kind, target_id), existing in again.items():
        if existing is None:
            by_kind[kind].pop(target_id, None)
        else:
            by_kind[kind][target_id] = existing
    return Inventory(by_kind["user"], by_kind["group"])


@dataclass(frozen=True, slots=True)
class _Look:
    """Asks for resources by id. seen: each as it was seen, or written by us, last."""

    target: Target
    seen: Inventory
    progress: Progress

    def at(self, keys: Sequence[TargetKey], what: str) -> Found:
        """Each of them as it is now, None for what is gone."""
        found: dict[TargetKey, Existing | None] = {}
        with ThreadPoolExecutor(_READERS, thread_name_prefix="look") as pool:
            for key, existing in zip(keys, pool.map(self._ask, keys), strict=True):
                found[key] = existing
                self.progress(f"look at {what} users and groups", len(found), len(keys))
        return found

    def last(self, key: TargetKey) -> Existing | None:
        """As it was last seen."""
        return self.seen.of(key.kind).get(key.id)

    def _ask(self, key: TargetKey) -> Existing | None:
        try:
            return self.target.get(*key)
        except Hold:
            # Taken for gone, a resource that the target only refuses to show would be created a second time.
            return self.last(key)  # a refusal does not prove that it is gone


@dataclass(frozen=True, slots=True)
class _Deviations:
    """What a listing shows otherwise than expected."""

    look: _Look
    listed: Inventory
    own: OwnWrites

    def settle(self, linked: Set[TargetKey]) -> Found:
        """What to believe instead of the listing."""
        missing = {key for key in linked if key.id not in self.listed.of(key.kind)}
        # A list that lags shows our own write of a moment ago as missing or old. Believed, it would be "drift", and the
        # same value would be sent once more, or the resource be created again.
        fresh = {key for key in missing | self._stale() if key in self.own.changed}
        gone: Found = {key: None for key in self.own.deleted if key.id in self.listed.of(key.kind)}
        return {**gone, **self._missing(sorted(missing - fresh)), **self._believe(sorted(fresh))}

    def _missing(self, keys: Sequence[TargetKey]) -> Found:
        """What the listing lacks: each where they are few. Of many a sample first, and the others unless all of it is
        gone."""
        looked = dict(self.look.at(_sample(keys), "missing"))
        # All of a spread sample are gone: most likely the list is right and the tenant is not what it was. Whether the
        # rest is asked for depends on whether anything will be written (run/sync.py).
        if not any(looked.values()):
            return looked
        return looked | dict(self.look.at([key for key in keys if key not in looked], "missing"))

    def _stale(self) -> set[TargetKey]:
        """What we wrote recently and the listing shows otherwise."""
        return {
            key
            for key in self.own.changed
            if (listed := self.listed.of(key.kind).get(key.id)) is not None
            and (seen := self.look.last(key)) is not None
            and not _is_same(listed, seen)
        }

    def _believe(self, keys: Sequence[TargetKey]) -> Found:
        """Our own fresh ones: each looked at where they are few. Of many a sample, which shows whether we or the
        listing may be believed about the rest; where it does not, all are looked at."""
        looked = dict(self.look.at(_sample(keys), "recent"))
        rest = [key for key in keys if key not in looked]
        # If the sample shows what we wrote, the list lags and we are believed for the rest; if it shows what the list
        # shows, someone else was at work and the list is. Anything in between: look at each.
        for shown in (self.look.seen, self.listed):
            if all(_is_same(existing, shown.of(key.kind).get(key.id)) for key, existing in looked.items()):
                looked |= {key: there for key in rest if (there := shown.of(key.kind).get(key.id)) is not None}
                break
        return looked | dict(self.look.at([key for key in rest if key not in looked], "recent"))


def _sample(keys: Sequence[TargetKey]) -> Sequence[TargetKey]:
    """All of few; of many, so many and a few more, spread evenly."""
    return keys if len(keys) <= FEW else keys[:: len(keys) // FEW]


def _is_same(one: Existing | None, other: Existing | None) -> bool:
    """Whether both are there and show the same."""
    return one is not None and other is not None and dict(one.attributes) == dict(other.attributes)
