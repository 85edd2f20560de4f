"""The situation table: every combination of its columns meets a row, and the rows say what the manual says."""

from itertools import product
from typing import get_args

import pytest

from scim_bridge.plan.match.situation import TABLE, Facts, LinkColumn, RecordColumn, TargetColumn, situation

EVERYTHING = [
    Facts(record, link, found, is_protected=protected)
    for record, link, found, protected in product(
        get_args(RecordColumn), get_args(LinkColumn), get_args(TargetColumn), (True, False)
    )
]


@pytest.mark.parametrize("facts", EVERYTHING, ids=str)
def test_every_combination_meets_a_row(facts: Facts) -> None:
    assert situation(facts) in TABLE


def test_no_row_is_there_in_vain() -> None:
    assert {situation(facts) for facts in EVERYTHING} == set(TABLE)


@pytest.mark.parametrize(
    ("facts", "name", "action"),
    [
        (Facts("valid", "there", "one", is_protected=True), "protected", "nothing"),
        (Facts("invalid", "there", "one"), "invalid", "revoke only"),
        (Facts("valid", "there", "one"), "linked", "update"),
        (Facts("valid", "there", "unwanted"), "linked", "update"),
        (Facts("valid", "no", "unwanted"), "inactive", "nothing"),
        (Facts("valid", "gone", "unwanted"), "inactive", "nothing"),
        (Facts("valid", "gone", "one"), "missing", "adopt"),
        (Facts("valid", "gone", "nothing"), "missing", "create"),
        (Facts("valid", "no", "one"), "found", "adopt"),
        (Facts("valid", "no", "taken"), "taken", "hold"),
        (Facts("valid", "gone", "contested"), "contested", "hold"),
        (Facts("valid", "no", "several"), "ambiguous", "hold"),
        (Facts("valid", "no", "nothing"), "absent", "create"),
        (Facts("none", "there", "nothing"), "departed", "deprovision"),
        (Facts("none", "gone", "nothing"), "vanished", "forget"),
        (Facts("none", "no", "one"), "orphan", "orphan policy"),
        (Facts("none", "no", "taken"), "excluded", "nothing"),
    ],
)
def test_the_rows_of_the_manual(facts: Facts, name: str, action: str) -> None:
    row = situation(facts)
    assert (row.situation, row.action) == (name, action)
