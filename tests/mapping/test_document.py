"""What is said of a mapping file that cannot be used: file, line, attribute, and the nearest known name."""

from pathlib import Path

import pytest

from scim_bridge.errors import Misconfigured
from scim_bridge.mapping.document import load_mapping
from tests.mapping.rules import COLUMNS, compiled, only, person, problems, text_of, written

GOOD = text_of()


def refusal(folder: Path, text: str) -> list[str]:
    with pytest.raises(Misconfigured) as error:
        load_mapping(written(folder, text))
    return list(error.value.problems)


def test_what_is_left_out_has_the_documented_default(tmp_path: Path) -> None:
    mapping = load_mapping(written(tmp_path, GOOD.replace("  nested: flatten\n", "")))
    assert mapping.users.match == ("userName",)
    assert mapping.groups.match == ("displayName",)
    assert mapping.groups.nested == "flatten"
    assert mapping.tests == ()
    without_scope = GOOD.replace('  scope: |-\n    login != ""\n', "")
    assert load_mapping(written(tmp_path, without_scope)).users.scope.text == "true"


def test_the_anchor_and_the_match_attributes_are_readable_before_there_is_a_source(tmp_path: Path) -> None:
    text = GOOD.replace("users:\n  id: id", "users:\n  id: number\n  match: [userName, emails]")
    mapping = load_mapping(written(tmp_path, text))
    assert (mapping.users.id, mapping.groups.id) == ("number", "id")
    assert mapping.users.match == ("userName", "emails")


@pytest.mark.parametrize(
    ("change", "to", "sentence"),
    [
        (
            "  attributes:\n",
            "  attribtes:\n",
            "line 5: users.attribtes: there is no such key (did you mean attributes?).",
        ),
        (
            "    title: |-",
            "    titel: |-",
            "line 18: users.attributes.titel: there is no such key (did you mean title?).",
        ),
        (
            "  id: id\n  scope: |-",
            "  scope: |-",
            "line 1: users: name the source attribute that never changes: `id: …`.",
        ),
        ("nested: flatten", "nested: deep", "line 23: groups.nested: write flatten, ignore or report."),
        (
            "users:\n  id: id",
            "users:\n  id: id\n  match: [title]",
            "line 3: users.match: users can be matched by userName and emails, not by title.",
        ),
        (
            "groups:\n",
            "groups:\n  match: [userName]\n",
            "line 21: groups.match: groups can be matched by displayName, not by userName.",
        ),
        (
            "{displayName: name}",
            "{}",
            "line 24: groups.attributes: there is no rule for displayName, which every target requires.",
        ),
        (
            "    title: |-\n      title\n",
            "    title: 5\n",
            (
                "line 18: users.attributes.title: write an expression; fixed text goes in quotes inside quotes"
                " ('\"Employee\"')."
            ),
        ),
        (
            "      login.lower()",
            "      login.lowr()",
            (
                "line 6: users.attributes.userName, column 11 of the rule: there is no function 'lowr'"
                " (did you mean lower?)."
            ),
        ),
        (
            "      login.lower()",
            "      lower(login)",
            (
                "line 6: users.attributes.userName, column 6 of the rule: lower is not called like this:"
                " write text.lower()."
            ),
        ),
        (
            "      truth(enabled)",
            "      truth(5)",
            "line 16: users.attributes.active, column 6 of the rule: truth is given (int): write truth(text).",
        ),
        (
            "      given",
            "      given +",
            "line 8: users.attributes.name.givenName, column 8 of the rule: the rule breaks off in the middle.",
        ),
    ],
)
def test_a_slip_is_told_by_file_line_and_attribute(tmp_path: Path, change: str, to: str, sentence: str) -> None:
    assert GOOD.count(change) == 1 or change in ("    title: |-", "      given")
    assert f"corp.yaml, {sentence}" in refusal(tmp_path, GOOD.replace(change, to, 1))


def test_a_match_attribute_needs_a_rule(tmp_path: Path) -> None:
    text = text_of(emails=None).replace("users:\n  id: id", "users:\n  id: id\n  match: [emails]")
    assert refusal(tmp_path, text) == ["corp.yaml, line 3: users.match: there is no rule for emails."]


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace("nested: flatten", "nested: deep").replace("login.lower()", "login.lowr()").replace("given", "1 +")
    )
    assert len(refusal(tmp_path, text)) == 5  # "name.1 +", which is not an attribute, the missing givenName …


def test_a_name_that_no_column_has_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    at = "corp.yaml, line 18: users.attributes.title, column"
    assert problems(tmp_path, text_of(title="ttle + dept + logn.lower()")) == [
        f"{at} 1 of the rule: unknown name 'ttle' (did you mean title?).",
        f"{at} 8 of the rule: unknown name 'dept'.",
        f"{at} 15 of the rule: unknown name 'logn' (did you mean login?).",
    ]


