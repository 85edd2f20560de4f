"""The order in which access comes about, and the first step that is missing (docs/access.md). Pure.

① the identity store ② permission sets ③ users and groups ④ assignments: who, which account, what ⑤ the portal.
"""

from dataclasses import dataclass

from scim_bridge.access.graph import access_rows
from scim_bridge.model.access import AccessReading
from scim_bridge.model.wording import counted, some

COMPLETE = "all five steps are complete: store, permission sets, users and groups, assignments, portal"


@dataclass(frozen=True, slots=True)
class Missing:
    """The first step that is missing. problems: each a sentence without its full stop."""

    step: str
    problems: tuple[str, ...]


def first_missing(reading: AccessReading) -> Missing | None:
    """The first step at which someone's access ends; None if everyone who can sign in can enter something."""
    steps = (
        ("② permission sets", _sets(reading)),
        ("③ users and groups", _people(reading)),
        ("④ assignments", _assignments(reading)),
        ("⑤ portal", _portal(reading)),
    )
    return next((Missing(step, tuple(problems)) for step, problems in steps if problems), None)


def _sets(reading: AccessReading) -> list[str]:
    sets = {arn: held.name for arn, held in reading.sets.items() if not held.is_role}
    if not sets:
        return ["there is no permission set, so nothing says what people may do in an account"]
    used = {edge.permission_set for edge in reading.edges}
    spare = sorted(name for arn, name in sets.items() if arn not in used)
    verb = "is" if len(spare) == 1 else "are"
    return [f"{counted(len(spare), 'permission set')} {verb} assigned to no account: {some(spare)}"] if spare else []


def _people(reading: AccessReading) -> list[str]:
    people = reading.people
    empty = [what for what, found in (("user", people.users), ("group", people.groups)) if not found]
    return [f"there is no {what} in Identity Center; the first sync creates them" for what in empty]


def _assignments(reading: AccessReading) -> list[str]:
    named = {edge.principal for edge in reading.edges} | {use.principal for use in reading.uses}
    idle = sorted(name for group, name in reading.people.groups.items() if ("group", group) not in named)
    problems = []
    if idle:
        verb = "has" if len(idle) == 1 else "have"
        problems.append(f"{counted(len(idle), 'group')} {verb} no assignment: {some(idle)}")
    entering = {row.user_id for row in access_rows(reading)}
    outside = sorted(u.name for u in reading.people.users.values() if u.is_active and u.id not in entering)
    if outside:
        verb = "has" if len(outside) == 1 else "have"
        why = "no assignment names them, and none names a group that they are in"
        problems.append(
            f"{counted(len(outside), 'user')} {verb} no way into any account, because {why}: {some(outside)}"
        )
    return problems


def _portal(reading: AccessReading) -> list[str]:
    hidden = sorted(a.name for a in reading.applications.values() if not a.has_tile)
    verb = "has" if len(hidden) == 1 else "have"
    return [f"{counted(len(hidden), 'application')} {verb} no tile in the portal: {some(hidden)}"] if hidden else []
