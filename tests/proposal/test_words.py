"""What cells say of who may sign in, in the words that exports use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.proposal.words import code_states, is_yes, state_of


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
