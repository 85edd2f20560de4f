"""The limits of a plan: each with its default, and what it counts.

A new limit is a field of Limits, which is at once its key in `policy.limits`, and a row of COUNTERS for each thing that
it counts; tests/model/test_limit.py holds the two together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Limit:
    """At most this many, or at most this share in percent."""

    value: int
    is_percentage: bool

    def __str__(self) -> str:
        return f"{self.value}%" if self.is_percentage else str(self.value)


def percent(value: int) -> Limit:
    """A share of the base, in percent."""
    return Limit(value, is_percentage=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one run, and all runs of a `window` together, may take away or change.

    Up to `floor` objects a percentage does not trip, unless they are all. lose_access, lose_admin, gain_admin: what is
    done to who may enter what, where `access` is configured; None reports it and never stops.
    """

    deactivate: Limit = percent(10)
    delete: Limit = percent(5)
    remove_members: Limit = percent(20)
    shrink_source: Limit = percent(20)
    missing: Limit = percent(20)
    mapping_change: Limit = percent(20)
    lose_access: Limit | None = percent(5)
    lose_admin: Limit | None = Limit(0, is_percentage=False)
    gain_admin: Limit | None = None
    floor: int = 3
    window: timedelta = timedelta(hours=24)


CounterName = Literal[
    "deactivate",
    "delete_user",
    "delete_group",
    "empty_group",
    "remove_members",
    "missing",
    "mapping_change",
    "lose_access",
    "lose_admin",
    "gain_admin",
]
"""What is counted in a plan. `shrink_source` counts nothing in a plan: it compares two readings of the source."""
AccessCounter = Literal["lose_access", "lose_admin", "gain_admin"]
"""Those that are about who may enter what, user by user."""
Base = Literal["active_users", "users", "groups", "memberships", "links", "entering", "administrators"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterRow:
    """What there is to know of one thing that is counted.

    limit: the field of Limits that it is held against. base: what a percentage is a percentage of (plan/guard.py).
    said: the sentence, with {n} and {base}. leaves_base: what earlier runs of the window have done is no longer in the
    base. follows_from_ids: may trip because ids were changed, so that the records with the old ids seem to have left;
    of: whose ids.
    """

    limit: str
    base: Base
    said: str
    leaves_base: bool = False
    follows_from_ids: bool = True
    of: Literal["users", "groups"] = "users"


COUNTERS: Mapping[CounterName, CounterRow] = {
    "deactivate": CounterRow(
        limit="deactivate", base="active_users", leaves_base=True,
        said="{n} of {base} active managed users would be deactivated",
    ),
    "delete_user": CounterRow(
        limit="delete", base="users", leaves_base=True,
        said="{n} of {base} managed users would be deleted",
    ),
    "delete_group": CounterRow(
        limit="delete", base="groups", leaves_base=True, of="groups",
        said="{n} of {base} managed groups would be deleted",
    ),
    "empty_group": CounterRow(
        limit="delete", base="groups", of="groups",
        said="{n} of {base} managed groups would lose their last member",
    ),
    "remove_members": CounterRow(
        limit="remove_members", base="memberships", leaves_base=True,
        said="{n} of {base} memberships of managed groups would be removed",
    ),
    "missing": CounterRow(
        limit="missing", base="links", follows_from_ids=False,
        said="{n} of {base} linked users and groups are gone from the target",
    ),
    "mapping_change": CounterRow(
        limit="mapping_change", base="users",
        said="{n} of {base} managed users would be changed by the mapping or by a new source id",
    ),
}  # fmt: skip
ACCESS_COUNTERS: Mapping[AccessCounter, CounterRow] = {
    "lose_access": CounterRow(
        limit="lose_access", base="entering",
        said="{n} of {base} users who can enter an account would lose a way into one",
    ),
    "lose_admin": CounterRow(
        limit="lose_admin", base="administrators",
        said="{n} of {base} administrators would stop being an administrator of an account",
    ),
    "gain_admin": CounterRow(
        limit="gain_admin", base="administrators", follows_from_ids=False,
        said="{n} would become an administrator of an account, or could then become one, beside the {base} there are",
    ),
}  # fmt: skip
"""The limits of what a plan does to who may enter what; they are counted once AWS was read (plan/access_limits.py)."""
