"""Who may enter which account with what, as people see it: one line each, no cell blank because it repeats."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

DIRECTLY = "(directly)"
"""Stands in the group's column where an assignment names the user."""


class AccessRow(Protocol):
    """One way into one account. group is "" where the assignment names the user; allows: phrases."""

    @property
    def user(self) -> str:
        """The user's name."""
        ...

    @property
    def group(self) -> str:
        """The group through which, "" if none."""
        ...

    @property
    def account(self) -> str:
        """The account's name."""
        ...

    @property
    def permission_set(self) -> str:
        """The permission set's name."""
        ...

    @property
    def allows(self) -> Sequence[str]:
        """What the permission set allows, a phrase each."""
        ...


@dataclass(frozen=True, slots=True)
class AccessView:
    """One line of the access table, every cell filled."""

    user: str
    group: str
    account: str
    permission_set: str
    allows: tuple[str, ...]


def view_access(rows: Iterable[AccessRow]) -> tuple[AccessView, ...]:
    """The table, in the order of the rows given."""
    return tuple(
        AccessView(row.user, row.group or DIRECTLY, row.account, row.permission_set, tuple(row.allows)) for row in rows
    )