def test_a_rule_of_several_lines_is_told_by_line_and_column(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, text_of(title="given +\n        ttle"))
    at = "corp.yaml, line 18: users.attributes.title, line 2, column 3 of the rule"
    assert told == f"{at}: unknown name 'ttle' (did you mean title?)."


def test_an_anchor_that_no_column_has_is_told_by_its_own_line(tmp_path: Path) -> None:
    text = GOOD.replace("users:\n  id: id", "users:\n  match: [userName]\n  id: idd")
    assert problems(tmp_path, text) == [
        "corp.yaml, line 3: users.id: users have no attribute 'idd' to be their id (did you mean id?)."
    ]


@pytest.mark.parametrize(
    ("path", "rule", "sentence"),
    [
        ("title", "size(login)", "gives INT where text is wanted."),
        ("title", 'login == ""', "gives BOOL where text is wanted."),
        ("active", "enabled", "gives STRING where true or false is wanted."),
        (
            "title",
            "login == '' ? null : login",
            (
                "the two results of ?: differ in type (bool, null_type, string):"
                " to leave an attribute without value write ''."
            ),
        ),
        ("title", "login + 1", "+ cannot be applied to (string, int)."),
        ("title", 'login.matches("(") ? "a" : "b"', "invalid regular expression: missing ): (."),
        ("title", 'login.regexReplace("(", "")', "the regular expression '(' is invalid: missing ) at position 1."),
    ],
)
def test_a_rule_that_could_never_give_what_is_wanted_is_refused(
    tmp_path: Path, path: str, rule: str, sentence: str
) -> None:
    (told,) = problems(tmp_path, text_of(**{path: rule}))
    assert told.startswith("corp.yaml, line ")
    assert told.endswith(f": {sentence}")


def test_a_scope_that_is_no_truth_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, text_of(scope="login")) == [
        "corp.yaml, line 3: users.scope: gives STRING where true or false is wanted."
    ]


def test_a_rule_that_only_fails_on_an_empty_record_is_not_refused(tmp_path: Path) -> None:
    compiled(tmp_path, text_of(title="string(int(title))", emails='mail.split("@")[1]'))


@pytest.mark.parametrize("column", ["type", "e-mail", "today.x"])
def test_a_column_that_reads_like_something_else_is_pointed_to_source(tmp_path: Path, column: str) -> None:
    told = problems(tmp_path, text_of(title=column), {column: "string"})
    assert f'(the attribute {column!r} is written source["{column}"])' in told[0]


@pytest.mark.parametrize(("column", "word"), [("社員番号", "社"), ("namespace", "namespace"), ("in", "in")])
def test_a_column_that_can_be_no_name_is_pointed_to_source(tmp_path: Path, column: str, word: str) -> None:
    (told,) = problems(tmp_path, text_of(title=column), {column: "string"})
    assert told.endswith(f': {word!r} cannot be used as a name: write source["…"] with the attribute\'s name.')


@pytest.mark.parametrize("column", ["type", "int", "string", "list", "map", "dyn", "e-mail", "社員番号", "today", "in"])
def test_no_name_of_a_column_breaks_the_other_rules(tmp_path: Path, column: str) -> None:
    compiled(tmp_path, text_of(title=f'string(source["{column}"])'), columns=(*COLUMNS, column))


def test_a_mapping_without_groups_provisions_none(tmp_path: Path) -> None:
    mapping = load_mapping(written(tmp_path, GOOD[: GOOD.index("groups:")]))
    assert mapping.groups.scope.text == "false"
    assert compiled(tmp_path, GOOD[: GOOD.index("groups:")]).groups.attributes == ()


def test_a_time_zone_turns_times_in_every_rule(tmp_path: Path) -> None:
    for zone, is_active in (("", False), ("timezone: Asia/Tokyo\n", True), ("timezone: America/New_York\n", False)):
        mapping = compiled(tmp_path, zone + text_of(active="isAfter(title, today)"))
        assert only(mapping, person(title="2027-03-13T15:00:00Z")).attributes["active"] is is_active


@pytest.mark.parametrize("zone", ["Europe/Berln", "9", "+09:00", "Europe", "../etc/passwd", "[]", "''"])
def test_what_is_no_time_zone_is_refused_with_its_place(tmp_path: Path, zone: str) -> None:
    [problem] = problems(tmp_path, f"timezone: {zone}\n" + text_of())
    assert problem.startswith("corp.yaml, line 1: timezone: ")
    assert "is not a time zone" in problem
    assert problem.endswith("Write one such as Europe/Berlin.")
