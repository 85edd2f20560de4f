"""A mapping's own tests: what they find, and that what fails them changes nothing."""

from pathlib import Path

import pytest

from scim_bridge.errors import Misconfigured
from scim_bridge.mapping.document import load_mapping
from scim_bridge.mapping.selftest import require_passing, run_tests
from tests.mapping.rules import PERSON, text_of, written

PERSONS = "{" + ", ".join(f'{name}: "{value}"' for name, value in PERSON.items()) + "}"


def with_test(test: str, title: str = "title") -> str:
    """The usual mapping with this test and one more, for groups."""
    group = "  - {name: groups, group: {id: g1, name: 開発者グループ}, expect: {displayName: 開発者グループ}}\n"
    return f"{text_of(title=title)}tests:\n{test}{group}"


def failures(folder: Path, test: str, title: str = "title") -> list[str]:
    """What the first test says."""
    return list(run_tests(load_mapping(written(folder, with_test(test, title))))[0].failures)


def test_what_comes_out_as_expected_passes(tmp_path: Path) -> None:
    expect = "{externalId: '7', userName: b.sato@corp.example, active: true, scope: true, title: Engineer}"
    assert failures(tmp_path, f"  - {{name: all, user: {PERSONS}, expect: {expect}}}\n") == []


@pytest.mark.parametrize(
    ("expect", "sentence"),
    [
        ("{title: Lead}", "expected title 'Lead', found 'Engineer'."),
        ("{title: null}", "expected title '', found 'Engineer'."),
        ("{active: false}", "expected active False, found True."),
        ("{active: 'true'}", "expected active 'true', found True."),
        ("{scope: false}", "expected scope False, found True."),
        ("{externalId: '8'}", "expected externalId '8', found '7'."),
        ("{nickName: Hana}", "expected nickName 'Hana', there is no rule for it."),
    ],
)
def test_what_differs_is_told_by_file_line_and_name(tmp_path: Path, expect: str, sentence: str) -> None:
    line = text_of().count("\n") + 2
    told = failures(tmp_path, f"  - {{name: a sad one, user: {PERSONS}, expect: {expect}}}\n")
    assert told == [f"corp.yaml, line {line}: tests.0 (a sad one): {sentence}"]


def test_a_rule_that_fails_on_the_test_is_told_with_its_reason(tmp_path: Path) -> None:
    person = PERSONS.replace('"yes"', '"maybe"')
    (told,) = failures(tmp_path, f"  - {{name: unsure, user: {person}, expect: {{active: true}}}}\n")
    assert told.endswith(": expected active True, 'maybe' is neither a yes nor a no.")


def test_a_test_over_somebody_out_of_scope_does_not_pass_by_accident(tmp_path: Path) -> None:
    person = PERSONS.replace("B.Sato@corp.example", "")
    (told,) = failures(tmp_path, f"  - {{name: room, user: {person}, expect: {{active: true}}}}\n")
    assert told.endswith(': expected something of this record, but it is out of scope by login != "".')
    assert failures(tmp_path, f"  - {{name: room, user: {person}, expect: {{scope: false}}}}\n") == []


def test_several_values_are_expected_as_a_list_or_by_the_first(tmp_path: Path) -> None:
    person = PERSONS.replace('"b.sato@corp.example"', "[a@corp.example, b@corp.example]")
    for expected in ("a@corp.example", "[a@corp.example, b@corp.example]"):
        assert failures(tmp_path, f"  - {{name: mails, user: {person}, expect: {{emails: {expected}}}}}\n") == []
    nobody = PERSONS.replace('"b.sato@corp.example"', "[]")
    assert failures(tmp_path, f"  - {{name: mails, user: {nobody}, expect: {{emails: ''}}}}\n") == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_attribute_is_typed_by_all_test_records_whatever_their_order(tmp_path: Path, order: tuple[int, int]) -> None:
    without_title = PERSONS.replace('"Engineer"', "null")
    tests = (
        f"  - {{name: one, user: {PERSONS}, expect: {{title: Engineer}}}}\n",
        f"  - {{name: two, user: {without_title}, expect: {{title: ''}}}}\n",
    )
    text = with_test(tests[order[0]] + tests[order[1]])
    assert all(result.passed for result in run_tests(load_mapping(written(tmp_path, text))))


def test_a_mapping_may_have_tests_for_users_only(tmp_path: Path) -> None:
    text = f"{text_of()}tests:\n  - {{name: one, user: {PERSONS}, expect: {{title: Engineer}}}}\n"
    assert [result.failures for result in run_tests(load_mapping(written(tmp_path, text)))] == [()]


def test_a_mapping_without_tests_passes(tmp_path: Path) -> None:
    assert run_tests(load_mapping(written(tmp_path, text_of()))) == ()


def test_tests_run_on_the_same_day_for_ever(tmp_path: Path) -> None:
    assert failures(tmp_path, f"  - {{name: day, user: {PERSONS}, expect: {{title: '2000-01-01'}}}}\n", "today") == []


@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        ("  - 5\n", "a test is written with the keys `name`, `user` or `group`, and `expect`."),
        ("  - {name: x, user: {id: '1'}}\n", "a test needs `user` or `group`, and `expect`."),
        ("  - {name: x, user: {id: '1'}, expect: {}}\n", "a test needs `user` or `group`, and `expect`."),
        ("  - {name: x, user: {id: '1'}, expct: {title: a}}\n", "there is no key expct (did you mean expect?)."),
        (
            "  - {name: x, user: {id: '1'}, expect: {titel: a}}\n",
            "expects titel, which is not an attribute (did you mean title?).",
        ),
    ],
)
def test_a_test_that_says_nothing_is_refused(tmp_path: Path, test: str, sentence: str) -> None:
    line = text_of().count("\n") + 2
    with pytest.raises(Misconfigured) as error:
        load_mapping(written(tmp_path, with_test(test)))
    assert f"corp.yaml, line {line}: tests.0: {sentence}" in error.value.problems


def test_a_mapping_that_fails_its_tests_is_refused_with_all_of_them(tmp_path: Path) -> None:
    test = f"  - {{name: sad, user: {PERSONS}, expect: {{title: Lead, active: false}}}}\n"
    with pytest.raises(Misconfigured) as error:
        require_passing(load_mapping(written(tmp_path, with_test(test))))
    assert len(error.value.problems) == 2
    assert str(error.value).endswith(
        f"(and 1 more). Fix the mapping or its tests; try: scim-bridge mapping test {tmp_path / 'corp.yaml'}"
    )
