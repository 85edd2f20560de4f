"""Who keeps a way to administer an account: the last door that must stay open. Pure.

Real administrators only: the way of a user who can merely become one, or is one under a condition or within a boundary,
may not be there when it is needed. An inactive user has no way in (graph.py).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from scim_bridge.access.graph import access_rows
from scim_bridge.model.access import AccessReading
from scim_bridge.model.text import folded
from scim_bridge.model.wording import counted, listed


def administrators(reading: AccessReading, account: str) -> dict[str, str]:
    """Active users who are administrators of this account (an id): user id → userName."""
    bounded = {held.name for held in reading.sets.values() if held.limited_by}
    return {
        row.user_id: row.user
        for row in access_rows(reading)
        if row.account_id == account and row.level == "administrator" and row.permission_set not in bounded
    }


@dataclass(frozen=True, slots=True)
class LastDoor:
    """How many must be left. users: administrators at least; break_glass: userNames that must each stay one."""

    users: int
    account: str
    break_glass: tuple[str, ...] = ()

    def refusal(self, before: AccessReading, after: AccessReading) -> str:
        """Why a plan that leads from one to the other must not be applied, by name; "" if it may.

        What was already so before the plan is not its doing: then only losing one more is refused.
        """
        had, has = administrators(before, self.account), administrators(after, self.account)
        lost = sorted(name for user, name in had.items() if user not in has)
        name = before.accounts[self.account].name if self.account in before.accounts else self.account
        gone = _lost_of(self.break_glass, lost)
        if gone:
            return f"{listed(gone)} would no longer be an administrator of {name}, and is a break-glass user"
        if lost and len(has) < self.users:
            left = counted(len(has), "active administrator")
            return f"{listed(lost)} would no longer be an administrator of {name}, which leaves {left} of {self.users}"
        return ""


def _lost_of(named: Iterable[str], lost: Collection[str]) -> list[str]:
    gone = {folded(name): name for name in lost}
    return [gone[folded(name)] for name in named if folded(name) in gone]
