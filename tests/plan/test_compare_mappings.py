"""Two mappings over one reading: what would be different, and why."""

from collections.abc import Mapping
from dataclasses import replace

from scim_bridge.model.identity import Directory, Flaw, OutOfScope, Value
from scim_bridge.model.mapping_comparison import Comparison, RuleChange
from scim_bridge.model.remembered import Remembered
from scim_bridge.plan.compare_mappings import compare
from tests.builders import FRESH, Target, directory, group, linked, on_target, outlook, target, user

SCOPE = RuleChange("user", "scope", "true", "dept != 'x'", "new.yaml, line 4: users.scope")
TITLE = RuleChange("user", "title", "title", "title.upper()", "new.yaml, line 9: users.attributes.title")
NESTED = RuleChange("group", "nested", "flatten", "ignore", "new.yaml: groups.nested")


def compared(
    now: Directory, changed: Directory, *rules: RuleChange, existing: Target | None = None, known: Remembered = FRESH
) -> Comparison:
    there = existing if existing is not None else target()
    return compare(outlook(now, there, known), outlook(changed, there, known), rules)


def without(whole: Directory, *source_ids: str) -> Directory:
    """These users out of scope."""
    users = tuple(u for u in whole.users if u.source_id not in source_ids)
    out = tuple(OutOfScope("user", s, f"users.csv, {s}", "csv.yaml, line 3") for s in source_ids)
    members = {g: ids - set(source_ids) for g, ids in whole.members.items()}
    return replace(whole, users=users, members=members, out_of_scope=out)


def changes(comparison: Comparison) -> dict[str, Mapping[str, tuple[Value | None, Value | None]]]:
    return {change.name: change.changes for change in comparison.attributes}


def test_the_same_mapping_makes_no_difference() -> None:
    desired = directory(user("a"), group("g"), members={"g": ["a"]})
    comparison = compared(desired, desired)
    assert comparison.is_empty
    assert comparison.now == comparison.changed
    assert comparison.now["create_user"] == 1


def test_who_leaves_scope_is_deactivated_and_leaves_the_groups() -> None:
    whole = directory(user("a"), user("b"), group("g"), members={"g": ["a", "b"]})
    existing = target(
        *(on_target(f"t{d.source_id}", d) for d in (*whole.users, *whole.groups)), members={"tg": ["ta", "tb"]}
    )
    known = linked(("user", "a", "ta"), ("user", "b", "tb"), ("group", "g", "tg"))
    comparison = compared(whole, without(whole, "b"), SCOPE, existing=existing, known=known)
    (left,) = comparison.left
    assert (left.name, left.operation, left.why) == ("b@corp.example", "deactivate_user", SCOPE.place)
    (gone,) = comparison.members
    assert (gone.group, gone.verb, gone.users, gone.why) == (
        "g",
        "leaves",
        ("b@corp.example",),
        "the user leaves scope",
    )
    assert comparison.attributes == ()  # told once, as leaving


def test_who_enters_scope_is_created_and_joins() -> None:
    whole = directory(user("a"), user("b"), group("g"), members={"g": ["a", "b"]})
    comparison = compared(without(whole, "b"), whole, SCOPE)
    (entered,) = comparison.entered
    assert (entered.name, entered.operation, entered.place) == ("b@corp.example", "create_user", "users.csv, b")
    assert [(m.verb, m.users, m.why) for m in comparison.members] == [
        ("joins", ("b@corp.example",), "the user enters scope")
    ]


def test_an_attribute_is_told_with_both_values_and_the_rule_that_changed() -> None:
    now, changed = directory(user("a", title="Lead")), directory(user("a", title="LEAD"))
    comparison = compared(now, changed, TITLE)
    assert changes(comparison) == {"a@corp.example": {"title": ("Lead", "LEAD")}}
    assert comparison.attributes[0].why == TITLE.place


