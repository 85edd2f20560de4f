"""Which values are unique, and when two of them are the same."""

from scim_bridge.model.capabilities import fold
from scim_bridge.target.identity_center import IDENTITY_CENTER


def test_names_are_compared_without_case_and_in_one_form() -> None:
    assert fold("B.SATO@x") == fold("b.sato@x")
    assert fold("Jose\u0301") == fold("JOS\u00c9")


def test_an_external_id_is_compared_as_it_is_written_but_for_its_form() -> None:
    assert fold("A7", "exact") != fold("a7", "exact")
    assert fold("e\u0301", "exact") == fold("\u00e9", "exact")


def test_what_is_unique_is_told_with_how_it_is_compared() -> None:
    assert dict(IDENTITY_CENTER.unique("user")) == {"externalId": "exact", "userName": "folded", "emails": "folded"}
    assert dict(IDENTITY_CENTER.unique("group")) == {"externalId": "exact", "displayName": "folded"}
