"""A reference that fits several records never adds anyone to a group and never takes anyone out."""

from collections.abc import Iterable
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.mapping.membership import memberships
from scim_bridge.model.identity import AmbiguousMember, Directory, Snapshot
from scim_bridge.model.plan import Plan
from tests.builders import matched, planned, terms
from tests.laws.test_planner import GROUP_IDS, USER_IDS, Case, applied, bold_situations

ids = st.sets(st.sampled_from(USER_IDS))


def _without_clashes(case: Case) -> Case:
    """The same with a name for everyone, so that hardly anyone waits."""
    desired, existing, known, policy = case
    people = (
        replace(u, attributes={**u.attributes, "userName": u.source_id, "emails": "", "name.familyName": "Sato"})
        for u in desired.users
    )
    teams = (replace(g, attributes={**g.attributes, "displayName": g.source_id}) for g in desired.groups)
    return replace(desired, users=tuple(people), groups=tuple(teams)), existing, known, policy


cases = st.one_of(bold_situations, bold_situations.map(_without_clashes))


def ambiguous(
    reference: str, groups: Iterable[str], users: Iterable[str], nested: Iterable[str] = ()
) -> AmbiguousMember:
    """A reference that fits these users and groups, in these groups."""
    users, nested = tuple(users), tuple(nested)
    fits = (*(("user", user) for user in users), *(("group", group) for group in nested))
    return AmbiguousMember(
        reference=reference,
        groups=tuple(groups),
        users=users,
        nested=nested,
        fits=fits,  # type: ignore[arg-type]
        detail=f"{reference} fits several",
        remedy="Choose.",
        count=1,
    )


def doubtful(desired: Directory, seed: int) -> tuple[Directory, Directory]:
    """The directory with half of all possible memberships undecided, and without these altogether."""
    random = Random(seed)
    known = sorted(d.source_id for d in desired.users)
    open_ = {g: frozenset(user for user in known if random.random() < 0.5) for g in sorted(desired.members)}
    without = replace(desired, members={g: u - open_[g] for g, u in desired.members.items()})
    references = tuple(ambiguous(g, [g], users) for g, users in open_.items() if users)
    return replace(without, undecided=open_, ambiguous=references), without


def _memberships(plan: Plan) -> set[tuple[str, str | None, str | None]]:
    """Every membership that is changed: the kind, the group's and the user's id."""
    return {
        (operation.kind, operation.source_id or operation.target_id, member.source_id or member.target_id)
        for operation in plan.operations
        for member in operation.members
    }


@given(cases, st.integers(0, 10_000))
def test_nobody_joins_or_leaves_by_it_and_for_all_others_nothing_is_different(case: Case, seed: int) -> None:
    """On a target to which a run has just brought everything, so that who comes in doubt is in the group by now."""
    desired, _, _, policy = case
    _, existing, known = applied(case)
    open_ones, without = doubtful(desired, seed)
    plan, plain = (planned(each, existing, known, policy) for each in (open_ones, without))
    matches = matched(open_ones, existing, known, terms(policy))
    resources = {
        m.source_id: {*m.candidates, *([m.existing.target_id] if m.existing is not None else [])} for m in matches.users
    }
    open_ = {
        (group, user) for group, users in open_ones.undecided.items() for u in users for user in (u, *resources[u])
    }
    assert not {(group, user) for _, group, user in _memberships(plan)} & open_
    assert _memberships(plan) == {each for each in _memberships(plain) if each[1:] not in open_}
    others = [[o for o in p.operations if not o.members and not o.is_delete] for p in (plan, plain)]
    assert [repr(replace(o, id="", after=())) for o in others[0]] == [
        repr(replace(o, id="", after=())) for o in others[1]
    ]
    kinds = [conflict.kind for conflict in plan.conflicts]
    assert kinds.count("ambiguous_member") == len(open_ones.ambiguous)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    some, inner = st.lists(st.sampled_from(USER_IDS), max_size=3), st.lists(st.sampled_from(GROUP_IDS), max_size=2)
    members = {group: (tuple(draw(some)), tuple(draw(inner))) for group in draw(inner)}
    pair = st.lists(st.sampled_from(USER_IDS), min_size=2, max_size=2, unique=True)
    both = st.lists(st.sampled_from(GROUP_IDS), min_size=2, max_size=2, unique=True)
    doubts = []
    for number in range(draw(st.integers(1, 2))):
        is_user = draw(st.booleans())
        one = draw(st.sampled_from(GROUP_IDS))
        doubts.append(ambiguous(str(number), [one], draw(pair) if is_user else (), () if is_user else draw(both)))
    return Snapshot((), (), members, (), tuple(doubts))


@given(snapshots(), ids, st.sets(st.sampled_from(GROUP_IDS)), st.sampled_from(("flatten", "ignore")), st.data())
def test_whatever_is_meant_lies_between_what_is_certain_and_what_is_open(
    shown: Snapshot, users: set[str], groups: set[str], nested: str, data: st.DataObject
) -> None:
    found = memberships(shown, nested, users, groups, {})
    meant = dict(shown.members)
    for doubt in shown.ambiguous:
        (group,) = doubt.groups
        direct, inside = meant.get(group, ((), ()))
        choice = data.draw(st.sampled_from((*doubt.users, *doubt.nested)))
        chosen = ((*direct, choice), inside) if choice in doubt.users else (direct, (*inside, choice))
        meant[group] = chosen
    truth = memberships(Snapshot((), (), meant), nested, users, groups, {}).members
    for group, members in truth.items():
        assert found.members[group] <= members <= found.members[group] | found.undecided.get(group, frozenset())
        assert not found.members[group] & found.undecided.get(group, frozenset())
    assert bool(found.undecided) == bool(found.ambiguous)