def test_a_new_rule_is_held_against_what_the_target_shows() -> None:
    existing = target(on_target("ta", user("a"), title="Boss"), on_target("tb", user("b"), title="Lead"))
    known = linked(("user", "a", "ta"), ("user", "b", "tb"))
    now = directory(user("a"), user("b"))
    changed = directory(user("a", title="Lead"), user("b", title="Lead"))
    comparison = compared(now, changed, replace(TITLE, old=None), existing=existing, known=known)
    assert changes(comparison) == {"a@corp.example": {"title": ("Boss", "Lead")}}


def test_a_rule_that_is_removed_leaves_the_value_as_it_is_on_the_target() -> None:
    existing = target(on_target("ta", user("a"), title="Boss"))
    rule = replace(TITLE, new=None)
    comparison = compared(
        directory(user("a", title="Lead")), directory(user("a")), rule, existing=existing,
        known=linked(("user", "a", "ta")),
    )  # fmt: skip
    assert changes(comparison) == {"a@corp.example": {"title": ("Lead", "Boss")}}
    assert comparison.attributes[0].why == f"{TITLE.place} (removed)"


def test_a_rule_written_differently_that_gives_the_same_makes_no_difference() -> None:
    comparison = compared(directory(user("a")), directory(user("a")), TITLE)
    assert comparison.is_empty
    assert comparison.rules == (TITLE,)


def test_a_record_that_becomes_invalid_begins_to_wait_with_the_reason() -> None:
    flaw = Flaw("rule_failed", "displayName", "the rule for displayName failed", "Fix the rule.", fatal=False)
    broken = directory(replace(user("a"), flaws=(flaw,)), group("g"), members={"g": ["a"]})
    well = directory(user("a"), group("g"), members={"g": ["a"]})
    comparison = compared(well, broken)
    assert [(c.kind, c.subjects) for c in comparison.held] == [("rule_failed", ("a@corp.example",))]
    assert [(m.verb, m.why) for m in comparison.members] == [("leaves", "the user: waits: rule_failed")]
    assert [c.kind for c in compared(broken, well).released] == ["rule_failed"]


def test_two_records_that_get_one_name_are_both_held() -> None:
    comparison = compared(directory(user("a"), user("b")), directory(user("a", userName="x"), user("b", userName="x")))
    assert [c.kind for c in comparison.held] == ["duplicate_user_name"]
    assert {change.why for change in comparison.attributes} == {"waits: duplicate_user_name"}


def test_a_manager_who_leaves_scope_is_the_reason_why_the_manager_is_left_out() -> None:
    whole = directory(user("a"), user("b", enterprise_manager="a"))
    existing = target(on_target("ta", user("a")), on_target("tb", user("b"), enterprise_manager="ta"))
    known = linked(("user", "a", "ta"), ("user", "b", "tb"))
    comparison = compared(whole, without(whole, "a"), SCOPE, existing=existing, known=known)
    assert changes(comparison) == {"b@corp.example": {"enterprise.manager": ("a", None)}}
    assert comparison.attributes[0].why == "the manager is provisioned under one mapping only"


def test_nested_groups_that_are_no_longer_flattened_are_the_reason() -> None:
    now = directory(user("a"), group("g"), members={"g": ["a"]})
    comparison = compared(now, replace(now, members={"g": frozenset()}), NESTED)
    assert [(m.verb, m.why) for m in comparison.members] == [("leaves", NESTED.place)]


def test_a_match_by_another_attribute_finds_another_resource() -> None:
    """Created under one mapping, adopted under the other: the target's own values count as what it holds."""
    existing = target(on_target("t1", user("x"), userName="a@corp.example", externalId="", title="Boss"))
    comparison = compared(directory(user("a", userName="other")), directory(user("a")), existing=existing)
    assert changes(comparison)["a@corp.example"]["userName"] == ("other", "a@corp.example")
    assert comparison.attributes[0].why == "situation absent → found"


def test_a_record_without_an_id_is_known_by_its_place() -> None:
    nobody = replace(
        user("a"), source_id="", flaws=(Flaw("missing_id", "externalId", "no id", "Give one.", fatal=True),)
    )
    assert compared(directory(nobody), directory(nobody)).is_empty
    (entered,) = compared(directory(), directory(nobody), SCOPE).entered
    assert (entered.place, entered.operation) == ("users.csv, a", None)
