"""Which rules of two mappings are written differently."""

from pathlib import Path

from scim_bridge.mapping.change import changed_rules
from scim_bridge.model.identity import Kind
from scim_bridge.model.mapping_comparison import RuleChange
from tests.mapping.rules import compiled, text_of

MATCH: dict[Kind, tuple[str, ...]] = {"user": ("userName",), "group": ("displayName",)}


def changed(folder: Path, now: str, then: str) -> list[tuple[str, str | None, str | None]]:
    rules = changed_rules(compiled(folder, now), compiled(folder, then), (MATCH, MATCH))
    return [(rule.path, rule.old, rule.new) for rule in rules]


def test_a_mapping_does_not_differ_from_itself(tmp_path: Path) -> None:
    assert changed(tmp_path, text_of(), text_of()) == []


def test_rules_that_are_changed_added_and_removed_are_told_with_their_text(tmp_path: Path) -> None:
    then = text_of(scope="true", title=None, displayName="login", nickName="given")
    assert changed(tmp_path, text_of(), then) == [
        ("scope", 'login != ""', "true"),
        ("displayName", "display", "login"),
        ("nickName", None, "given"),
        ("title", "title", None),
    ]


def test_how_groups_are_nested_and_matched_counts_as_a_rule(tmp_path: Path) -> None:
    now, then = (compiled(tmp_path, text_of(nested=nested)) for nested in ("flatten", "ignore"))
    rules = changed_rules(now, then, (MATCH, MATCH | {"user": ("userName", "emails")}))
    assert [(r.kind, r.path, r.old, r.new, r.place) for r in rules] == [
        ("group", "nested", "flatten", "ignore", "corp.yaml: groups.nested"),
        ("user", "match", "userName", "userName, emails", "corp.yaml: users.match"),
    ]


def test_a_rule_names_its_place_in_the_changed_file_and_a_removed_one_where_it_stood() -> None:
    kept = RuleChange("user", "title", "a", "b", "new.yaml, line 9: users.attributes.title")
    gone = RuleChange("user", "title", "a", None, "old.yaml, line 9: users.attributes.title")
    assert kept.cause == "new.yaml, line 9: users.attributes.title"
    assert gone.cause == "old.yaml, line 9: users.attributes.title (removed)"
