"""The table of the kinds of operations: complete, and its order that of the phases."""

from typing import get_args

from scim_bridge.model.limit import COUNTERS
from scim_bridge.model.operation_kind import OPERATION_KINDS, SUMMARY, OperationKind


def test_every_kind_has_a_row() -> None:
    assert tuple(OPERATION_KINDS) == get_args(OperationKind)


def test_every_kind_has_its_own_place_in_a_summary() -> None:
    assert sorted(row.place for row in OPERATION_KINDS.values()) == list(range(1, len(OPERATION_KINDS) + 1))
    assert len(set(SUMMARY)) == len(OPERATION_KINDS) + 1


def test_a_view_shows_them_by_phase() -> None:
    phases = [row.phase for row in OPERATION_KINDS.values()]
    assert phases == sorted(phases)


def test_what_takes_away_is_counted() -> None:
    assert {row.counter for row in OPERATION_KINDS.values() if row.sign == "-"} <= COUNTERS.keys()
