"""The limits of what a plan does to who may enter what: lose_access, lose_admin, gain_admin. Pure.

They are held against the plan once it is made, since only then it is known about whom AWS has to be asked.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from scim_bridge.model.effect import Effect, Entering
from scim_bridge.model.identity import ACTIVE
from scim_bridge.model.impact import Impact, entering, new_id
from scim_bridge.model.limit import ACCESS_COUNTERS, AccessCounter, CounterName, Limits
from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Plan, Trip, Verdict
from scim_bridge.plan.guard import check

Sizes = Callable[[str], int]
"""A base of these limits ("entering", "administrators") → how many users belong to it."""


def with_access_limits(
    plan: Plan, impact: Impact, sizes: Sizes, limits: Limits, recent: Mapping[CounterName, frozenset[Effect]]
) -> Plan:
    """The plan with its impact, and with these limits held against it. recent: what runs of the window have done.

    sizes is asked only where something is counted: most plans take no access away.
    """
    counted: Mapping[AccessCounter, frozenset[str]] = {
        "lose_access": entering(impact.lost),
        "lose_admin": frozenset(one.user_id for one in impact.admins_lost),
        "gain_admin": frozenset(one.user_id for one in impact.admins_gained),
    }
    trips = (_trip(counter, users, sizes, limits, recent) for counter, users in counted.items() if users)
    verdict = Verdict((*plan.verdict.tripped, *(trip for trip in trips if trip is not None)))
    return replace(plan, impact=impact, verdict=verdict, operations=_marked(plan.operations, counted))


def _trip(
    counter: AccessCounter,
    users: frozenset[str],
    sizes: Sizes,
    limits: Limits,
    recent: Mapping[CounterName, frozenset[Effect]],
) -> Trip | None:
    row = ACCESS_COUNTERS[counter]
    effects: frozenset[Effect] = frozenset(Entering(counter, user) for user in users)
    # Who is counted belongs to the whole, also where AWS was read before they had what they lose now.
    whole = sizes(row.base) if counter == "gain_admin" else max(sizes(row.base), len(users))
    return check(row, effects, recent.get(counter, frozenset()), whole, limits)


def _marked(
    operations: tuple[Operation, ...], counted: Mapping[AccessCounter, frozenset[str]]
) -> tuple[Operation, ...]:
    """The operations, each with the users whom these limits count because of it: the journal is what later runs of the
    window know of this one."""
    if not any(counted.values()):
        return operations
    takes, gives = _first(operations, is_giving=False), _first(operations, is_giving=True)
    marks: dict[str, list[str]] = defaultdict(list)
    for counter, users in counted.items():
        by = gives if counter == "gain_admin" else takes
        for user in sorted(users & by.keys()):
            marks[by[user]].append(str(Entering(counter, user)))
    return tuple(replace(o, counts=(*o.counts, *marks[o.id])) if o.id in marks else o for o in operations)


def _first(operations: Iterable[Operation], *, is_giving: bool) -> dict[str, str]:
    """User id → the first operation that may give (or take) a way in."""
    found: dict[str, str] = {}
    for operation in operations:
        if operation.members:
            if is_giving is (operation.kind == "add_members"):
                for member in operation.members:
                    found.setdefault(member.target_id or new_id("user", member.source_id or ""), operation.id)
        elif operation.resource == "user":
            begins = operation.is_create or operation.changes.get(ACTIVE, (None, None))[1] is True
            if begins if is_giving else operation.is_delete or operation.kind == "deactivate_user":
                user = operation.target_id or new_id("user", operation.source_id or "")
                found.setdefault(user, operation.id)
    return found
