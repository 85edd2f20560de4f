"""What people read of a plan's impact: who loses first, counted when long, money with its sign."""

from datetime import timedelta
from typing import Any

import pytest

from scim_bridge.access.impact import impact_of
from scim_bridge.model.impact import Impact, Seats
from scim_bridge.view.impact import ImpactView, impact_view
from tests.access.conftest import NOW
from tests.access.test_impact import OFF, reading, step


def viewed(impact: Impact, shown: int | None = 20, most: int | None = None) -> ImpactView:
    view = impact_view(impact.document(most), NOW + timedelta(hours=3), shown)
    assert view is not None
    return view


def test_what_is_lost_comes_before_what_is_gained() -> None:
    before = reading(("g", "admin"), ("h", "read"), members={"g": {"ann"}, "h": set()})
    view = viewed(impact_of(before, [step("remove_members", "g", "ann"), step("add_members", "h", "ben")], {}))
    assert view.headline == (
        "Access (AWS as read 3 h ago): 1 user loses access, 1 administrator among them; 1 user gains access"
    )
    assert [table.title for table in view.tables] == ["Lost (1)", "Gained (1)"]
    assert view.tables[0].rows == (("ann", "g", "production", "admin", "administrator", "removed from g"),)
    assert view.notes == ("no longer administrator: ann (production)",)


def test_a_plan_that_changes_no_access_says_so() -> None:
    view = viewed(impact_of(reading(("ann", "read")), [step("update_user", "ann", title=("a", "b"))], {}))
    assert (view.headline, view.tables, view.notes) == (
        "Access (AWS as read 3 h ago): no one gains or loses any", (), (),
    )  # fmt: skip


def test_many_are_counted_also_those_that_were_not_kept() -> None:
    before = reading(("ann", "read"), ("ann", "admin"), ("ben", "read"), ("ben", "becomes"))
    impact = impact_of(before, [step("deactivate_user", n, active=OFF) for n in ("ann", "ben")], {})
    [table] = viewed(impact, shown=1).tables
    assert (table.title, len(table.rows), table.more) == ("Lost (4)", 1, 3)
    [kept] = viewed(impact, most=2).tables
    assert (kept.title, len(kept.rows), kept.more) == ("Lost (4)", 2, 2)
    assert "2 users lose access" in viewed(impact, most=1).headline


@pytest.mark.parametrize(
    ("seats", "said"),
    [
        (Seats("Kiro", ("a", "b"), (), 19.0), "Kiro: up to 2 seats more, +38 a month"),
        (Seats("Kiro", (), ("a",), 19.5), "Kiro: up to 1 seat fewer from next month, -19.50 a month"),
        (Seats("Kiro", ("a",), ("b",), 19.0), "Kiro: up to 1 seat more, 1 seat fewer from next month"),
        (Seats("Kiro", ("a",), ()), "Kiro: up to 1 seat more"),
    ],
)
def test_seats_are_told_with_their_money(seats: Seats, said: str) -> None:
    assert viewed(Impact(read_at=NOW, seats=(seats,))).notes == (said,)


def test_a_name_that_would_steer_a_terminal_is_shown_as_text() -> None:
    impact = Impact(read_at=NOW, renamed=("a\x1b[31m",))
    assert viewed(impact).notes[0].startswith("1 user with access gets another userName (a\\x1b[31m)")


@pytest.mark.parametrize("nothing", [{}, {"gained": [], "lost": []}])
def test_where_nothing_is_known_nothing_is_shown(nothing: dict[str, Any]) -> None:
    assert impact_view(nothing, NOW, 20) is None
