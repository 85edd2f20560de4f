"""What no plan may do, whatever the directory, the memory, the policy and the decisions: open what someone shut, or
touch what is protected. Why it may is worked out here again, from links and decisions alone."""

from dataclasses import replace

from hypothesis import given, note
from hypothesis import strategies as st

from scim_bridge.model.conflict_kind import LASTING, Decision, decisions
from scim_bridge.model.identity import Desired, Directory, Value
from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Conflict, Plan, conflict_key
from scim_bridge.model.policy import Policy, Protect
from scim_bridge.model.remembered import Remembered, Resolution
from tests.builders import group, matched, on_target, outlook, planned, target, terms, told
from tests.laws.bookkeeping import remembered_after
from tests.laws.test_planner import (
    USER_IDS,
    Case,
    _distinct,
    bold_policies,
    bold_situations,
    directories,
    memories,
    simulated,
    targets,
)


def _decide(draw: st.DrawFn, conflict: Conflict) -> tuple[Decision, str] | None:
    """Some decision that this conflict can have, with the resource it may choose."""
    ways = decisions(conflict.kind)
    decision = draw(st.sampled_from((None, *(ways if len(ways) > 1 else ()))))
    if decision is None:
        return None
    return decision, conflict.target_id or draw(st.sampled_from(("t1", "t2", "t3")))


@st.composite
def takeovers(draw: st.DrawFn) -> Case:
    """Most users are on the target already under the names of the source, many of them locked there."""
    desired = draw(directories())
    resources = []
    for number, record in enumerate(desired.users, start=1):
        if draw(st.integers(0, 3)):
            mark = draw(st.sampled_from(("", "", record.source_id)))
            shown: dict[str, Value] = {
                "externalId": mark,
                "active": draw(st.booleans()),
                "enterprise_manager": "",
                "title": "",
            }
            resources.append(on_target(f"t{number}", record, **shown))
    resources += [on_target("s1", group("x", displayName=g.name), externalId="") for g in desired.groups[:1]]
    return desired, target(*_distinct(resources)), draw(memories()), draw(bold_policies)


@st.composite
def decided(draw: st.DrawFn) -> Case:
    """A situation in which people have decided about some of what a first plan asked."""
    anything = st.tuples(directories(), targets(), memories(), bold_policies)
    desired, existing, known, policy = draw(st.one_of(anything, takeovers()))
    resolutions = {}
    for conflict in planned(desired, existing, known, policy).conflicts:
        made = _decide(draw, conflict)
        if made is not None:
            resolutions[conflict.key] = Resolution(made[0], conflict.resource, conflict.source_id, made[1])
    return desired, existing, replace(known, resolutions=resolutions), policy


@given(st.one_of(decided(), takeovers(), bold_situations))
def test_nobody_is_activated_without_a_reason(case: Case) -> None:
    """The source went false and true again (we had left this very resource inactive), it is someone's return by policy
    or decision after we had deactivated them, or a person has decided so."""
    desired, existing, known, policy = case
    plan = planned(desired, existing, known, policy)
    note(f"planned: {told(plan)}; decided: {known.resolutions}")
    for operation in plan.operations:
        if operation.changes.get("active") == (False, True):
            assert _may_be_activated(operation, desired, known, policy)


def _may_be_activated(operation: Operation, desired: Directory, known: Remembered, policy: Policy) -> bool:
    who, target_id = str(operation.source_id), str(operation.target_id)
    is_asked_for = known.resolutions.get(conflict_key("disabled_there", [f"user:{who}", target_id]))
    if is_asked_for is not None and is_asked_for.decision == "source":
        return True
    left_inactive = {s for s, link in known.users.items() if link.target_id == target_id and not link.applied["active"]}
    gone = left_inactive - {record.source_id for record in desired.users}
    same = known.resolutions.get(conflict_key("rehire?", [f"user:{who}", target_id]))
    is_return = same.decision == "link" if same is not None else policy.rehire == "link"
    return who in left_inactive or (is_return and bool(gone))


