"""When a connection in shadow is ready, and why not: the rules, one by one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scim_bridge.model.operation import Member
from scim_bridge.model.run import RunRecord, RunResult
from scim_bridge.model.shadow import Difference, Lasting, ShadowHistory, differences_of
from scim_bridge.view.shadow import ShadowView, view_shadow
from tests.view.test_terminal import operation, plan

NOON = datetime(2027, 3, 13, 12, 0, tzinfo=UTC)
BEGAN = NOON - timedelta(days=10)


def run(number: int, started: datetime, status: Any = "shadow", **result: Any) -> RunRecord:
    return RunRecord(
        id=number,
        connection="corp",
        command="sync",
        status=status,
        started=started,
        ended=started,
        host="h",
        pid=1,
        result=RunResult(**result),
    )


def daily(*without: int) -> tuple[RunRecord, ...]:
    """A run a day at 11:00, numbers 3 to 10, the newest today; but for these days ago."""
    return tuple(run(10 - ago, NOON - timedelta(days=ago, hours=1)) for ago in range(7, -1, -1) if ago not in without)[
        1:
    ]


def difference(path: str = "title") -> Difference:
    change = {path: ("Lead", "Engineer")}
    return Difference(key=path, kind="update_user", subject="a", reason=f"{path} changed", change=change)


def since(number: int, hours: float, until: int | None = None) -> Lasting:
    found = difference(f"path{number}")
    return Lasting(found.key, number, NOON - timedelta(hours=hours), lambda: found, until)


def seen(runs: tuple[RunRecord, ...] | None = None, *lasting: Lasting, **fields: Any) -> ShadowView:
    runs = daily() if runs is None else runs
    given: dict[str, Any] = {"began": BEGAN, "count": 11, "runs": runs, "latest": runs[-1] if runs else None}
    return view_shadow("corp", ShadowHistory(lasting=lasting, **given | fields), 7, NOON)


@pytest.mark.parametrize(
    ("view", "because"),
    [
        (seen(), ()),
        (seen(began=None), ("no run in shadow has ended yet",)),
        (seen(began=NOON - timedelta(days=3)), ("it has been in shadow for 3 of 7 days",)),
        (seen(daily(0, 1, 2)), ("no run in shadow has ended in the last two days",)),
        (seen(daily(3)), ()),
        (seen(daily(3, 4)), ("no run ended on 2 of the last 7 days",)),
        (seen(latest=run(11, NOON, "failed")), ("run 11 is the last one, and it failed",)),
        (seen(latest=run(11, NOON, "running")), ()),
        (seen(undecided=2), ("2 conflicts wait for a decision",)),
        (seen((*daily(0), run(10, NOON, guard=("12 users deactivated.",)))), (
            "the plan exceeds a limit: 12 users deactivated",
        )),
        (seen(None, since(1, 300)), ("1 difference stands in every run of the last 7 days",)),
        (seen(None, since(1, 300), since(5, 120), since(6, 90)), (
            "1 difference stands in every run of the last 7 days",
            "2 other differences are older than a day",
        )),
        (seen(None, since(9, 25)), ("1 difference is older than a day",)),
        (seen(None, since(10, 1)), ()),
        (seen(None, since(1, 300, until=10)), ()),
    ],
)  # fmt: skip
def test_ready_is_what_nothing_speaks_against(view: ShadowView, because: tuple[str, ...]) -> None:
    assert view.because == because
    assert view.ready == (f"ready: no, because {'; '.join(because)}" if because else "ready: yes")


def test_each_day_has_the_sizes_of_its_plans() -> None:
    runs = (run(3, NOON - timedelta(days=1)), run(4, NOON - timedelta(days=1) + timedelta(hours=1)), run(5, NOON))
    view = seen(runs, since(1, 99, until=4), since(3, 24, until=5), since(4, 23), since(5, 0), since(5, 0))
    assert [(d.day, d.runs, d.last, d.fewest, d.most) for d in view.days] == [
        ("2027-03-12", 2, 2, 2, 2),
        ("2027-03-13", 1, 3, 3, 3),
    ]
    assert (view.trend, view.size) == ("2 → 3", 3)
    assert view.sentence.startswith("Nothing is written. Differences in the last plan of each day: 2 → 3. Ready: no,")


def test_a_plan_is_taken_apart_and_adopting_is_not_a_difference() -> None:
    changes = {"externalId": ("old", "u1"), "title": (None, "Lead"), "locale": ("ja", "ja")}
    member = Member("u2", None, "佐藤2@corp.example")
    found = plan(
        operation(1, "adopt_user", changes=changes),
        operation(2, "create_user", changes={"userName": (None, "x"), "title": (None, "y")}),
        operation(3, "deactivate_user", changes={"active": (True, False), "title": ("a", "b")}),
        operation(4, "add_members", changes={}, members=(member, replace(member, source_id=None, target_id="t-3"))),
        operation(5, "update_user", changes={"externalId": ("other", "u5")}),
    )
    assert [each.key for each in differences_of(found)] == [
        "user u1 title",
        "create_user u2",
        "user u3 active",
        "user u3 title",
        "add_members u4 u2",
        "add_members u4 t-3",
        "user u5 externalId",
    ]
