"""The functions that a mapping has: what each gives, and what it refuses to guess."""

from collections.abc import Mapping

import pytest

from scim_bridge.mapping.expression import Result
from tests.mapping.test_expression import failure, value

FUNCTIONS: Mapping[str, tuple[str, dict[str, object], Result]] = {
    "lower knows every letter": ("s.lower()", {"s": "ÀÉŁ"}, "àéł"),
    "upper knows every letter": ("s.upper()", {"s": "straße"}, "STRASSE"),
    "trim knows every space": ("s.trim()", {"s": "\u3000 佐藤\u00a0"}, "佐藤"),
    "normalize composes": ("s.normalize()", {"s": "e\u0301"}, "é"),
    "normalize keeps what NFC keeps": ("s.normalize()", {"s": "ＡＢ①"}, "ＡＢ①"),
    "ascii reads any script": (
        "s.ascii()",
        {"s": "Łukasz Ødegård, Дмитрий, さとう, Straße"},
        "Lukasz Odegard, Dmitriy, satou, Strasse",
    ),
    "ascii reads a letter and its accent as one": ("s.ascii()", {"s": "Zoe\u0308"}, "Zoe"),
    "ascii leaves ASCII alone": ("s.ascii()", {"s": "O'Brien-2"}, "O'Brien-2"),
    "first non-empty": ("firstNonEmpty(s, '', 'c')", {}, "c"),
    "first non-empty of eight": ("firstNonEmpty(s, s, s, s, s, s, s, 'h')", {}, "h"),
    "first non-empty of none": ("firstNonEmpty(s, s)", {}, ""),
    "first of a list": ("first(l)", {"l": ["", "b"]}, "b"),
    "first of an empty list": ("first(l)", {}, ""),
    "every match is replaced": (r"s.regexReplace('[ -]+', '.')", {"s": "a - b c"}, "a.b.c"),
    "a group can be kept": (r"s.regexReplace('(\\w+), (\\w+)', '\\2 \\1')", {"s": "Sato, Hana"}, "Hana Sato"),
    "split and join": ('s.split("@").join("#")', {"s": "a@b"}, "a#b"),
    "functions take what may be anything": ("d.lower() + firstNonEmpty(d, s)", {"d": "A"}, "aA"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name: str) -> None:
    rule, attributes, expected = FUNCTIONS[name]
    assert value(rule, **attributes) == expected


DATES: Mapping[str, tuple[str, dict[str, object], Result]] = {
    "who left yesterday is gone": ("isBefore(s, today)", {"s": "2027-03-12"}, True),
    "who leaves today is still here": ("isBefore(s, today)", {"s": "2027-03-13"}, False),
    "who begins within two weeks": ("!isAfter(s, addDays(today, 14))", {"s": "2027-03-27T09:00:00Z"}, True),
    "who begins later": ("!isAfter(s, addDays(today, 14))", {"s": "2027-03-28"}, False),
    "no leave date is no reason to leave": ("isBefore(s, today)", {"s": ""}, False),
    "nobody begins after no date": ("isAfter(today, s)", {}, False),
    "a null of a JSON source is no date": ("isBefore(d, today) || isAfter(today, d)", {"d": None}, False),
    "a day may be reckoned across months": ("addDays(s, -13)", {"s": "2027-03-13"}, "2027-02-28"),
    "no date stays none": ("addDays(s, 1) + addDays(d, 1)", {"d": None}, ""),
}


@pytest.mark.parametrize("name", DATES)
def test_date(name: str) -> None:
    rule, attributes, expected = DATES[name]
    assert value(rule, **attributes) == expected


def test_what_is_no_date_fails_the_rule() -> None:
    assert failure("isBefore(s, today)", s="soon") == "'soon' is not a date; write it as 2027-03-13"
    assert failure("addDays(s, 9999999)", s="2027-03-13") == "9999999 days from 2027-03-13 is beyond the calendar"


@pytest.mark.parametrize("text", ["true", "TRUE", " Yes ", "1", "on", "enabled", "active", "有効", "○"])
def test_truth_knows_a_yes(text: str) -> None:
    assert value("truth(s)", s=text) is True


@pytest.mark.parametrize("text", ["false", "False", "no", "0", "off", "disabled", "inactive", "無効", "×"])
def test_truth_knows_a_no(text: str) -> None:
    assert value("truth(s)", s=text) is False


@pytest.mark.parametrize("text", ["", "maybe", "ture", "2", "yes no"])
def test_truth_never_guesses(text: str) -> None:
    assert failure("truth(s)", s=text) == f"{text!r} is neither a yes nor a no"


def test_a_regular_expression_that_would_run_for_ever_is_given_up() -> None:
    assert "takes too long on this value" in failure("s.regexReplace('(?:a|a)*$', '')", s="a" * 40 + "b")
