"""Whom one side of a connection has and the other has not, and why."""

from dataclasses import dataclass
from typing import Literal

from scim_bridge.model.identity import Kind, Whom

Why = Literal["unmanaged", "departed", "held", "left_alone", "not_yet"]
"""unmanaged: on the target, and no one claims it. departed: on the target, deactivated after the record had left.
held: in the source, waits for a decision. left_alone: in the source, left alone by a rule. not_yet: in the source, not
created so far."""


@dataclass(frozen=True, slots=True)
class Differing:
    """Users or groups that differ for one reason. names: the first of them, each with who it is."""

    why: Why
    kind: Kind
    count: int
    names: tuple[tuple[str, Whom], ...]
