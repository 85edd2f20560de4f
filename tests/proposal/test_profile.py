"""How attributes are filled, whatever a source makes of a value."""

import pytest

from scim_bridge.model.identity import Record
from scim_bridge.proposal.profile import Profile, profile


def _seen(*values: object) -> Profile:
    """The profile of an attribute with these values, ... for a record without it."""
    records = [Record(str(n), {} if value is ... else {"a": value}, "here") for n, value in enumerate(values)]
    return profile("user", records, ("a",))[0]


@pytest.mark.parametrize("nothing", ["", None, [], [""], {}, {"inner": ""}, {"inner": None}, ...])
def test_nothing_is_nothing_in_every_form(nothing: object) -> None:
    assert _seen(nothing, "x").filled == 1


@pytest.mark.parametrize("something", ["x", ["x"], ["", "x"], True, False, 0, {"inner": "x"}, {"a": "", "b": ["x"]}])
def test_something_is_something_in_every_form(something: object) -> None:
    assert _seen(something, "").filled == 1


def test_a_rate_is_whole_per_cent_and_full_only_if_everybody_has_a_value() -> None:
    assert _seen("a", "b", "").rate == 66
    assert _seen(*["a"] * 999, "").rate == 99
    assert _seen("a", "b").rate == 100


def test_a_key_is_another_value_for_everybody_by_its_exact_letters() -> None:
    assert _seen("a", "A").is_key
    assert not _seen("a", "a").is_key
    assert not _seen("a", "").is_key
    assert not profile("user", (), ("a",))[0].is_key
