"""The comparison of two mappings says what two syncs would leave behind, no more and no less."""

from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.model.identity import Directory, Kind, SourceKey, Value
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Remembered
from scim_bridge.plan.compare_mappings import Outlook, compare
from tests.builders import Target, outlook
from tests.laws.simulation import Simulation
from tests.laws.test_planner import directories, memories, policies, targets

pairs = st.tuples(directories(), directories(), targets(), memories(), policies)
Pair = tuple[Directory, Directory, Target, Remembered, Policy]
MANAGER = "enterprise.manager"


@given(st.tuples(directories(), targets(), memories(), policies))
def test_a_mapping_compared_with_itself_makes_no_difference(case: tuple[Directory, Target, Remembered, Policy]) -> None:
    assert compare(outlook(*case), outlook(*case), ()).is_empty


@given(pairs)
def test_compared_the_other_way_round_everything_is_the_other_way_round(case: Pair) -> None:
    now, changed = _both(case)
    there, back = compare(now, changed, ()), compare(changed, now, ())
    assert {(c.kind, c.source_id) for c in there.entered} == {(c.kind, c.source_id) for c in back.left}
    assert {c.key for c in there.held} == {c.key for c in back.released}
    turned = {(c.source_id, p, new, old) for c in there.attributes for p, (old, new) in c.changes.items()}
    assert turned == {(c.source_id, p, old, new) for c in back.attributes for p, (old, new) in c.changes.items()}
    assert {m.verb for m in there.members if m.verb == "joins"} == {"joins" for m in back.members if m.verb == "leaves"}


@given(pairs)
def test_every_difference_is_explained(case: Pair) -> None:
    comparison = compare(*_both(case), ())
    told = [change.why for change in (*comparison.entered, *comparison.left)]
    told += [change.why for change in comparison.attributes] + [change.why for change in comparison.members]
    assert all(told)
    assert all(conflict.detail and conflict.remedy for conflict in (*comparison.held, *comparison.released))


@given(pairs)
def test_what_it_tells_is_what_two_syncs_would_leave_behind(case: Pair) -> None:
    """Both plans carried out on the same target: anyone who is in scope under both ends as the comparison says."""
    now, changed = _both(case)
    comparison = compare(now, changed, ())
    before, after = _end(now, case[2]), _end(changed, case[2])
    moved = {(c.kind, c.source_id) for c in (*comparison.entered, *comparison.left)}
    told = {(c.kind, c.source_id, p): v for c in comparison.attributes for p, v in c.changes.items() if p != MANAGER}
    touched = {key[:2] for key in told} | {
        (o.resource, o.source_id or o.target_id or "")
        for look in (now, changed)
        for o in look.plan.operations
        if o.changes
    }
    paths = {path for look in (now, changed) for o in look.plan.operations for path in o.changes} - {MANAGER}
    for kind, key in touched - moved:
        for path in paths:
            values = _held(now, before, kind, key, path), _held(changed, after, kind, key, path)
            is_planned = any(path in look.changes_of.get(SourceKey(kind, key), {}) for look in (now, changed))
            if values[0] != values[1] and is_planned:
                assert told.pop((kind, key, path)) == values
    assert told == {}


@given(pairs)
def test_the_memberships_it_tells_are_those_two_syncs_would_leave_behind(case: Pair) -> None:
    now, changed = _both(case)
    before, after = _end(now, case[2]), _end(changed, case[2])
    told: dict[str, int] = {}
    for member in compare(now, changed, ()).members:
        told.setdefault(member.verb, 0)
        told[member.verb] += len(member.users)
    pairs_ = dict.fromkeys((*now.member_changes, *changed.member_changes))
    found = {"joins": 0, "leaves": 0}
    for group, user in pairs_:
        was, is_ = _is_in(now, before, group, user), _is_in(changed, after, group, user)
        if was != is_:
            found["joins" if is_ else "leaves"] += 1
    assert told == {verb: count for verb, count in found.items() if count}


def _both(case: Pair) -> tuple[Outlook, Outlook]:
    now, changed, existing, known, policy = case
    return outlook(now, existing, known, policy), outlook(changed, existing, known, policy)


def _end(look: Outlook, existing: Target) -> Simulation:
    simulation = Simulation.of(existing)
    owners = {(m.kind, m.source_id): m.existing.target_id for m in look.matches if m.existing and m.source_id}
    for operation in look.plan.operations:
        simulation.apply(operation, owners)
    return simulation


def _target_id(look: Outlook, end: Simulation, kind: Kind, key: str) -> str:
    match = look.match_of.get(SourceKey(kind, key))
    if (kind, key) in end.created:
        return end.created[kind, key]
    if match is None:
        return key if key in end.resources else ""
    return match.existing.target_id if match.existing is not None else ""


def _held(look: Outlook, end: Simulation, kind: Kind, key: str, path: str) -> Value | None:
    resource = end.resources.get(_target_id(look, end, kind, key))
    return resource.attributes.get(path) if resource is not None else None


def _is_in(look: Outlook, end: Simulation, group: str, user: str) -> bool:
    return _target_id(look, end, "user", user) in end.members.get(_target_id(look, end, "group", group), set())
