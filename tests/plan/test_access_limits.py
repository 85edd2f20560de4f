"""Limits on what a plan does to access: over the window, marked for the journal, by default or as configured."""

from dataclasses import replace

from scim_bridge.access.impact import impact_of
from scim_bridge.model.effect import Entering, effects, read
from scim_bridge.model.limit import Limit, Limits
from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Basis, Plan, Verdict
from scim_bridge.plan.access_limits import with_access_limits
from tests.access.test_impact import OFF, reading, step

NUMBER = Limit(0, is_percentage=False)
BEFORE = reading(("g", "admin"), ("h", "read"), members={"g": {"ann"}, "h": {"ben"}})


def held(*operations: Operation, limits: Limits = Limits(), sizes: int = 100, **recent: str) -> Plan:  # noqa: B008 - frozen
    basis = Basis(source="", target="", target_read="", settings="")
    plan = Plan(connection="corp", created="", basis=basis, operations=operations, verdict=Verdict())
    impact = impact_of(BEFORE, operations, {})
    counted = {name: frozenset([Entering(name, user)]) for name, user in recent.items()}  # type: ignore[arg-type]
    return with_access_limits(plan, impact, lambda _: sizes, limits, counted)  # type: ignore[arg-type]


def tripped(plan: Plan) -> list[str]:
    return [trip.limit for trip in plan.verdict.tripped]


def test_an_administrator_who_is_lost_stops_a_plan_and_one_who_is_gained_is_reported() -> None:
    shut = held(step("deactivate_user", "ann", active=OFF))
    assert tripped(shut) == ["lose_admin"]
    assert shut.verdict.tripped[0].sentence == (
        "1 of 100 administrators would stop being an administrator of an account (limit 0)"
    )
    gained = step("add_members", "g", "ben")
    assert tripped(held(gained)) == []
    assert tripped(held(gained, limits=Limits(gain_admin=NUMBER))) == ["gain_admin"]
    assert tripped(held(step("deactivate_user", "ann", active=OFF), limits=Limits(lose_admin=None))) == []


def test_few_are_under_the_floor_and_all_there_are_are_not_few() -> None:
    out = step("remove_members", "h", "ben")
    assert tripped(held(out)) == []
    assert tripped(held(out, sizes=1)) == ["lose_access"]


def test_what_the_window_has_seen_counts_too_and_once() -> None:
    out = step("remove_members", "h", "ben")
    limits = Limits(lose_access=Limit(1, is_percentage=False))
    assert tripped(held(out, limits=limits)) == []
    assert tripped(held(out, limits=limits, lose_access="someone")) == ["lose_access"]
    assert tripped(held(out, limits=limits, lose_access="ben")) == []


def test_each_operation_is_marked_with_the_users_whom_it_counts() -> None:
    plan = held(step("deactivate_user", "ann", active=OFF), step("remove_members", "h", "ben"))
    marks = {o.id: o.counts for o in plan.operations}
    assert marks == {
        "deactivate_user ann": ("lose_access ann", "lose_admin ann"),
        "remove_members h": ("lose_access ben",),
    }
    [first, _] = plan.operations
    found = dict(effects(first.kind, first.source_id, first.target_id, (), counts=first.counts))
    assert found["lose_admin"] == {Entering("lose_admin", "ann")}
    gained = held(step("add_members", "g", "ben"))
    assert gained.operations[0].counts == ("gain_admin ben",)


def test_an_effect_is_read_back_from_its_text() -> None:
    for effect in (Entering("lose_access", "t-1"), Entering("last_door", "new user 7")):
        assert read(str(effect)) == effect


def test_an_unchanged_plan_keeps_its_operations() -> None:
    plan = held(step("update_user", "ann", title=("a", "b")))
    assert tripped(plan) == []
    assert plan == replace(plan, operations=(step("update_user", "ann", title=("a", "b")),))
