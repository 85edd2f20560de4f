"""What a source gives, and what it remembers so that the next reading costs what changed, not what exists.

A source that remembers keeps its own *entries*: raw, as the system gave them, by a key that never changes. A reading
turns the entries it has then, remembered and changed ones alike, into one whole snapshot by one and the same function,
so that reading changes cannot lead anywhere else than reading everything.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from scim_bridge.model.identity import AmbiguousMember, Notice, Record, Snapshot, SourceKey


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the mapping uses of the records of one kind. id: the attribute it names as their id, "" if none does yet.

    names: the attributes its rules speak of, whether or not the source has them. is_all: a rule goes through all of a
    record's attributes, so none may be left out.
    """

    id: str
    names: frozenset[str] = frozenset()
    is_all: bool = False

    def together(self, other: "Wanted") -> "Wanted":
        """What two mappings use that name the same id."""
        return Wanted(self.id, self.names | other.names, self.is_all or other.is_all)


class Entries(Mapping[str, str]):
    """Entries that lie somewhere else than in memory: several are looked up at once."""

    def some(self, keys: Iterable[str]) -> dict[str, str]:
        """The entries of these keys, as far as they are there."""
        raise NotImplementedError

    def beginning(self, start: str) -> Iterator[tuple[str, str]]:
        """The entries whose keys begin so, each with its key; none of them is kept."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Memory:
    """What a source remembers. watermark: the position up to which changes are in; opaque, as entries are.

    entries: key → text (JSON), both as the source gave them in Learned. In a run they lie in the state and are looked
    up there one by one, so going through all of them costs what all of them cost. today: the day for which the records
    were last shown (YYYY-MM-DD), "" if unknown.
    """

    watermark: str
    entries: Mapping[str, str]
    today: str = ""

    def some(self, keys: Iterable[str]) -> dict[str, str]:
        """The entries of these keys, as far as they are remembered."""
        if isinstance(self.entries, Entries):
            return self.entries.some(keys)
        return {key: self.entries[key] for key in keys if key in self.entries}

    def beginning(self, *starts: str) -> Iterator[tuple[str, str]]:
        """The entries whose keys begin with one of these, each with its key."""
        for start in starts:
            if isinstance(self.entries, Entries):
                yield from self.entries.beginning(start)
            else:
                yield from ((key, text) for key, text in self.entries.items() if key.startswith(start))


@dataclass(frozen=True, slots=True)
class Learned:
    """What a reading adds to the memory. entries: key → new text, None for what is gone.

    is_whole: everything was read, so what is not in entries is gone. reason: why that was so although only changes were
    wanted, as the rest of "everything was read, because …": the memory did not serve, or the system reports no changes;
    "" otherwise.
    """

    watermark: str
    entries: Mapping[str, str | None]
    is_whole: bool
    reason: str = ""


def moved_on(before: Mapping[str, str], changed: Mapping[str, str | None]) -> dict[str, str]:
    """The entries after a change. changed: key → new text, None for what is gone."""
    after = {key: text for key, text in before.items() if key not in changed}
    return after | {key: text for key, text in changed.items() if text is not None}


@dataclass(frozen=True, slots=True)
class SourceReading:
    """What a source shows now, whole. learned is None if nothing is to be remembered."""

    snapshot: Snapshot
    learned: Learned | None = None


DirectMembers = tuple[tuple[str, ...], tuple[str, ...]]
"""The direct members of a group, as in a Snapshot: ids of users, and ids of groups; each id once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChanges:
    """What a source shows otherwise than what it remembers. Of everything that is not named here, nothing has changed.

    records: key → every record that has this id now, none if it is gone; the key of a kind with the id "" stands for
    all records without an id, and is always there if there are any: only their places tell them apart, and those move.
    What has not changed may be among them: it costs time, and does no harm. members: group
    id → its direct members now, all of them. memberships: user id → ids of all groups that it is now a direct member
    of. joined, left: group id → those who came into it or left it since what is remembered. A membership that changed
    stands in one of these, whichever the source has at hand; only records that exist are named there, so a record that
    comes or goes changes the memberships that name it. ambiguous, warnings: all of
    them as they are now, None if they are as they were.
    """

    records: Mapping[SourceKey, tuple[Record, ...]]
    members: Mapping[str, DirectMembers] = field(default_factory=dict)
    memberships: Mapping[str, Collection[str]] = field(default_factory=dict)
    joined: Mapping[str, DirectMembers] = field(default_factory=dict)
    left: Mapping[str, DirectMembers] = field(default_factory=dict)
    ambiguous: tuple[AmbiguousMember, ...] | None = None
    warnings: tuple[Notice, ...] | None = None
    learned: Learned | None = None
