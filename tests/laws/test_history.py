"""What must hold over whole histories: directory after directory, each applied to what the one before left behind.

The bound on requests is worked out here again, from what a run found and left behind alone, so that the planner's own
count is not its witness.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.model.capabilities import fold
from scim_bridge.model.identity import Directory, Existing
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Remembered
from tests.builders import CAPABILITIES, Target
from tests.laws.test_planner import applied, bold_policies, directories, memories, targets

histories = st.tuples(
    st.lists(directories(), min_size=1, max_size=4), st.one_of(st.just(Target()), targets()), memories(), bold_policies
)
History = tuple[list[Directory], Target, Remembered, Policy]


def _steps(history: History) -> Iterator[tuple[Directory, Target, Target, int]]:
    """Each run: what was desired, the target before and after, and the writes it took."""
    wanted, there, known, policy = history
    for desired in wanted:
        plan, end, known = applied((desired, there, known, policy))
        yield desired, there, end, len(plan.operations)
        there = end


@given(histories)
def test_no_run_writes_more_than_the_bound(history: History) -> None:
    for _, before, after, writes in _steps(history):
        fewest = _resources(before, after) + _batches(before, after) + _extra(before, after)
        assert writes <= fewest * 1.02, f"{writes} writes where {fewest} would do"


@given(histories)
def test_what_is_protected_is_after_any_history_as_it_was(history: History) -> None:
    protect = history[3].protect
    for _, before, after, _ in _steps(history):
        shown = {r.target_id: r for r in after.resources}
        for resource in before.resources:
            if not protect.covers(resource.kind, resource.attributes.get(_NAME[resource.kind])):
                continue
            assert shown[resource.target_id] == resource
            if resource.kind == "group":
                assert _members(after, resource.target_id) == _members(before, resource.target_id)
            for group in (r for r in before.resources if r.kind == "group" and r.target_id in shown):
                inside = resource.target_id in _members(before, group.target_id)
                assert inside == (resource.target_id in _members(after, group.target_id))


_NAME = {"user": "userName", "group": "displayName"}


def _members(target: Target, group_id: str) -> frozenset[str]:
    return target.members.get(group_id, frozenset())


def _shown(target: Target) -> dict[str, Existing]:
    return {resource.target_id: resource for resource in target.resources}


def _resources(before: Target, after: Target) -> int:
    """One for each resource that is there on one side only, or that is different."""
    old, new = _shown(before), _shown(after)
    return sum(old.get(target_id) != new.get(target_id) for target_id in old.keys() | new.keys())


def _batches(before: Target, after: Target) -> int:
    """Full hundreds of additions and of removals, group by group."""
    found = 0
    for group_id in before.members.keys() | after.members.keys():
        old, new = _members(before, group_id), _members(after, group_id)
        found += -(-len(new - old) // 100) + -(-len(old - new) // 100)
    return found


def _extra(before: Target, after: Target) -> int:
    """One for each circle of names and of new managers, and for each request that had to be parted for the order."""
    old, new = _shown(before), _shown(after)
    changed = {t for t in old.keys() & new.keys() if old[t] != new[t]}
    created = new.keys() - old.keys()
    takes = {t: set(_taken_from(old, new[t], changed)) for t in changed | created}
    named = {t: new[t].attributes.get("enterprise.manager") for t in changed | created}
    hires = {t: {m} if (m := named[t]) in created else set() for t in created}
    wanted = set().union(*takes.values())
    parted = 0
    for t in changed:
        is_shut = old[t].is_open and not new[t].is_open
        is_led = named[t] in created and _differs(old, new, t, "enterprise.manager")
        parted += is_shut and bool(takes[t])
        parted += is_led and (t in wanted or (is_shut and not takes[t]))
    return _circles(takes) + _circles(hires) + parted


def _differs(old: Mapping[str, Existing], new: Mapping[str, Existing], target_id: str, path: str) -> bool:
    return old[target_id].attributes.get(path) != new[target_id].attributes.get(path)


def _taken_from(old: Mapping[str, Existing], resource: Existing, changed: Iterable[str]) -> Iterator[str]:
    """The resources whose unique value this one has afterwards."""
    for path, how in CAPABILITIES.unique(resource.kind):
        value = resource.attributes.get(path)
        for other in changed:
            before = old[other].attributes.get(path)
            if other == resource.target_id or old[other].kind != resource.kind or not value or not before:
                continue
            if fold(value, how) == fold(before, how):
                yield other


def _circles(needs: Mapping[str, set[str]]) -> int:
    """How many have to step aside before no one waits for himself: the fewest, found by trying."""
    for count in range(len(needs) + 1):
        for aside in combinations(sorted(needs), count):
            if not _has_circle({t: needs[t] - set(aside) for t in needs if t not in aside}):
                return count
    raise AssertionError("without anyone there is no circle")


def _has_circle(needs: Mapping[str, set[str]]) -> bool:
    left = dict(needs)
    while free := [t for t in left if not left[t] & left.keys()]:
        for target_id in free:
            del left[target_id]
    return bool(left)
