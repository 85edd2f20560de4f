"""Ids that a spreadsheet has robbed of their zeros: told as what they are."""

from scim_bridge.plan.lost_zeros import in_words, lost_zeros, notice
from tests.builders import directory, linked, matched, on_target, target, user


def test_who_comes_back_under_an_id_without_its_zeros_is_told() -> None:
    old = user("0012", userName="sato@corp.example")
    pairs = lost_zeros(matched(directory(user("12")), target(on_target("t-1", old)), linked(("user", "0012", "t-1"))))
    assert pairs == (("0012", "12"),)
    assert in_words(pairs, "users").startswith("1 of the new ids of users are old ones without their leading zeros")
    (told,) = notice(pairs, "users")
    assert (told.kind, told.subject) == ("lost_zeros", "users")


def test_who_has_left_and_who_was_there_before_are_not_taken_for_it() -> None:
    old, there = user("0012", userName="sato@corp.example"), user("12")
    both = target(on_target("t-1", old), on_target("t-2", there))
    known = linked(("user", "0012", "t-1"), ("user", "12", "t-2"))
    assert lost_zeros(matched(directory(there), both, known)) == ()
    assert in_words((), "users") == ""
    assert notice((), "users") == ()
