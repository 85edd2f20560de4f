"""Of a whole directory, the users that can have a say in what happens to a few named ones.

Two users concern each other if they claim or hold the same unique value, if one is the other's manager, or if one
reference may mean either; so do those who concern these, to the end. Correlating them gives for the named what
correlating everyone gives: a law of `tests/laws`. Groups are kept whole.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from scim_bridge.model.capabilities import Uniqueness, fold
from scim_bridge.model.identity import EMAILS, EXTERNAL_ID, MANAGER, NAMES, Directory, Inventory, Value
from scim_bridge.model.remembered import Remembered
from scim_bridge.plan.match.pairing import Terms


def neighbourhood(
    directory: Directory, inventory: Inventory, known: Remembered, terms: Terms, named: Iterable[str]
) -> tuple[Directory, Inventory, Remembered]:
    """The same with the users around these (source ids) alone."""
    around = _Around(directory=directory, inventory=inventory, known=known, paths=_paths(terms))
    around.ids.update(named)
    # A reference that may mean a named user may also mean these, and what is decided about it depends on all.
    either = [set(ambiguous.users) for ambiguous in directory.ambiguous if not around.ids.isdisjoint(ambiguous.users)]
    around.ids.update(filter(None, chain.from_iterable(either)))
    around.look_for_managers(around.ids)
    # To the end, not one step: a hold can pass from record to record (docs/design.md §2.4), and the named one may be
    # the last.
    while around.grow():
        pass
    records = (d for at, d in enumerate(directory.users) if d.source_id in around.ids or at in around.nameless)
    shown = {target_id: inventory.users[target_id] for target_id in around.targets if target_id in inventory.users}
    links = {source_id: link for source_id, link in known.users.items() if source_id in around.ids}
    return (
        replace(directory, users=tuple(records)),
        replace(inventory, users=shown),
        replace(known, users=links),
    )


def _paths(terms: Terms) -> dict[str, Uniqueness]:
    """The paths by which users concern each other, and how their values are compared."""
    paths: dict[str, Uniqueness] = dict.fromkeys((*terms.match["user"], EMAILS, NAMES["user"]), "folded")
    return paths | {EXTERNAL_ID: "exact"} | dict(terms.unique["user"])


Column = list[str]
"""One path of every record, or of every resource, in the form in which values are compared; "" where there is none."""


def _columns(attributes: Sequence[Mapping[str, Value]], paths: Mapping[str, Uniqueness]) -> dict[str, Column]:
    """By column, not by record: what 100,000 tuples would cost is most of the time that a revocation has."""
    return {
        path: [fold(value, how) if (value := each.get(path)) else "" for each in attributes]
        for path, how in paths.items()
    }


@dataclass(slots=True, kw_only=True)
class _Around:
    """Those found so far: source ids, target ids, the values they claim or hold. nameless: where
    records without an id stand."""

    directory: Directory
    inventory: Inventory
    known: Remembered
    paths: Mapping[str, Uniqueness]
    ids: set[str] = field(default_factory=set)
    targets: set[str] = field(default_factory=set)
    nameless: set[int] = field(default_factory=set)
    values: dict[str, set[str]] = field(init=False)
    shown: list[str] = field(init=False)
    claimed: Mapping[str, Column] = field(init=False)
    held: Mapping[str, Column] = field(init=False)

    def __post_init__(self) -> None:
        self.values = {path: set() for path in self.paths}
        self.shown = list(self.inventory.users)
        self.claimed = _columns([desired.attributes for desired in self.directory.users], self.paths)
        self.held = _columns([existing.attributes for existing in self.inventory.users.values()], self.paths)

    def look_for_managers(self, ids: Iterable[str]) -> None:
        """The managers of these users, by their records and on the target."""
        wanted = frozenset(ids)
        links = [self.known.users[source_id].target_id for source_id in wanted if source_id in self.known.users]
        for desired in self.directory.users:
            if desired.source_id in wanted and (manager := desired.attributes.get(MANAGER)):
                self.ids.add(str(manager))
        for target_id in (*links, *self._bearing(wanted)):
            existing = self.inventory.users.get(target_id)
            if existing is not None and (manager := existing.attributes.get(MANAGER)):
                self.targets.add(str(manager))

    def _bearing(self, ids: frozenset[str]) -> Iterator[str]:
        return (key for key, existing in self.inventory.users.items() if existing.external_id in ids)

    def grow(self) -> bool:
        """One round: add users who share a value, a link or a decision with those found. True if one was new."""
        before = self._found()
        users = self.directory.users
        near = {at for at, desired in enumerate(users) if desired.source_id in self.ids}
        for at in near | self._sharing(self.claimed):
            self._take_values(self.claimed, at)
            if users[at].source_id:
                self.ids.add(users[at].source_id)
            else:
                self.nameless.add(at)
        there = {at for at, target_id in enumerate(self.shown) if target_id in self.targets}
        for at in there | self._sharing(self.held):
            self._take_values(self.held, at)
            self.targets.add(self.shown[at])
        self._follow_pairs()
        return self._found() != before

    def _sharing(self, columns: Mapping[str, Column]) -> set[int]:
        """Whose values are among those found."""
        return {at for path, column in columns.items() for at, value in enumerate(column) if value in self.values[path]}

    def _take_values(self, columns: Mapping[str, Column], at: int) -> None:
        for path, column in columns.items():
            if column[at]:
                self.values[path].add(column[at])

    def _found(self) -> tuple[int, ...]:
        return len(self.ids), len(self.targets), len(self.nameless), sum(map(len, self.values.values()))

    def _follow_pairs(self) -> None:
        decided = [(r.source_id, r.target_id) for r in self.known.resolutions.values() if r.resource == "user"]
        pairs = (*((link.source_id, link.target_id) for link in self.known.users.values()), *decided)
        for source_id, target_id in pairs:
            if source_id in self.ids or (target_id and target_id in self.targets):
                self.ids.add(source_id)
                self.targets.add(target_id)
