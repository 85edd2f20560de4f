"""Desired, in the target's own form."""

import unicodedata
from dataclasses import replace

import pytest

from scim_bridge.model.identity import Flaw
from scim_bridge.plan.fit import fit
from tests.builders import CAPABILITIES, directory, user


def _fitted(**attributes: str | bool | tuple[str, ...]) -> tuple[dict[str, object], list[tuple[str, str, bool]]]:
    one = fit(directory(user("u", **attributes)), CAPABILITIES).users[0]
    return dict(one.attributes), [(f.kind, f.attribute, f.fatal) for f in one.flaws]


def test_text_is_trimmed_and_composed() -> None:
    attributes, flaws = _fitted(displayName=unicodedata.normalize("NFD", "\u3000がぎ Straße \u00a0"))
    assert (attributes["displayName"], flaws) == ("がぎ Straße", [])


def test_of_several_values_the_first_is_kept_and_it_is_noted_once() -> None:
    fitted = fit(directory(user("a", emails=("1@x", "2@x")), user("b", emails=("3@x", "4@x"))), CAPABILITIES)
    assert [u.attributes["emails"] for u in fitted.users] == ["1@x", "3@x"]
    assert [(n.kind, n.subject) for n in fitted.warnings] == [("first_value_only", "emails")]
    assert "2 records" in fitted.warnings[0].detail


def test_what_the_target_has_no_place_for_is_dropped_and_noted() -> None:
    fitted = fit(directory(user("a", nickName="Ace")), CAPABILITIES)
    assert "nickName" not in fitted.users[0].attributes
    assert [n.kind for n in fitted.warnings] == ["no_place"]


@pytest.mark.parametrize(
    ("path", "value", "kind", "fatal"),
    [
        ("userName", "with space", "invalid_value", True),
        ("userName", "", "missing_value", True),
        ("userName", "x" * 129, "invalid_value", True),
        ("userName", "Administrator", "invalid_value", True),
        ("name.familyName", " ", "missing_value", True),
        ("externalId", "a b", "invalid_value", True),
        ("title", "x" * 21, "invalid_value", False),
        ("title", "bell\x07", "invalid_value", False),
        ("active", "true", "invalid_value", True),
    ],
)
def test_what_the_target_would_refuse_is_a_flaw(path: str, value: str, kind: str, fatal: bool) -> None:
    attributes, flaws = _fitted(**{path.replace(".", "_"): value})
    assert flaws == [(kind, path, fatal)]
    assert (path in attributes) is fatal


def test_a_rule_that_failed_for_a_required_attribute_holds_the_object() -> None:
    one = user("u")
    broken = fit(
        directory(replace(one, flaws=(Flaw("rule_failed", "displayName", "d", "r", fatal=False),))),
        CAPABILITIES,
    ).users[0]
    assert not broken.is_valid


def test_an_empty_optional_value_stays_ours_and_empty() -> None:
    assert _fitted(title="")[0]["title"] == ""
