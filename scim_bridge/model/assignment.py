"""Assignments: what depends on a user or a group in Identity Center, beside what SCIM shows of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

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
    """What could be learned. of: everyone who was looked up, () for who holds nothing.

    not_read: how many were to be looked up and were not; reason: why, with the way out. is_asked: false where no
    `access` is configured, so that nothing is known of anyone.
    """

    of: Mapping[Principal, tuple[Assignment, ...]] = field(default_factory=dict)
    not_read: int = 0
    reason: str = ""
    is_asked: bool = True


class Access(Protocol):
    """Who can tell what depends on a user or a group. Never raises: what could not be read is said in the answer."""

    def look_up(self, principals: Sequence[Principal]) -> Assignments:
        """The assignments of these, the first ones first; each is asked about once in a run."""
        ...


class NoAccess:
    """No `access` is configured: no one is asked anything."""

    def look_up(self, principals: Sequence[Principal]) -> Assignments:  # noqa: ARG002 - the interface
        """Nothing is known of anyone."""
        return Assignments(is_asked=False)
