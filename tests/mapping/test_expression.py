"""The traps of the expression runtime, one by one: none of them may reach a name on the target."""

import contextlib
import gc
import sys
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.mapping.expression import BadExpression, EvaluationFailed, Language, Result, names_in
from scim_bridge.model.identity import AttributeType

LANGUAGE = Language({"s": "string", "l": "strings", "d": "dyn"})
TODAY = "2027-03-13"


def value(rule: str, **attributes: object) -> Result:
    return value_in(LANGUAGE, rule, attributes)


def value_in(language: Language, rule: str, attributes: Mapping[str, object]) -> Result:
    expression = language.compile(rule)
    return expression.evaluate(language.activation(attributes, expression.reads, TODAY))


def failure(rule: str, **attributes: object) -> str:
    with pytest.raises(EvaluationFailed) as error:
        value(rule, **attributes)
    return str(error.value)


def test_a_failed_evaluation_is_a_failure_and_not_a_text() -> None:
    assert failure("source.nickname") == 'Key not found in map : "nickname"'
    assert failure("[source.nickname]") == 'Key not found in map : "nickname"'


def test_too_many_steps_are_a_failure() -> None:
    assert failure('l.exists(x, x == "z") ? "a" : "b"', l=["a"] * 20_000) == "Iteration budget exceeded"


def test_half_a_character_is_a_failure() -> None:
    assert "construction from null" in failure("s.lower()", s="a\ud800")


@pytest.mark.parametrize("wrong", [None, 5, ["a"], True])
def test_a_value_of_another_type_than_the_source_promised_is_a_failure(wrong: object) -> None:
    assert "Expected STRING" in failure("s.lower()", s=wrong)


@pytest.mark.parametrize("strange", [object(), 2**70, {"a": 1}, 5, b"x", [1]])
def test_a_value_that_can_be_no_attribute_is_a_failure(strange: object) -> None:
    assert failure("d", d=strange)


@pytest.mark.parametrize(
    "rule",
    [
        "d",
        "dyn(null)",
        "[d]",
        "d[0]",
        "source.d",
        "source",
        '{"a": d}',
        "first(source.many)",
        "s == '' ? dyn(null) : s",
    ],
)
@pytest.mark.parametrize("empty", [None, [None], ["a", None], {"a": None}])
def test_a_null_costs_the_process_nothing(rule: str, empty: object) -> None:
    expression = LANGUAGE.compile(rule)
    activation = LANGUAGE.activation({"d": empty, "many": [None, "a"]}, expression.reads, TODAY)
    with _collector_at_rest():
        before = sys.getrefcount(None)
        for _ in range(400):
            with contextlib.suppress(EvaluationFailed):
                expression.evaluate(activation)
        # 400 fewer, were one dropped by each evaluation; other threads of the test run may well add some.
        assert before - sys.getrefcount(None) < 200


@contextlib.contextmanager
def _collector_at_rest() -> Iterator[None]:
    """No garbage of other tests, which may hold None many times, is collected meanwhile."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_a_null_is_an_empty_text() -> None:
    assert value("d", d=None) == ""
    assert value("s == '' ? dyn(null) : s") == ""
    assert failure("[d]", d=None) == "it gives a list with NULL where texts are wanted"


def test_what_is_absent_has_its_types_empty_value_and_has_tells_the_difference() -> None:
    assert value("s") == ""
    assert value("l") == ()
    assert value("d") == ""
    assert value('has(source.s) ? "there" : "absent"') == "absent"
    assert value('has(source.s) ? "there" : "absent"', s="") == "there"


def test_a_list_is_several_texts_without_the_empty_ones() -> None:
    assert value("l", l=["a", "", "b"]) == ("a", "b")
    assert value('s.split(",")', s="a,,b") == ("a", "b")
    assert value("[d, s]", d="x", s="y") == ("x", "y")


def test_today_is_the_only_clock() -> None:
    assert value('today < "2027-04-01" ? "before" : "after"') == "before"


def test_a_name_that_is_no_variable_is_reached_by_source() -> None:
    language = Language({"社員 番号": "string", "type": "string", "today": "string"})
    assert value_in(language, 'source["社員 番号"]', {"社員 番号": "12"}) == "12"
    assert value_in(language, 'source["type"] + source["today"]', {"type": "a", "today": "b"}) == "ab"


def test_a_rule_may_use_more_names_than_the_compiler_complains_of_at_once() -> None:
    names = [f"column{number}" for number in range(60)]
    language = Language(dict.fromkeys(names, "string"))
    rule = f'[{", ".join(names)}].join("")'
    assert names_in(rule) == frozenset(names)
    assert value_in(language, rule, dict.fromkeys(names, "x")) == "x" * 60


def test_names_of_a_rule_are_its_variables_and_neither_its_functions_nor_its_own_words() -> None:
    assert names_in('l.filter(x, x.startsWith(s)).join(",") + source["k"] + today') == {"l", "s", "source", "today"}
    assert names_in("d.map(item, item.number)") == {"d"}
    assert names_in('"fixed"') == frozenset()


def test_everything_wrong_with_a_rule_is_told_at_once() -> None:
    with pytest.raises(BadExpression) as error:
        LANGUAGE.compile("nme + frst(s) + nme")
    assert [c.what for c in error.value.complaints] == [
        "unknown name 'nme'",
        "there is no function 'frst' (did you mean first?)",
    ]
    assert [c.unknown for c in error.value.complaints] == ["nme", ""]


def test_a_rule_nested_too_deep_is_told() -> None:
    with pytest.raises(BadExpression):
        LANGUAGE.compile(" + ".join(["s"] * 100))


TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


@given(TEXTS)
def test_a_bare_name_gives_the_same_with_and_without_evaluation(text: str) -> None:
    bare = LANGUAGE.compile(" s ")
    assert bare.variable == "s"
    assert bare.evaluate(LANGUAGE.activation({"s": text}, bare.names, TODAY)) == text


@pytest.mark.parametrize("rule", ["l", "d", "today", "source.s", "s + ''", "(s)", '"s"'])
def test_nothing_but_the_bare_name_of_a_text_is_looked_up(rule: str) -> None:
    assert LANGUAGE.compile(rule).variable == ""


@pytest.mark.parametrize("kind", ["string", "strings", "dyn"])
@given(name=st.text(min_size=1))
def test_no_name_of_an_attribute_breaks_the_language(kind: AttributeType, name: str) -> None:
    assert value_in(Language({name: kind, "s": "string"}), "s", {"s": "x"}) == "x"


@pytest.mark.parametrize("blank", ["", " ", "\t", "\u3000", "\u00a0", "\u200b", "\ufeff\u2060 ", "\u3164"])
def test_what_cannot_be_seen_is_empty(blank: str) -> None:
    assert value("firstNonEmpty(s, d, 'x')", s=blank, d=blank) == "x"
    assert value("first(l)", l=[blank, "x"]) == "x"
    assert value("first(l.map(each, each))", l=[blank, "x"]) == "x"
    assert value("l", l=[blank, "x", blank]) == ("x",)
    assert value("isBefore(s, '2027-03-13')", s=blank) is False
    assert value("addDays(s, 1)", s=blank) == ""
    assert value("truth(s)", s=f"{blank}yes{blank}") is True
