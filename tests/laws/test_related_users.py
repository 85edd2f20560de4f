"""One identity at once: its neighbourhood is enough for a plan, and so is mapping what has changed."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.mapping.compiled import CompiledMapping, compile_mapping
from scim_bridge.mapping.document import load_mapping
from scim_bridge.mapping.record import map_records
from scim_bridge.mapping.remap import map_again
from scim_bridge.model.identity import AttributeType, Directory, Inventory, Snapshot, Whom
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import LastApplied, Remembered
from scim_bridge.plan.fit import fit
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.make import make_plan
from scim_bridge.plan.match.correlate import correlate
from scim_bridge.plan.match.related_users import neighbourhood
from scim_bridge.plan.only import Named, narrowed
from tests.builders import CAPABILITIES, OCCASION, Target, terms
from tests.e2e.world import MAPPING
from tests.laws.test_ambiguous import doubtful
from tests.laws.test_planner import USER_IDS, Case, bold_situations
from tests.organization import organization
from tests.source.files import HEADER, snapshot_of


@given(
    bold_situations,
    st.sets(st.sampled_from((*USER_IDS, "left1", "left2")), min_size=1, max_size=2),
    st.integers(0, 10_000),
)
def test_the_named_get_from_their_neighbourhood_what_they_get_from_the_whole(
    case: Case, named: set[str], seed: int
) -> None:
    desired, existing, known, policy = case
    desired = doubtful(desired, seed)[0]
    known = replace(known, is_fresh=False)
    whole = fit(desired, CAPABILITIES)
    around = neighbourhood(whole, existing.inventory, known, terms(policy), named)
    assert _told(*around, existing, policy, named) == _told(whole, existing.inventory, known, existing, policy, named)


def _told(
    directory: Directory, inventory: Inventory, known: Remembered, existing: Target, policy: Policy, named: set[str]
) -> tuple[object, ...]:
    """All that a plan for the named says, but for what it was made from."""
    matches = correlate(directory, inventory, known, terms(policy))
    mine = Named(tuple(m for m in matches.users if m.source_id in named), ())
    sides = Sides(directory, inventory, existing.members, known)
    groups_of = {
        m.existing.target_id: frozenset(g for g, ids in existing.members.items() if m.existing.target_id in ids)
        for m in mine.users
        if m.existing is not None
    }
    narrow = narrowed(matches, sides, mine, groups_of)
    plan = make_plan(matches, narrow, policy, CAPABILITIES, OCCASION, only=frozenset(map(Whom.record, mine.keys)))
    keys = sorted((m.key, m.row.situation, m.is_held, m.by) for m in mine.users)
    return keys, plan.operations, {c.key: c for c in plan.conflicts}, plan.skipped, plan.warnings, plan.held


def _compiled() -> CompiledMapping:
    users: dict[str, AttributeType] = dict.fromkeys(HEADER, "string")
    return compile_mapping(load_mapping(MAPPING), users, {"id": "string", "name": "string"})


@given(st.integers(0, 10_000), st.integers(1, 8))
def test_mapping_what_changed_gives_what_mapping_everything_gives(seed: int, steps: int) -> None:
    random, before = Random(seed), organization(8, 4, seed)
    after = before.copy()
    after.churn(random, steps)
    old, new, mapping = snapshot_of(before), snapshot_of(after), _compiled()

    def mapped(snapshot: Snapshot) -> Directory:
        return fit(map_records(snapshot, mapping, "2027-03-13", LastApplied()), CAPABILITIES)

    again = map_again(old, mapped(old), new, mapping, mapped)
    assert _as_sets(again) == _as_sets(mapped(new))


def _as_sets(directory: Directory) -> tuple[object, ...]:
    by_id = {(d.kind, d.source_id): d.attributes for d in (*directory.users, *directory.groups)}
    return by_id, directory.members, directory.counts, set(directory.out_of_scope)
