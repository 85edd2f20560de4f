"""Two mappings held against each other over one reading of both sides: what would be different, and why.

What is compared is what the target would hold after a sync under each, so a rule that is written in another way and
gives the same values makes no difference.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from scim_bridge.model.identity import Kind
from scim_bridge.model.operation import Change
from scim_bridge.model.operation_kind import OperationKind
from scim_bridge.model.plan import Conflict, Verdict

TIMEZONE = "timezone"


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that is written differently. path: an attribute, "scope", "nested", "match" or, for both kinds together,
    TIMEZONE. None: there is no rule.

    place: where it stands in the changed mapping; where it stood, if it is gone.
    """

    kind: Kind
    path: str
    old: str | None
    new: str | None
    place: str

    @property
    def cause(self) -> str:
        """The rule as the reason of a difference."""
        return f"{self.place} (removed)" if self.new is None else self.place


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeChange:
    """A record that enters or leaves scope. operation: what the plan under the changed mapping does to the resource.

    operation is None if it does nothing to it.
    """

    kind: Kind
    source_id: str
    name: str
    place: str
    operation: OperationKind | None
    why: str


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """One resource that would end with other attributes. changes: path → (under today's mapping, under the other)."""

    kind: Kind
    source_id: str
    name: str
    changes: Mapping[str, Change]
    why: str


@dataclass(frozen=True, slots=True)
class MemberChange:
    """Users who would be in a group under one mapping only; joins: under the changed one. users: their names."""

    group: str
    verb: Literal["joins", "leaves"]
    users: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that would be different. held, released: what waits for a decision under one mapping only.

    now, changed: the plan's summary under each mapping. verdict: the guard's, under today's mapping.
    """

    connection: str
    rules: tuple[RuleChange, ...]
    entered: tuple[ScopeChange, ...]
    left: tuple[ScopeChange, ...]
    attributes: tuple[AttributeChange, ...]
    members: tuple[MemberChange, ...]
    held: tuple[Conflict, ...]
    released: tuple[Conflict, ...]
    now: Mapping[str, int]
    changed: Mapping[str, int]
    verdict: Verdict

    @property
    def is_empty(self) -> bool:
        """Whether both mappings end in the same."""
        return not (self.entered or self.left or self.attributes or self.members or self.held or self.released)
