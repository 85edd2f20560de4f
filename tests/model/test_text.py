"""Texts that look the same are the same; what cannot be seen is empty."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.model.identity import Record
from scim_bridge.model.policy import Protect
from scim_bridge.model.text import folded, is_blank, normal, trimmed

FORMS = ("NFC", "NFD")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SEEN_BY_NOBODY = [
    *" \t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u1680\u2000\u2003\u2007\u200a\u2028\u2029\u202f\u205f\u3000",
    *"\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2060\u2063\u2066\u2069\u206a\u2800\u3164\uffa0\ufe0f\ufeff",
    "\U000e0001",
]


@given(texts, st.sampled_from(FORMS), st.sampled_from(FORMS))
def test_every_form_of_a_text_is_compared_alike(text: str, one: str, other: str) -> None:
    first, second = unicodedata.normalize(one, text), unicodedata.normalize(other, text)  # type: ignore[arg-type]
    assert normal(first) == normal(second)
    assert folded(first) == folded(second)


@given(texts)
def test_a_text_that_is_in_its_form_stays_as_it_is(text: str) -> None:
    assert normal(normal(text)) == normal(text)
    assert folded(folded(text)) == folded(text) == folded(normal(text))


@given(texts, st.text(st.sampled_from("\u200b\ufeff \u3000\u00a0\u2060\u200e"), max_size=3))
def test_what_is_invisible_at_the_ends_says_nothing(text: str, around: str) -> None:
    assert normal(around + normal(text) + around) == normal(text)


@pytest.mark.parametrize("character", SEEN_BY_NOBODY, ids=lambda c: f"U+{ord(c):04X}")
def test_a_text_of_which_nothing_can_be_seen_is_empty(character: str) -> None:
    assert is_blank(character)
    assert is_blank(f" {character}{character}\u200b")
    assert normal(character) == folded(character) == ""


def test_what_changes_how_a_letter_is_drawn_stays() -> None:
    kept = ["葛\U000e0100", "\u0d28\u0d4d\u200d", "❤\ufe0f"]
    assert [trimmed(text) for text in kept] == kept


def test_names_are_compared_without_regard_to_case() -> None:
    assert folded("MÜLLER") == folded("mu\u0308ller") == "müller"
    assert folded("STRASSE") == folded("Straße")


def test_a_record_has_its_id_in_one_form() -> None:
    assert Record(" jo\u0308rg\u200b", {}, "users.csv, line 2").id == "jörg"
    assert Record(" \u3000", {}, "users.csv, line 3").id == ""


def test_a_pattern_protects_a_name_in_whichever_form_it_is_written() -> None:
    for pattern in ("Mu\u0308ller*", "MÜLLER*"):
        assert Protect(users=(pattern,)).covers("user", "mu\u0308ller@corp.example")
        assert Protect(users=(pattern,)).covers("user", " müller@corp.example")
    assert not Protect(users=("*",)).covers("user", " ", "\u200b", "")
