"""What must hold for every directory, every target and every memory of earlier runs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import assume, example, given, note
from hypothesis import strategies as st

from scim_bridge.model.identity import Desired, Directory, Existing, Flaw, Kind, Value
from scim_bridge.model.operation_kind import Phase
from scim_bridge.model.plan import Plan
from scim_bridge.model.policy import Policy, Protect
from scim_bridge.model.remembered import Link, Remembered
from scim_bridge.plan.compare_mappings import Outlook
from scim_bridge.plan.decide.group_members import unwanted
from scim_bridge.plan.fit import fit
from tests.builders import (
    CAPABILITIES,
    Target,
    directory,
    group,
    linked,
    matched,
    on_target,
    outlook,
    planned,
    target,
    terms,
    told,
    user,
)
from tests.laws.bookkeeping import remembered_after
from tests.laws.simulation import Simulation

NAMES = ("anna", "ANNA", "b", "c", "d")
USER_IDS = ("u1", "u2", "u3", "u4", "u5")
GROUP_IDS = ("g1", "g2", "g3")
TARGET_IDS = ("t1", "t2", "t3", "t4", "t5")

names = st.sampled_from(NAMES)
emails = st.sampled_from(("", "x@corp.example", "X@corp.example", "y@corp.example"))


@st.composite
def users(draw: st.DrawFn, source_id: str) -> Desired:
    values: dict[str, Value] = {
        "userName": draw(names),
        "emails": draw(emails),
        "active": draw(st.booleans()),
        "title": draw(st.sampled_from(("", "Lead", "way too long a title for this target"))),
        "enterprise_manager": draw(st.sampled_from(("", *USER_IDS))),
        "name_familyName": draw(st.sampled_from(("Sato", "Sato", "Sato", ""))),
    }
    return user(source_id, **values)


@st.composite
def directories(draw: st.DrawFn) -> Directory:
    user_ids = draw(st.lists(st.sampled_from(USER_IDS), unique=True))
    group_ids = draw(st.lists(st.sampled_from(GROUP_IDS), unique=True))
    records = [draw(users(source_id)) for source_id in user_ids]
    records += [group(source_id, displayName=draw(names)) for source_id in group_ids]
    members = {g: draw(st.sets(st.sampled_from(user_ids))) if user_ids else set() for g in group_ids}
    return directory(*records, members=members)


def _distinct(resources: list[Existing]) -> list[Existing]:
    """Those that a target could hold together."""
    kept: list[Existing] = []
    seen: set[tuple[str, str, str]] = set()
    for resource in resources:
        keys = {
            (resource.kind, path, str(resource.attributes[path]).casefold())
            for path, _ in CAPABILITIES.unique(resource.kind)
            if path in resource.attributes
        }
        if not keys & seen:
            seen |= keys
            kept.append(resource)
    return kept


@st.composite
def targets(draw: st.DrawFn) -> Target:
    resources = []
    for target_id in TARGET_IDS:
        marked = draw(st.sampled_from(("", "", *USER_IDS)))
        resources.append(
            on_target(target_id, replace(draw(users("x")), flaws=()), externalId=marked, enterprise_manager="")
        )
    for target_id in ("s1", "s2", "s3"):
        marked = draw(st.sampled_from(("", *GROUP_IDS)))
        resources.append(on_target(target_id, group("x", displayName=draw(names)), externalId=marked))
    shuffled = _distinct(draw(st.permutations(resources))[: draw(st.integers(0, 8))])
    people = [r.target_id for r in shuffled if r.kind == "user"]
    members = {
        r.target_id: draw(st.sets(st.sampled_from(people))) if people else set() for r in shuffled if r.kind == "group"
    }
    return target(*shuffled, members=members)


@st.composite
def memories(draw: st.DrawFn) -> Remembered:
    def links(kind: Kind, sources: tuple[str, ...], ids: tuple[str, ...]) -> Mapping[str, Link]:
        chosen = draw(st.lists(st.sampled_from(sources), unique=True))
        shuffled = draw(st.permutations((*ids, f"gone-{kind}")))
        departed = st.sampled_from((None, datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 3, 13, tzinfo=UTC)))
        return {
            s: Link(
                kind=kind, source_id=s, target_id=t, applied={"active": draw(st.booleans())}, departed=draw(departed)
            )
            for s, t in zip(chosen, shuffled, strict=False)
        }

    known = Remembered(
        users=links("user", (*USER_IDS, "left1", "left2"), TARGET_IDS),
        groups=links("group", (*GROUP_IDS, "left3"), ("s1", "s2", "s3")),
        is_fresh=False,
        has_applied=draw(st.booleans()),
    )
    return draw(st.sampled_from((known, Remembered())))


policies = st.builds(
    Policy,
    deprovision=st.sampled_from(("deactivate", "keep")),
    protect=st.sampled_from((Protect(), Protect(users=("ann*",), groups=("b",)))),
)
bold_policies = st.builds(
    Policy,
    deprovision=st.sampled_from(("deactivate", "keep")),
    delete_after=st.sampled_from((None, timedelta(days=30))),
    adopt=st.sampled_from(("first-run", "takeover", "always", "ask")),
    create_inactive=st.booleans(),
    rehire=st.sampled_from(("ask", "link", "separate")),
    orphans=st.sampled_from(("report", "keep", "deactivate")),
    drift=st.sampled_from(("overwrite", "report")),
    protect=st.sampled_from((Protect(), Protect(users=("ann*",), groups=("b",)))),
)


def _reporting(policy: Policy) -> Policy:
    return replace(policy, drift="report")


situations = st.tuples(directories(), targets(), memories(), policies)
bold_situations = st.tuples(directories(), targets(), memories(), bold_policies)
Case = tuple[Directory, Target, Remembered, Policy]


def applied(case: Case) -> tuple[Plan, Target, Remembered]:
    """Apply the plan in the simulation; what a run that ended well then knows."""
    seen = outlook(*case)
    note(f"planned: {told(seen.plan)}")
    note(f"waiting: {[c.detail for c in seen.plan.conflicts]}")
    simulation = simulated(seen, case[1])
    return seen.plan, simulation.as_target(), remembered_after(seen, case[3], simulation)


def simulated(seen: Outlook, existing: Target) -> Simulation:
    """The target once every operation of the plan has been applied to it."""
    owners = {(m.kind, m.source_id): m.existing.target_id for m in seen.matches if m.existing and m.source_id}
    simulation = Simulation.of(existing)
    for operation in seen.plan.operations:
        simulation.apply(operation, owners)
    return simulation


def _a_leavers_account_with_a_held_records_id() -> Case:
    """Someone wrote the externalId of u1, who has no account, on the account of one who has left; a newcomer has its
    name and, by the policy, takes it over. u1 is in a group, and so is the account."""
    desired = directory(user("u1", userName="anna"), user("u2", userName="b"), group("g1"), members={"g1": ["u1"]})
    account = on_target("t1", user("left1", userName="b"), externalId="u1")
    existing = target(account, on_target("s1", group("g1")), members={"s1": ["t1"]})
    known = linked(("user", "left1", "t1"), ("group", "g1", "s1"))
    return desired, existing, known, Policy(rehire="link")


@example(_a_leavers_account_with_a_held_records_id())
@given(bold_situations)
def test_every_step_is_allowed_at_its_moment_and_planning_again_gives_nothing(case: Case) -> None:
    """But for what a first step makes possible: an adoption by name, with its memberships, and whatever a deletion
    makes room for."""
    plan, end, known = applied(case)
    assume(not any(operation.is_delete for operation in plan.operations))
    again = planned(case[0], end, known, case[3])
    note(f"then: {told(again)}; {[c.detail for c in again.conflicts]}")
    adopted = {o.source_id for o in again.operations if "externalId" in o.changes and not o.is_create}
    rest = [o for o in again.operations if not o.is_delete and o.source_id not in adopted]
    assert [o for o in rest if o.kind != "add_members" or {m.source_id for m in o.members} - adopted] == []


@given(bold_situations)
def test_a_removal_is_never_planned_for_a_membership_that_was_not_named_for_a_cross_check(case: Case) -> None:
    desired, existing, known, policy = case
    matches = matched(desired, existing, known, terms(policy))
    named = set(unwanted(matches, fit(desired, CAPABILITIES), existing.members))
    removals = [o for o in planned(desired, existing, known, policy).operations if o.kind == "remove_members"]
    assert {(o.target_id, m.target_id) for o in removals for m in o.members} <= named


@given(directories())
def test_an_empty_target_comes_out_equal_to_what_is_desired(desired: Directory) -> None:
    plan, end, _ = applied((desired, target(), Remembered(), Policy()))
    held = {s for c in matched(desired, target()) if c.is_held for s in [(c.kind, c.source_id)]}
    fitted = fit(desired, CAPABILITIES)
    wanted = {(r.kind, r.source_id) for r in (*fitted.users, *fitted.groups)} - held
    assert {(r.kind, r.external_id) for r in end.resources} == wanted
    ids = {r.external_id: r.target_id for r in end.resources if r.kind == "user"}
    for resource in end.resources:
        if resource.kind == "group":
            expected = {ids[s] for s in desired.members[resource.external_id] if s in ids}
            assert end.members.get(resource.target_id, frozenset()) == expected
    assert plan.requests.writes == plan.requests.lower_bound


@given(bold_situations)
def test_the_protected_are_in_no_operation(case: Case) -> None:
    desired, existing, known, policy = case
    protected = {
        r.target_id
        for r in existing.resources
        if policy.protect.covers(r.kind, r.attributes.get("userName" if r.kind == "user" else "displayName"))
    }
    for operation in planned(desired, existing, known, policy).operations:
        assert operation.target_id not in protected
        assert not {member.target_id for member in operation.members} & protected
        new_name = operation.changes.get("userName" if operation.resource == "user" else "displayName", ("", ""))[1]
        assert not policy.protect.covers(operation.resource, new_name)


@given(bold_situations)
def test_revocations_come_before_everything_else_and_phases_never_go_back(case: Case) -> None:
    desired, existing, known, policy = case
    operations = planned(desired, existing, known, policy).operations
    assert [o.phase for o in operations] == sorted(o.phase for o in operations)
    position = {o.id: n for n, o in enumerate(operations)}
    for operation in operations:
        assert all(position[needed] < position[operation.id] for needed in operation.after)
        is_revocation = operation.is_delete or operation.kind in ("deactivate_user", "remove_members")
        assert is_revocation == (operation.phase == Phase.REVOKE)


@given(bold_situations, st.randoms())
def test_the_order_of_the_input_never_matters(case: Case, random: Random) -> None:
    desired, existing, known, policy = case
    people, groups_, resources = list(desired.users), list(desired.groups), list(existing.resources)
    for sequence in (people, groups_, resources):
        random.shuffle(sequence)
    other = replace(desired, users=tuple(people), groups=tuple(groups_))
    plan = planned(desired, existing, known, policy)
    again = planned(other, Target(tuple(resources), existing.members), known, policy)
    assert again.operations == plan.operations
    assert {c.key for c in again.conflicts} == {c.key for c in plan.conflicts}
    assert again.basis == plan.basis


@given(situations)
def test_an_invalid_records_revocations_still_pass(case: Case) -> None:
    """Break every record that is linked and wants out; the same people lose their access all the same."""
    desired, existing, known, policy = case
    broken = replace(
        desired,
        users=tuple(replace(u, flaws=(Flaw("duplicate_id", "", "twice", "", fatal=True),)) for u in desired.users),
    )
    matches = matched(broken, existing, known, terms(policy))
    expected = {
        m.existing.target_id
        for m in matches.users
        if m.row.situation == "invalid"
        and m.existing is not None
        and m.is_managed
        and m.desired is not None
        and m.desired.attributes["active"] is False
        and m.existing.is_active
    }
    plan = planned(broken, existing, known, policy)
    ours = {m.existing.target_id for m in matches.users if m.existing is not None and m.desired is not None}
    assert {o.target_id for o in plan.operations if o.kind == "deactivate_user"} & ours == expected
    assert not [o for o in plan.operations if o.kind == "create_user"]


@given(st.tuples(directories(), targets(), memories(), st.one_of(policies, policies.map(_reporting))))
def test_losing_the_state_causes_no_operation_that_would_not_have_been_there_with_it(case: Case) -> None:
    """After a good run, plan once with what it remembered and once without: the second is part of the first.

    A target that has none of our ids cannot tell a lost state from a first run; there, nothing was ever written.
    Where someone moved our ids about on the target, only the state can know. Nor can anyone else know that the email
    which a newcomer claims belonged to someone who left: that one is then created without it, and a conflict says so.
    Nor that someone deleted what then looks new.
    """
    _, end, known = applied(case)
    shown = {r.target_id: r.external_id for r in end.resources}
    links = (*known.users.values(), *known.groups.values())
    assume(all(shown.get(link.target_id, link.source_id) == link.source_id for link in links))
    desired, _, _, policy = case
    assume(matched(desired, end, Remembered(), terms(policy)).is_relinking)
    lost = Remembered()
    if policy.drift == "report":  # then, and only then, is it asked who was in which group when we last left it
        known, lost = replace(known, memberships=dict(end.members)), replace(lost, memberships={})
    with_state = planned(desired, end, known, policy)
    plan = planned(desired, end, lost, policy)
    assume(not any(c.kind == "email_taken" for c in plan.conflicts))
    assume(not any(c.kind == "missing" for c in with_state.conflicts))
    without = {_essence(o) for o in plan.operations}
    assert without <= {_essence(o) for o in with_state.operations}


def _essence(operation: object) -> str:
    return repr(replace(operation, id="", after=(), reason="", subject=""))  # type: ignore[type-var]


@given(situations, st.sampled_from(USER_IDS))
def test_a_held_object_changes_nothing_for_the_others(case: Case, newcomer: str) -> None:
    """A record no one knows yet, and that is invalid, may be there or not: the operations are the same.

    But for those who name it as their manager: their manager stays as it is while it is held.
    """
    desired, existing, known, policy = case
    others = tuple(
        replace(u, attributes={**u.attributes, "enterprise.manager": ""})
        if u.attributes["enterprise.manager"] == newcomer
        else u
        for u in desired.users
        if u.source_id != newcomer
    )
    without = replace(desired, users=others, members={g: ids - {newcomer} for g, ids in desired.members.items()})
    if newcomer in known.users or any(newcomer == r.external_id for r in existing.resources):
        return
    invalid = replace(user(newcomer, name_familyName=""), flaws=())
    with_it = replace(without, users=(*others, invalid))
    plain = planned(without, existing, known, policy)
    assert planned(with_it, existing, known, policy).operations == plain.operations


@given(bold_situations)
def test_nothing_is_deleted_that_is_not_managed_departed_and_past_its_grace(case: Case) -> None:
    desired, existing, known, policy = case
    by_id = {r.target_id: r for r in existing.resources}
    links = {link.target_id: link for link in (*known.users.values(), *known.groups.values())}
    shown = {d.source_id for d in (*desired.users, *desired.groups)}
    for operation in planned(desired, existing, known, policy).operations:
        if operation.is_delete:
            link = links[str(operation.target_id)]
            assert policy.delete_after is not None
            assert policy.deprovision != "keep"
            assert link.departed == datetime(2027, 1, 1, tzinfo=UTC)
            assert link.source_id not in shown
            assert operation.resource == "group" or not by_id[link.target_id].is_active
