"""What a source says has changed, applied to what it showed before: to be held against a whole reading."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from scim_bridge.model.identity import KINDS, AmbiguousMember, Kind, Notice, Record, Snapshot, SourceKey
from scim_bridge.model.source import Memory, SourceChanges, SourceReading, moved_on
from tests.remembering import remembered


@dataclass
class Shown:
    """What a source shows: records by key, and direct members (users, groups) by group."""

    records: dict[SourceKey, tuple[Record, ...]] = field(default_factory=dict)
    members: dict[str, tuple[set[str], set[str]]] = field(default_factory=dict)
    ambiguous: tuple[AmbiguousMember, ...] = ()
    warnings: tuple[Notice, ...] = ()

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Shown":
        """The same of a whole reading."""
        records: dict[SourceKey, tuple[Record, ...]] = {}
        for kind in KINDS:
            for record in snapshot.users if kind == "user" else snapshot.groups:
                key = SourceKey(kind, record.id)
                records[key] = (*records.get(key, ()), record)
        members = {group: (set(users), set(groups)) for group, (users, groups) in snapshot.members.items()}
        return cls(records, members, snapshot.ambiguous, snapshot.warnings)

    def apply(self, changes: SourceChanges) -> None:
        """Let these changes happen."""
        self.records |= changes.records
        self.records = {key: records for key, records in self.records.items() if records}
        self.members |= {group: (set(users), set(groups)) for group, (users, groups) in changes.members.items()}
        for user, groups in changes.memberships.items():
            for group, (inside, _) in self.members.items():
                if group not in groups:
                    inside.discard(user)
            for group in groups:
                self.members.setdefault(group, (set(), set()))[0].add(user)
        for group, joined in changes.joined.items():
            for among, ids in zip(self.members.setdefault(group, (set(), set())), joined, strict=True):
                among.update(ids)
        for group, left in changes.left.items():
            for among, ids in zip(self.members.get(group, (set(), set())), left, strict=True):
                among.difference_update(ids)
        self.members = {group: inside for group, inside in self.members.items() if any(inside)}
        self.ambiguous = self.ambiguous if changes.ambiguous is None else changes.ambiguous
        self.warnings = self.warnings if changes.warnings is None else changes.warnings

    @property
    def snapshot(self) -> Snapshot:
        """All of it as one reading."""
        of_kind = {kind: [r for key, rows in self.records.items() if key.kind == kind for r in rows] for kind in KINDS}
        members = {group: (tuple(users), tuple(groups)) for group, (users, groups) in self.members.items()}
        return Snapshot(tuple(of_kind["user"]), tuple(of_kind["group"]), members, self.warnings, self.ambiguous)

    def plain(self) -> Any:
        """All of it, regardless of order, and of where records stand."""
        records = {
            key: Counter(str([sorted(each.items()) for each in (r.attributes, r.raw, r.ambiguous)]) for r in rows)
            for key, rows in self.records.items()
        }
        doubts = {
            (a.reference, frozenset(a.groups), frozenset(a.users), frozenset(a.nested), frozenset(a.fits), a.count)
            for a in self.ambiguous
        }
        return records, self.members, doubts, Counter((n.kind, n.subject, n.detail) for n in self.warnings)


@dataclass
class Applying:
    """Someone who applies what a source says has changed. whole: why everything was read the last time."""

    source: Any
    today: str
    memory: Memory | None = None
    shown: Shown = field(default_factory=Shown)
    whole: str = ""

    def begin(self) -> None:
        """Read everything."""
        self._take(self.source.read(self.today))

    def follow(self) -> SourceChanges | SourceReading:
        """Read what has changed."""
        assert self.memory is not None
        found: SourceChanges | SourceReading = self.source.changes(self.today, self.memory)
        if isinstance(found, SourceReading):
            self._take(found)
            return found
        self.shown.apply(found)
        learned = found.learned
        assert learned is not None
        self.whole = ""
        self.memory = Memory(learned.watermark, moved_on(self.memory.entries, learned.entries), self.today)
        return found

    def _take(self, reading: SourceReading) -> None:
        assert reading.learned is not None
        self.whole = reading.learned.reason or "asked for"
        self.shown = Shown.of(reading.snapshot)
        memory = remembered(self.memory, reading)
        self.memory = Memory(memory.watermark, memory.entries, self.today)


def asked(source: Any, memory: Memory | None, before: Snapshot, wanted: Iterable[tuple[Kind, str]]) -> Snapshot:
    """What was shown before, with what the source says of these now."""
    found: SourceChanges | SourceReading = source.ask("2027-03-13", memory, [SourceKey(*key) for key in wanted])
    if isinstance(found, SourceReading):
        return found.snapshot
    shown = Shown.of(before)
    shown.apply(found)
    return shown.snapshot
