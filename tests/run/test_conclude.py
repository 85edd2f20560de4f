"""What a run concludes: what is remembered of each pair, which decisions are used up, what is counted."""

from collections.abc import Mapping
from dataclasses import replace

from scim_bridge.apply.engine import Applied
from scim_bridge.errors import EndpointDown
from scim_bridge.model.identity import Whom
from scim_bridge.model.operation import Outcome
from scim_bridge.model.operation_kind import OperationKind
from scim_bridge.model.plan import Paired
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Remembered, Resolution
from scim_bridge.plan.compare_mappings import Outlook
from scim_bridge.run.conclude import Conclusion, conclude
from tests.builders import directory, group, linked, on_target, outlook, target, user

SATO, ITO, DEV = user("sato", title="Engineer"), user("ito"), group("dev")
THERE = target(on_target("t-1", SATO), on_target("t-2", ITO), on_target("s-1", DEV), members={"s-1": ["t-1", "t-2"]})
KNOWN = linked(("user", "sato", "t-1"), ("user", "ito", "t-2"), ("group", "dev", "s-1"))
# sato gets a title, ito leaves, new comes.
SEEN = outlook(directory(user("sato", title="Lead"), user("new"), DEV, members={"dev": ["sato", "new"]}), THERE, KNOWN)


def ended(seen: Outlook = SEEN, **status: Outcome) -> Conclusion:
    """A run in which all went well, but for what is said here by the operation's kind."""
    outcomes = []
    for operation in seen.plan.operations:
        outcome = status.get(
            operation.kind, Outcome(operation_id="", status="done", target_id=operation.target_id or "t-new")
        )
        outcomes.append(replace(outcome, operation_id=operation.id))
    return conclude(seen.matches, seen.sides, seen.plan, seen.plan, Applied(tuple(outcomes)), Policy())


def pairs(conclusion: Conclusion) -> Mapping[str, Paired]:
    return {pair.source_id: pair for pair in conclusion.books.paired}


REFUSED = Outcome(
    operation_id="", status="held", target_id="t-1", request_id="r-1", detail="400", conflict_kind="refused_by_target"
)
FAILED = Outcome(operation_id="", status="failed")


def test_what_was_applied_is_remembered_once_it_landed() -> None:
    applied = pairs(ended())["sato"].applied
    assert applied is not None
    assert applied["title"] == "Lead"


def test_what_was_refused_leaves_what_was_applied_before_and_is_a_conflict() -> None:
    conclusion = ended(update_user=REFUSED)
    assert pairs(conclusion)["sato"].applied is None
    assert [c.kind for c in conclusion.conflicts] == ["refused_by_target"]
    assert [refusal.paths for refusal in conclusion.books.refusals] == [{"title"}]


def test_the_grace_runs_from_the_moment_a_leaver_is_shut_out_and_not_before() -> None:
    assert (pairs(ended())["ito"].departed, pairs(ended())["ito"].is_shut_now) == (True, True)
    late = pairs(ended(deactivate_user=FAILED))["ito"]
    assert (late.departed, late.has_left) == (False, True)


def test_memberships_are_counted_one_by_one_and_failed_ones_are_no_deeds() -> None:
    summary = ended(update_user=FAILED).summary
    assert {key: n for key, n in summary.items() if n} == {
        "deactivate_user": 1, "create_user": 1, "add_member": 1, "remove_member": 1, "failed": 1,
    }  # fmt: skip


def test_both_sides_are_counted_as_they_are_afterwards() -> None:
    assert ended().counts == {"users": (2, 3), "groups": (1, 1), "memberships": (2, 2)}
    assert ended(create_user=FAILED).counts["users"] == (2, 2)


def test_nothing_was_sent_so_nothing_was_tried() -> None:
    stopped = conclude(SEEN.matches, SEEN.sides, SEEN.plan, SEEN.plan, None, Policy())
    assert (stopped.has_tried, stopped.failed) == (False, 0)
    assert pairs(stopped)["sato"].applied is None


def test_where_the_endpoint_was_down_an_unanswered_request_says_nothing_of_its_object() -> None:
    lost = Outcome(operation_id="", status="held", target_id="t-1", conflict_kind="not_answered")
    outcomes = tuple(replace(lost, operation_id=o.id) for o in SEEN.plan.operations)
    for stopped, kinds in ((None, {"not_answered"}), (EndpointDown("down"), set())):
        conclusion = conclude(
            SEEN.matches, SEEN.sides, SEEN.plan, SEEN.plan, Applied(outcomes, stopped=stopped), Policy()
        )
        assert {c.kind for c in conclusion.conflicts} == kinds


def test_a_run_about_some_remembers_those_alone() -> None:
    outcomes = tuple(
        Outcome(operation_id=o.id, status="done", target_id=o.target_id or "t-new") for o in SEEN.plan.operations
    )
    only = frozenset({Whom("source", "user", "sato")})
    conclusion = conclude(SEEN.matches, SEEN.sides, SEEN.plan, SEEN.plan, Applied(outcomes), Policy(), only=only)
    assert set(pairs(conclusion)) == {"sato"}


def decided(known: Remembered, kind: OperationKind, outcome: Outcome | None = None) -> tuple[set[str], set[str]]:
    """Which decisions are carried out, and which still wait, after a run over a locked user."""
    locked = target(on_target("t-1", SATO, active=False))
    seen = outlook(directory(SATO), locked, known)
    assert [o.kind for o in seen.plan.operations] == [kind]
    conclusion = ended(seen, **({kind: outcome} if outcome is not None else {}))
    return set(conclusion.carried_out), set(conclusion.pending)


def test_a_decision_is_used_up_once_it_was_carried_out_and_waits_until_then() -> None:
    locked = target(on_target("t-1", SATO, active=False))
    known = linked(("user", "sato", "t-1"))
    (asked,) = outlook(directory(SATO), locked, known).plan.conflicts
    known = replace(known, resolutions={asked.key: Resolution("source", "user", "sato", "t-1")})
    assert decided(known, "reactivate_user") == ({asked.key}, set())
    assert decided(known, "reactivate_user", FAILED) == (set(), {asked.key})


def test_a_resource_that_was_to_be_adopted_is_no_pair_before_it_is() -> None:
    stranger = target(on_target("t-1", SATO, externalId=""))
    seen = outlook(directory(SATO), stranger)
    assert pairs(ended(seen))["sato"].target_id == "t-1"
    assert pairs(ended(seen, adopt_user=FAILED)) == {}
