"""Who keeps a way to administer an account: the last door that must stay open. Pure.

Real administrators only: the way of a user who can merely become one, or is one under a condition or within a boundary,
may not be there when it is needed. An inactive user has no way in (graph.py).
"""

from collections.abc import Iterable

from scim_bridge.access.graph import access_rows
from scim_bridge.model.access import AccessReading
from scim_bridge.model.effect import Entering
from scim_bridge.model.plan import KEEPS_ADMINS, LAST_DOOR, Trip
from scim_bridge.model.policy import KeepAdmins
from scim_bridge.model.text import folded
from scim_bridge.model.wording import counted, listed

_MANAGEMENT = "management"


def account_of(reading: AccessReading, kept: KeepAdmins) -> str:
    """The id of the account whose administrators are kept; "" if AWS does not show it."""
    if kept.account == _MANAGEMENT:
        return reading.instance.management
    if kept.account in reading.accounts:
        return kept.account
    found = [one.id for one in reading.accounts.values() if folded(one.name) == folded(kept.account)]
    return found[0] if len(found) == 1 else ""


def administering(reading: AccessReading, account: str) -> frozenset[str]:
    """ARNs of the permission sets whose holders are administrators of this account, without any condition."""
    is_central = reading.instance.is_central(account)
    return frozenset(
        held.arn
        for held in reading.sets.values()
        if not held.limited_by and (held.centrally if is_central else held.allowed).level == "administrator"
    )


def administrators(reading: AccessReading, account: str) -> dict[str, str]:
    """Active users who are administrators of this account (an id): user id → userName."""
    sets = {reading.sets[arn].name for arn in administering(reading, account)}
    return {
        row.user_id: row.user
        for row in access_rows(reading)
        if row.account_id == account and row.level == "administrator" and row.permission_set in sets
    }


def closes(kept: KeepAdmins, account: str, before: AccessReading, after: AccessReading) -> Trip | None:
    """Why a plan that leads from one to the other must not be applied, by name; None if it may.

    Those count who are administrators before and after: revocations land first, and a grant may be refused, so who only
    becomes one is not a way in at every moment. A plan that takes it from no one is never refused, even if too
    few there are already.
    """
    had, has = administrators(before, account), administrators(after, account)
    apart = {folded(name) for name in kept.break_glass}
    gone = {user: name for user, name in had.items() if user not in has and folded(name) in apart}
    others = {user: name for user, name in had.items() if user not in has and folded(name) not in apart}
    left = sum(user in has and folded(name) not in apart for user, name in had.items())
    stopped = gone | (others if left < kept.users else {})
    if not stopped:
        return None
    name = before.accounts[account].name if account in before.accounts else account
    said = [f"{_would_stop(gone.values(), name)}, and {_is_break_glass(len(gone))}"] if gone else []
    if stopped.keys() & others.keys():
        still = f"{counted(left, 'active administrator')} of the {kept.users:,} that {KEEPS_ADMINS} asks for"
        said.append(f"{_would_stop(others.values(), name)}, which leaves {still}")
    return Trip(
        limit=LAST_DOOR,
        counted=left,
        base=len(had),
        allowed=str(kept.users),
        sentence="; ".join(said),
        effects=frozenset(Entering("last_door", user) for user in stopped),
    )


def standing(kept: KeepAdmins, reading: AccessReading) -> tuple[str, bool]:
    """How many administrators there are of those that the policy keeps, in words; and whether there are so many."""
    account = account_of(reading, kept)
    if not account:
        return f"AWS shows no account {kept.account!r}, so {KEEPS_ADMINS} keeps no one", False
    apart = {folded(name): name for name in kept.break_glass}
    has = {folded(name) for name in administrators(reading, account).values()}
    name = reading.accounts[account].name if account in reading.accounts else account
    count = counted(len(has - apart.keys()), "active administrator")
    missing = sorted(apart[folded_name] for folded_name in apart.keys() - has)
    less = f"; not an administrator: {listed(missing)}, of break_glass" if missing else ""
    is_kept = not missing and len(has - apart.keys()) >= kept.users
    return f"{count} of {name}, {KEEPS_ADMINS} asks for {kept.users:,}{less}", is_kept


def _would_stop(names: Iterable[str], account: str) -> str:
    known = sorted(names)
    return (
        f"{listed(known)} would no longer be {'an administrator' if len(known) == 1 else 'administrators'} of {account}"
    )


def _is_break_glass(count: int) -> str:
    return f"{'is a break-glass user' if count == 1 else 'are break-glass users'} of {KEEPS_ADMINS}"
