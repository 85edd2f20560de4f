"""What a source gives, and what it remembers so that the next reading costs what changed, not what exists.

A source that remembers keeps its own *entries*: raw, as the system gave them, by a key that never changes. A reading
turns the entries it has then, remembered and changed ones alike, into one whole snapshot by one and the same function,
so that reading changes cannot lead anywhere else than reading everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from scim_bridge.model.identity import Snapshot


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


@dataclass(frozen=True, slots=True)
class Memory:
    """What a source remembers. watermark: the position up to which changes are in; opaque, as entries are.

    entries: key → text (JSON), both as the source gave them in Learned.
    """

    watermark: str
    entries: Mapping[str, str]


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
