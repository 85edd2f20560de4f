"""Assignments: what depends on a user or a group in Identity Center, beside what SCIM shows of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scim_bridge.model.identity import TargetKey

Principal = TargetKey
"""A user or a group, by its target id: the id that SCIM shows is the id that assignments name."""


@dataclass(frozen=True, slots=True, order=True)
class Assignment:
    """A way into an account, held directly (not through a group). account: its name with its id, or its id alone."""

    account: str
    permission_set: str

    def __str__(self) -> str:
        return f"{self.permission_set} on {self.account}"


@dataclass(frozen=True, slots=True)
class Assignments:
    """What is known. of: everyone who was looked up, () for who holds nothing.

    is_asked: false where no `access` is configured, or AWS could not be read, so that nothing is known of anyone.
    """

    of: Mapping[Principal, tuple[Assignment, ...]] = field(default_factory=dict)
    is_asked: bool = True


UNKNOWN = Assignments(is_asked=False)
