"""A plan as people read it: by kind, the first few of each, and what the guard made of it."""

from scim_bridge.model.operation import Member, Operation, Phase
from scim_bridge.model.plan import Skipped, Trip, Verdict
from scim_bridge.view.plan import in_words, plan_view
from tests.view.test_terminal import operation, plan

TRIPPED = Verdict((Trip("deactivate", 4, 10, "10%", "4 of 10 would be deactivated"),))


def test_operations_are_gathered_by_kind_and_more_than_are_shown_are_counted() -> None:
    view = plan_view(plan(*map(operation, range(3)), operation(9, "deactivate_user")), shown=2)
    assert [(len(section.lines), section.more) for section in view.sections] == [(1, 0), (2, 1)]
    assert view.sections[0].lines[0].kind == "deactivate_user", "revocations first"


def test_memberships_are_counted_with_their_groups() -> None:
    members = tuple(Member(str(n), None, str(n)) for n in range(3))
    add = Operation("o", "add_members", Phase.GRANT, "g", "s-1", "dev", "why", members=members)
    assert "3 in 1 group" in plan_view(plan(add)).sections[0].title


def test_more_that_is_left_alone_than_is_shown_is_counted() -> None:
    view = plan_view(plan(skipped=tuple(Skipped(f"u{n}", "protected") for n in range(5))), shown=2)
    assert [subject for subject, _ in view.skipped] == ["u0", "u1", "…"]


def test_a_plan_within_its_limits_says_nothing_of_the_guard() -> None:
    view = plan_view(plan(operation(1)))
    assert (view.guard, view.guard_said) == ((), "")


def test_one_beyond_them_names_the_command_that_approves_it_until_somebody_has() -> None:
    stopped = plan_view(plan(verdict=TRIPPED), approval="scim-bridge apply p.json --approve", decided="stopped")
    assert "scim-bridge apply p.json --approve" in stopped.way_out
    assert "scim-bridge sync corp --approve" in plan_view(plan(verdict=TRIPPED)).way_out
    assert plan_view(plan(verdict=TRIPPED), decided="approved").way_out == ""


def test_the_age_of_what_is_known_of_the_target_is_told_if_it_was_not_read_just_now() -> None:
    assert plan_view(plan()).target_read == ""


def test_what_was_not_approved_is_told_by_the_names_people_know() -> None:
    add = Operation("o", "remove_members", Phase.REVOKE, "g", "s-1", "dev", "", members=(Member("u", "t-9", "sato"),))
    assert "sato" in in_words(plan(add), [f"{add.target_id} t-9"])
