"""Words, signs, times and names as people see them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.model.operation_kind import SUMMARY
from scim_bridge.view import words

NOON = datetime(2027, 3, 13, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (0.42, "0.4 s"), (12, "12 s"), (60, "1 min"), (245, "4 min 5 s"), (7_800, "2 h 10 min"),
     (3 * 86_400, "3 d"), (100_000, "1 d 3 h")],
)  # fmt: skip
def test_a_length_of_time_is_told_in_at_most_two_units(seconds: float, told: str) -> None:
    assert words.span(timedelta(seconds=seconds)) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "just now"), (59, "just now"), (119, "1 min ago"), (3_600, "1 h ago"), (200_000, "2 d ago")],
)
def test_how_long_ago_is_told_in_one_unit(seconds: int, told: str) -> None:
    assert words.ago(NOON - timedelta(seconds=seconds), NOON) == told


def test_programs_get_utc_and_people_an_offset() -> None:
    tokyo = datetime(2027, 3, 13, 12, 0, tzinfo=timezone(timedelta(hours=9)))
    assert words.utc(tokyo) == "2027-03-13T03:00:00Z"
    assert datetime.fromisoformat(words.local(tokyo)) == tokyo
    assert words.local(tokyo)[-6] in "+-"


def test_a_plan_is_told_in_the_imperative_and_a_run_in_the_past() -> None:
    counts = {"create_user": 1, "add_member": 1_200, "held": 2}
    assert words.summary(counts) == "create 1 user, add 1,200 members; 2 held"
    assert [words.was_done(key, n) for key, n in counts.items()] == ["1 user created", "1,200 members added", "2 held"]


def test_nothing_to_do_is_said() -> None:
    assert words.summary(dict.fromkeys(SUMMARY, 0)) == "nothing to do"
    assert words.summary({"held": 1}) == "nothing to do; 1 held"


@pytest.mark.parametrize("key", SUMMARY)
def test_every_key_of_a_summary_has_its_words(key: str) -> None:
    assert words.was_done(key, 2).startswith("2 ")


@pytest.mark.parametrize("name", ["ユーザーA", "Zoë Müller", "佐藤 花子", "👩‍💻", "می‌خواهم", "山田\u3000太郎"])
def test_a_name_of_any_script_stays_as_it_is(name: str) -> None:
    assert words.printable(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a\x1b[31mred", "a\\x1b[31mred"), ("two\nlines", "two\\nlines"), ("user\u202etxt.exe", "user\\u202etxt.exe"),
     ("c1\x9b2J", "c1\\x9b2J"), ("a\u2028b", "a\\u2028b")],
)  # fmt: skip
def test_a_name_that_would_steer_the_terminal_is_shown_as_an_escape(name: str, shown: str) -> None:
    assert words.printable(name) == shown


@given(st.text())
def test_what_is_printed_never_holds_a_control_character(text: str) -> None:
    shown = words.printable(text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u2028\u2029\u202e" for c in shown)
    assert words.printable(shown) == shown
