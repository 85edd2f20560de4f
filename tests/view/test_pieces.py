"""Small parts of the pages that are functions of values."""

from datetime import timedelta

import pytest

from scim_bridge.model.conflict_kind import CONFLICT_KINDS, remedy
from scim_bridge.model.conflict_side import Subject
from scim_bridge.model.glance import RunPoint
from scim_bridge.model.identity import Whom
from scim_bridge.service.catalog import recorded
from scim_bridge.view.both_sides import both_sides
from scim_bridge.view.csv_line import csv_line
from scim_bridge.view.decision import choices
from scim_bridge.view.spark import HEIGHT, changes_of, durations_of
from scim_bridge.view.words import until
from tests.service.seed import NOON


def point(number: int, changes: int, seconds: float | None = 1.0) -> RunPoint:
    took = timedelta(seconds=seconds) if seconds is not None else None
    return RunPoint(id=number, status="done", started=NOON, took=took, changes=changes)


def test_a_chart_has_a_bar_for_each_run_the_highest_as_high_as_the_chart() -> None:
    chart = changes_of([point(1, 0), point(2, 50), point(3, 1_000)])
    assert [bar.height for bar in chart.bars] == [1, 2, HEIGHT]
    assert all(bar.y + bar.height == HEIGHT for bar in chart.bars)
    assert chart.latest == "1,000"
    assert chart.says == "Changes in the last 3 runs, newest last: 1,000 changes"


def test_charts_of_nothing_and_of_equal_values_are_charts() -> None:
    assert changes_of([]).says == "No runs yet"
    assert [bar.height for bar in changes_of([point(1, 0), point(2, 0)]).bars] == [1, 1]
    assert len(durations_of([point(1, 3), point(2, 3, None)]).bars) == 1


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_is_a_formula(text: str) -> None:
    cell = csv_line([text, "plain"])
    assert cell.lstrip('"').startswith("'")
    assert csv_line(["a=b", 3, None, ("x", "y")]) == "a=b,3,,x; y\r\n"


def test_every_remedy_is_found_again_in_what_a_run_has_recorded() -> None:
    names = {"whom": "each of them", "what": "email", "resource_id": "t-1", "effect": "removes all members", "too": ""}
    for kind, row in CONFLICT_KINDS.items():
        if row.remedy:
            said = recorded("ja").say(remedy(kind, **names).replace("KEY", "c-1"))
            told = "".join(piece.text for piece in said)
            assert not any(piece.is_foreign for piece in said), kind
            assert any("぀" <= letter <= "鿿" for letter in told), (kind, told)
            assert ("c-1" in told) == ("KEY" in row.remedy)


def test_every_kind_of_conflict_has_its_decisions_with_what_they_do() -> None:
    for kind in CONFLICT_KINDS:
        assert [choice.effect.endswith(".") for choice in choices(kind)] == [True] * len(choices(kind))
    assert [choice.decision for choice in choices("of another version")] == ["ignore"]


def test_both_sides_show_the_same_attributes_and_mark_what_differs() -> None:
    record = Subject(Whom("source", "user", "7"), {"userName": "ann", "title": "Lead"}, "users.csv, line 3")
    resource = Subject(Whom("target", "user", "t-7"), {"userName": "ann", "title": "Engineer"})
    left, right = both_sides([record, resource], "title")
    assert left.rows == (("title", "Lead", True), ("userName", "ann", False))
    assert right.rows == (("title", "Engineer", True), ("userName", "ann", False))
    assert (left.title, left.id, right.id) == ("In the source: users.csv, line 3", "", "t-7")
    assert both_sides([Subject(Whom("source", "user", "7"), {})], "") == ()


@pytest.mark.parametrize(
    ("seconds", "said"), [(-5, "now"), (0, "now"), (40, "in 40 s"), (125, "in 2 min"), (7_200, "in 2 h")]
)
def test_the_future_is_told_in_one_unit(seconds: int, said: str) -> None:
    assert until(NOON + timedelta(seconds=seconds), NOON) == said
