"""The impact of a plan is the difference of the access computed before and after applying it: no one is missed."""

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.access.graph import access_rows
from scim_bridge.access.impact import after, concerned, impact_of
from scim_bridge.access.last_door import administrators, closes
from scim_bridge.model.access import (
    AccessReading,
    AccessRow,
    Edge,
    People,
    Person,
    Step,
)
from scim_bridge.model.identity import TargetKey
from scim_bridge.model.impact import new_id
from scim_bridge.model.operation import Operation
from scim_bridge.model.policy import KeepAdmins
from tests.access.conftest import NOW
from tests.builders import Target, outlook
from tests.laws.little_access import SETS, reading
from tests.laws.simulation import Simulation
from tests.laws.test_planner import TARGET_IDS, Case, bold_situations, simulated


def _read(target: Target, edges: frozenset[Edge], ids: dict[str, str]) -> AccessReading:
    """The target as AWS would be read. ids: of what the plan created, to what stands for them before."""
    users, groups = {}, {}
    for resource in target.resources:
        number = ids.get(resource.target_id, resource.target_id)
        shown = resource.attributes
        if resource.kind == "user":
            name = str(shown.get("userName", number))
            display = str(shown.get("displayName", name))
            users[number] = Person(number, name, display, bool(shown.get("active", True)))
        else:
            groups[number] = str(shown.get("displayName", number))
    wanted = {edge.principal.id for edge in edges if edge.principal.kind == "group"}
    members = {g: frozenset(ids.get(i, i) for i in target.members.get(g, ())) for g in wanted if g in groups}
    return reading(NOW, People(users, groups, members), edges)


PRINCIPALS = [TargetKey("user", n) for n in TARGET_IDS] + [TargetKey("group", n) for n in ("s1", "s2", "s3")]


@st.composite
def all_edges(draw: st.DrawFn) -> frozenset[Edge]:
    """Assignments of nearly every user and group that may be there, so that a change of any of them counts."""
    doors = st.sampled_from([None, *((account, arn) for account in "12" for arn in sorted(SETS))])
    drawn = [(draw(doors), who) for who in PRINCIPALS]
    return frozenset(Edge(*door, who) for door, who in drawn if door is not None)


def _both(case: Case, edges: frozenset[Edge]) -> tuple[AccessReading, tuple[Operation, ...], AccessReading]:
    """Before the plan, its operations, and as it is once the plan was applied in the simulation."""
    seen = outlook(*case)
    simulation: Simulation = simulated(seen, case[1])
    ids = {made: new_id(kind, source_id) for (kind, source_id), made in simulation.created.items()}
    before = _read(case[1], edges, {})
    return before, seen.plan.operations, _read(simulation.as_target(), edges, ids)


def _doors(reading: AccessReading) -> set[tuple[str, str, str]]:
    return {(row.user_id, row.account_id, row.permission_set) for row in access_rows(reading)}


def _pairs(steps: Iterable[Step]) -> list[tuple[str, str, str]]:
    return [(s.row.user_id, s.row.account_id, s.row.permission_set) for s in steps if isinstance(s.row, AccessRow)]


@given(bold_situations, all_edges())
def test_the_impact_is_the_difference_of_access_before_and_after(case: Case, edges: frozenset[Edge]) -> None:
    before, operations, found = _both(case, edges)
    impact = impact_of(before, operations, {})
    gained, lost = _pairs(impact.gained), _pairs(impact.lost)
    assert (len(set(gained)), len(set(lost))) == (len(gained), len(lost))
    assert set(gained) == _doors(found) - _doors(before)
    assert set(lost) == _doors(before) - _doors(found)
    assert all(cause.what and "None" not in cause.what for s in (*impact.gained, *impact.lost) for cause in s.causes)


@given(bold_situations, all_edges())
def test_only_those_whom_a_plan_touches_have_to_be_known(case: Case, edges: frozenset[Edge]) -> None:
    before, operations, _ = _both(case, edges)
    gone = {o.target_id for o in operations if o.kind == "delete_group"}
    inside = (users for group, users in before.people.members.items() if group in gone)
    wanted = concerned(operations).union(*inside)
    users = {number: user for number, user in before.people.users.items() if number in wanted}
    members = {group: ids & wanted for group, ids in before.people.members.items()}
    part = replace(before, people=People(users, before.people.groups, members))
    assert impact_of(part, operations, {}) == impact_of(before, operations, {})


@given(bold_situations, all_edges(), st.integers(0, 3))
def test_the_last_door_is_never_shut_by_a_plan_that_may_pass(case: Case, edges: frozenset[Edge], least: int) -> None:
    before, operations, found = _both(case, edges)
    trip = closes(KeepAdmins(least), "1", before, after(before, operations))
    had, has = administrators(before, "1"), administrators(found, "1")
    if trip is None:
        assert len(has) >= least or had.keys() <= has.keys()
    else:
        assert len(had.keys() & has.keys()) < least
        assert any(name in trip.sentence for user, name in had.items() if user not in has)
