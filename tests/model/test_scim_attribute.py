"""The table of SCIM attributes: each row is a place on the wire, and something that the dialect holds or does not."""

from typing import Any

import pytest

from scim_bridge.model.identity import Kind, Value
from scim_bridge.model.scim_attribute import ATTRIBUTES, MATCHABLE, PATHS, REQUIRED, AttributeRow
from scim_bridge.target.identity_center import IDENTITY_CENTER
from scim_bridge.target.wire import from_resource, to_resource

ROWS = [(kind, row) for kind, rows in ATTRIBUTES.items() for row in rows.values()]


@pytest.mark.parametrize(("kind", "row"), ROWS, ids=lambda each: getattr(each, "path", each))
def test_what_a_rule_gives_comes_back_from_the_wire(kind: Kind, row: AttributeRow) -> None:
    value: Value = True if row.form == "truth" else "x"
    body: dict[str, Any] = to_resource(kind, {row.path: value}) | {"id": "t"}
    assert from_resource(kind, body).attributes[row.path] == value


@pytest.mark.parametrize("kind", ATTRIBUTES)
def test_the_target_holds_what_is_required_and_what_is_matched_by(kind: Kind) -> None:
    held = IDENTITY_CENTER.attributes[kind]
    assert {path for path, place in held.items() if place.required} == {*REQUIRED[kind], "externalId"}
    assert set(MATCHABLE[kind]) <= held.keys()
    assert set(held) - {"externalId"} <= set(PATHS[kind])
