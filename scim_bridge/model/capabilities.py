"""What a target can hold and do, as data (RFC 7643 §2.2 characteristics, plus a dialect's own limits)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from scim_bridge.model.identity import Kind
from scim_bridge.model.text import folded, normal

Uniqueness = Literal["none", "folded", "exact"]
"""folded: unique without regard to case (userName, primary email, displayName); exact: with it (externalId)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Characteristic:
    """One attribute of one kind.

    characters: a class of the `regex` module ("[\\p{L}\\p{N}]"); every character of a value must be in it. allowed: the
    same in words. doubtful: characters that the documents allow and that are refused now and then all the same.
    """

    required: bool = False
    max_length: int = 1024
    characters: str = ""
    allowed: str = ""
    doubtful: str = ""
    uniqueness: Uniqueness = "none"
    reserved: frozenset[str] = frozenset()
    is_boolean: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """A target's limits. attributes: for each kind, path → characteristic; a path that is missing has no place there.

    changes_per_patch: membership changes one request may carry. The rest concerns the wire alone: can_patch: else a
    resource is replaced whole (PUT). can_filter: else it is looked for in a listing. pages_by_cursor: else by
    startIndex. page: resources asked for at once. shows_members: groups are shown with their members.
    removes_by_filter: a member is removed by `members[value eq "id"]`, else by a value list.
    """

    attributes: Mapping[Kind, Mapping[str, Characteristic]]
    changes_per_patch: int
    can_patch: bool = True
    can_filter: bool = True
    pages_by_cursor: bool = True
    page: int = 100
    shows_members: bool = False
    removes_by_filter: bool = False

    def unique(self, kind: Kind) -> tuple[tuple[str, Uniqueness], ...]:
        """The paths whose values only one resource of this kind may hold, and how they are compared."""
        return tuple((path, c.uniqueness) for path, c in self.attributes[kind].items() if c.uniqueness != "none")


def fold(value: object, uniqueness: Uniqueness = "folded") -> str:
    """A unique value in the form in which two of them are compared."""
    return folded(str(value)) if uniqueness == "folded" else normal(str(value))