@given(decided())
def test_whoever_is_left_locked_gets_nothing_and_is_asked_for_until_decided(case: Case) -> None:
    """In this plan, and in the one after it: only `--target` and `--ignore` end the asking."""
    desired, existing, _, policy = case
    seen = outlook(*case)
    plan = seen.plan
    asked = {c.target_id for c in (*plan.conflicts, *plan.settled) if c.kind == "disabled_there"}
    added = {m.target_id for o in plan.operations if o.kind == "add_members" for m in o.members}
    assert not asked & added
    simulation = simulated(seen, existing)
    later = remembered_after(seen, policy, simulation)
    again = planned(desired, simulation.as_target(), later, policy)
    linked = {link.target_id for link in later.users.values()}
    still = {c.target_id for c in again.conflicts if c.kind == "disabled_there"}
    held = {
        m.existing.target_id
        for m in matched(desired, simulation.as_target(), later, terms(policy)).users
        if m.existing is not None and (m.is_held or m.row.situation != "linked")
    }
    decided = {c.target_id for c in again.settled if later.resolutions[c.key].decision in LASTING}
    assert asked & linked <= still | decided | held


@given(decided())
def test_whatever_people_decide_the_protected_are_in_no_operation(case: Case) -> None:
    desired, existing, known, policy = case
    names = {"user": "userName", "group": "displayName"}
    covers = policy.protect.covers
    protected = {r.target_id for r in existing.resources if covers(r.kind, r.attributes.get(names[r.kind]))}
    protected |= {
        link.target_id
        for link in (*known.users.values(), *known.groups.values())
        if covers(link.kind, link.applied.get(names[link.kind]))
    }
    for operation in planned(desired, existing, known, policy).operations:
        assert operation.target_id not in protected
        assert not {member.target_id for member in operation.members} & protected
        assert not covers(operation.resource, operation.changes.get(names[operation.resource], ("", ""))[1])


SERVICE = Protect(users=("svc-*",), groups=("svc-*",))


def _misnamed(record: Desired, path: str) -> Desired:
    return replace(record, attributes={**record.attributes, path: f"svc-{record.source_id}"})


def _removed(plan: Plan) -> set[tuple[str | None, str | None]]:
    return {(o.target_id, m.target_id) for o in plan.operations if o.kind == "remove_members" for m in o.members}


@given(bold_situations, st.sets(st.sampled_from(USER_IDS)))
def test_a_user_who_maps_to_a_protected_name_is_deactivated_and_nothing_else(case: Case, who: set[str]) -> None:
    desired, existing, known, policy = case
    policy = replace(policy, protect=SERVICE)
    users = tuple(_misnamed(u, "userName") if u.source_id in who else u for u in desired.users)
    plan = planned(replace(desired, users=users), existing, known, policy)
    note(f"planned: {told(plan)}")
    shown = {r.target_id: r for r in existing.resources}
    sound = {u.source_id: u for u in users if u.source_id in who and u.attributes["name.familyName"]}
    expected = {
        shown[known.users[s].target_id].target_id
        for s, u in sound.items()
        if s in known.users
        and u.attributes["active"] is False
        and known.users[s].target_id in shown
        and shown[known.users[s].target_id].is_active
    }
    mine = [o for o in plan.operations if o.resource == "user" and o.source_id in sound]
    assert {o.target_id for o in mine} >= expected
    assert all(dict(o.changes) == {"active": (True, False)} for o in mine)
    added = {m.source_id for o in plan.operations if o.kind == "add_members" for m in o.members}
    assert not added & sound.keys()


@given(bold_situations)
def test_groups_that_map_to_a_protected_name_lose_whom_they_would_have_lost(case: Case) -> None:
    desired, existing, known, policy = case
    policy = replace(policy, protect=SERVICE)
    groups = tuple(_misnamed(g, "displayName") for g in desired.groups)
    plan = planned(replace(desired, groups=groups), existing, known, policy)
    before = planned(desired, existing, known, policy)
    managed = {link.target_id for s, link in known.groups.items() if s in {g.source_id for g in groups}}
    assert {pair for pair in _removed(before) if pair[0] in managed} == {
        pair for pair in _removed(plan) if pair[0] in managed
    }
    for operation in plan.operations:
        if operation.resource == "group" and operation.source_id in {g.source_id for g in groups}:
            assert operation.kind == "remove_members"


@given(bold_situations)
def test_every_operation_is_called_by_the_name_on_the_target(case: Case) -> None:
    desired, existing, known, policy = case
    names = {r.target_id: r.name for r in existing.resources}
    for operation in planned(desired, existing, known, policy).operations:
        if operation.target_id is not None:
            assert operation.subject == names[operation.target_id]
        assert all(m.name == names[m.target_id] for m in operation.members if m.target_id is not None)
