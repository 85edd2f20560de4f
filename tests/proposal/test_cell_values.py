"""What single cells say: who may sign in, in the words that exports use, and days as columns write them."""

from collections.abc import Callable, Mapping
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.mapping.expression import Language
from scim_bridge.proposal.cell_values import DayForm, code_states, day_form, is_yes, state_of


@pytest.mark.parametrize(
    ("text", "state"),
    [
        *((word, "active") for word in ("Active", "ACTIVE", " aktiv ", "Actif", "Activo", "In Dienst", "LOCKED_OUT")),
        *((word, "active") for word in ("在籍", "在籍中", "在籍 ", "退職予定", "PASSWORD_EXPIRED", "재직")),
        *((word, "inactive") for word in ("Inactive", "Suspended", "Terminated", "STAGED", "On Leave")),
        *((word, "inactive") for word in ("Ausgeschieden", "gesperrt", "Sorti", "En congé", "De baja", "Uit dienst")),
        *((word, "inactive") for word in ("退職", "退職済み", "休職中", "退職（自己都合）", "离职", "퇴직")),
        ("Active - Payroll Eligible", "active"),
        ("Terminated (voluntary)", "inactive"),
        ("3 - Aktiv", "active"),
        ("01:在籍", "active"),
        ("Active Employee", "active"),
        ("Active - On Leave", ""),
        ("Active / Terminated", ""),
        ("Full time", ""),
        ("", ""),
        ("7", ""),
    ],
)
def test_a_status_is_known_however_it_is_written(text: str, state: str) -> None:
    assert state_of(text) == state


@pytest.mark.parametrize("yes", ["Ja", "oui", "Sí", "TRUE", "1", "はい", "○", "x", "✓"])
def test_a_yes_is_one_in_many_languages(yes: str) -> None:
    assert is_yes(yes) is True


@pytest.mark.parametrize("no", ["Nein", "non", "No", "FALSE", "0", "いいえ", "×"])
def test_a_no_is_one_in_many_languages(no: str) -> None:
    assert is_yes(no) is False


def test_codes_of_one_letter_are_known_only_where_all_of_them_are() -> None:
    assert code_states(frozenset("ATL")) == {"A": "active", "T": "inactive", "L": "inactive"}
    assert code_states(frozenset("AXT")) == {}
    assert code_states(frozenset("TL")) == {}


@given(st.text())
def test_no_text_is_a_yes_and_a_leaving_at_once_or_raises(text: str) -> None:
    assert state_of(text) in ("active", "inactive", "")
    assert is_yes(text) in (True, False, None)


WRITTEN: Mapping[str, Callable[[date], str]] = {
    "iso": lambda day: day.isoformat(),
    "iso with a time": lambda day: f"{day.isoformat()}T00:00:00.000Z",
    "Japanese": lambda day: f"{day.year}/{day.month}/{day.day}",
    "Google": lambda day: f"{day:%Y/%m/%d} 10:00:00",
    "kanji": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "German": lambda day: f"{day:%d.%m.%Y}",
    "German, short": lambda day: f"{day.day}.{day.month}.{day.year}",
    "French": lambda day: f"{day:%d/%m/%Y}",
    "American": lambda day: f"{day:%m/%d/%Y}",
    "American with a time": lambda day: f"{day:%m/%d/%Y} 12:00:00 AM",
    "spreadsheet": lambda day: str((day - date(1899, 12, 30)).days),
}
DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))


LANGUAGE = Language({"d": "string"})


def _said(form: DayForm, text: str) -> str:
    """What a comparison with the thirteenth of March 2027 gives."""
    rule = LANGUAGE.compile(_rule(form.rule("d")))
    return str(rule.evaluate(LANGUAGE.activation({"d": text}, rule.reads, "2027-03-13")))


def _rule(text: str) -> str:
    return f'isBefore({text}, "2027-03-13") ? "before" : isAfter({text}, "2027-03-13") ? "after" : "that day or none"'


@pytest.mark.parametrize("name", WRITTEN)
@given(days=st.lists(DAYS, min_size=1, max_size=4))
def test_days_are_read_as_the_days_they_are(name: str, days: list[date]) -> None:
    write = WRITTEN[name]
    sure = [*days, date(2026, 10, 31)]  # a day that cannot be a month
    form = day_form([write(day) for day in sure], is_english=name.startswith("American"))
    assert form is not None
    for day in sure:
        expected = "before" if day < date(2027, 3, 13) else "after" if day > date(2027, 3, 13) else "that day or none"
        assert _said(form, write(day)) == expected
        assert day_form([form.write(day)], is_english=name.startswith("American")) is not None
    assert _said(form, "") == "that day or none"


def test_what_could_be_either_is_read_as_its_language_has_it_and_said() -> None:
    american, french = day_form(["03/04/2027"], is_english=True), day_form(["03/04/2027"], is_english=False)
    assert american is not None
    assert french is not None
    assert "month, day, year (such as 03/04/2027)" in american.note
    assert "day, month, year (such as 03/04/2027)" in french.note
    assert american.write(date(2027, 3, 4)) == french.write(date(2027, 4, 3)) == "03/04/2027"


def test_zeros_stand_for_no_day() -> None:
    form = day_form(["31.12.2026", "00.00.0000", "0000-00-00"], is_english=False)
    assert form is not None
    assert _said(form, "00.00.0000") == "that day or none"
    assert _said(form, "31.12.2026") == "before"


@pytest.mark.parametrize("texts", [["soon"], ["31.12.26"], ["32.01.2027"], ["2027-03-13", "?"], ["13/13/2027"]])
def test_what_is_no_day_is_not_taken_for_one(texts: list[str]) -> None:
    assert day_form(texts, is_english=True) is None
