"""What a plan does to access: causes, administrators, session tags, seats, renames; each pair once."""

from typing import Any

import pytest

from scim_bridge.access.impact import impact_of, tag_path
from scim_bridge.access.seat import price_of, takes_seat
from scim_bridge.model.access import (
    AccessReading,
    AccessRow,
    Account,
    Allowed,
    Application,
    Edge,
    Instance,
    People,
    PermissionSet,
    Person,
    Use,
)
from scim_bridge.model.identity import TargetKey
from scim_bridge.model.impact import Impact
from scim_bridge.model.operation import Member, Operation
from scim_bridge.model.operation_kind import OPERATION_KINDS, OperationKind
from tests.access.conftest import NOW

LEVELS = {
    "admin": Allowed("administrator", ("administrator",)),
    "becomes": Allowed("can-become-administrator", ("can become administrator",)),
    "read": Allowed("read", ("EC2 read",)),
}


def reading(*doors: tuple[str, str], members: dict[str, set[str]] | None = None, **more: Any) -> AccessReading:
    """doors: (user or group, permission set), all in account 1. Groups are those of members."""
    members = members or {}
    names = ("ann", "ben")
    sets = {n: PermissionSet(arn=n, name=n, allowed=level, centrally=level) for n, level in LEVELS.items()}
    return AccessReading(
        as_of=NOW,
        instance=Instance("arn:i", "d-1", "9"),
        people=People(
            {n: Person(n, n, n) for n in names}, {g: g for g in members}, {g: frozenset(u) for g, u in members.items()}
        ),
        accounts={"1": Account("1", "production")},
        sets=sets,
        edges=frozenset(Edge("1", held, TargetKey("group" if who in members else "user", who)) for who, held in doors),
        **more,
    )


def step(kind: OperationKind, target: str | None, *members: str, source_id: str = "s", **changes: Any) -> Operation:
    return Operation(
        id=f"{kind} {target}",
        kind=kind,
        phase=OPERATION_KINDS[kind].phase,
        source_id=source_id,
        target_id=target,
        subject=str(target or source_id),
        reason="r",
        changes={path.replace("_", "."): value for path, value in changes.items()},
        members=tuple(Member(m, m if m in ("ann", "ben") else None, m) for m in members),
    )


def said(impact: Impact, what: str) -> list[tuple[str | None, str, list[str]]]:
    steps = impact.gained if what == "gained" else impact.lost
    rows = [(s.row, [cause.what for cause in s.causes]) for s in steps]
    return [(r.user, r.permission_set if isinstance(r, AccessRow) else r.application, why) for r, why in rows]


OFF: Any = (True, False)
ON: Any = (None, True)


def test_the_cause_is_named_for_each_way() -> None:
    before = reading(("g", "admin"), ("h", "admin"), ("ann", "read"), members={"g": {"ann"}, "h": {"ann"}})
    shut = impact_of(before, [step("deactivate_user", "ann", active=OFF)], {})
    assert said(shut, "lost") == [
        ("ann", "admin", ["the user is deactivated"]),
        ("ann", "read", ["the user is deactivated"]),
    ]
    out = impact_of(before, [step("remove_members", "g", "ann"), step("remove_members", "h", "ann")], {})
    assert said(out, "lost") == [("ann", "admin", ["removed from g", "removed from h"])]
    assert said(impact_of(before, [step("remove_members", "g", "ann")], {}), "lost") == []
    gone = impact_of(before, [step("delete_group", "g"), step("delete_user", "ann")], {})
    assert [why for _, _, why in said(gone, "lost")] == [["the user is deleted"]] * 2
    emptied = impact_of(reading(("g", "read"), members={"g": {"ann"}}), [step("delete_group", "g")], {})
    assert said(emptied, "lost") == [("ann", "read", ["the group g is deleted"])]


def test_one_who_is_created_comes_in_by_a_group() -> None:
    before = reading(("g", "read"), members={"g": set()})
    made = step("create_user", None, source_id="new", userName=(None, "new"), active=ON)
    impact = impact_of(before, [made, step("add_members", "g", "new", "ben")], {})
    assert said(impact, "gained") == [
        ("ben", "read", ["added to g"]),
        ("new", "read", ["the user is created and added to g"]),
    ]
    assert {row["user"]: row["user_id"] for row in impact.document()["gained"]} == {"ben": "ben", "new": None}


def test_those_with_the_most_privileges_come_first() -> None:
    before = reading(("ann", "read"), ("ben", "read"), ("ben", "admin"))
    lost = impact_of(before, [step("deactivate_user", n, active=OFF) for n in ("ann", "ben")], {})
    assert [(user, held) for user, held, _ in said(lost, "lost")] == [
        ("ben", "admin"),
        ("ben", "read"),
        ("ann", "read"),
    ]


def test_becoming_counts_when_gained_and_not_when_lost() -> None:
    before = reading(("g", "becomes"), ("h", "admin"), members={"g": {"ann"}, "h": {"ann", "ben"}})
    gained = impact_of(before, [step("add_members", "g", "ben"), step("remove_members", "h", "ben")], {})
    assert [(one.user, one.level) for one in gained.admins_lost] == [("ben", "administrator")]
    assert gained.admins_gained == ()
    lost = impact_of(before, [step("remove_members", "h", "ann"), step("remove_members", "g", "ann")], {})
    assert [one.user for one in lost.admins_lost] == ["ann"]
    other = reading(("g", "becomes"), members={"g": set()})
    [one] = impact_of(other, [step("add_members", "g", "ben")], {}).admins_gained
    assert (one.user, one.level, one.account) == ("ben", "can-become-administrator", "production")


def test_session_tags_that_change_are_told_of_those_who_can_use_them() -> None:
    before = reading(("ann", "read"), tags={"cc": "${path:enterprise.costCenter}", "odd": "something"})
    changes = [step("update_user", n, enterprise_costCenter=("1", "2")) for n in ("ann", "ben")]
    [tag] = impact_of(before, changes, {}).session_tags
    assert (tag.key, tag.path, tag.users) == ("cc", "enterprise.costCenter", (("ann", "1", "2"),))
    same = step("update_user", "ann", enterprise_costCenter=("1", "1"))
    assert impact_of(before, [same], {}).session_tags == ()


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("${path:enterprise.costCenter}", "enterprise.costCenter"),
        ("${path:emails[primary eq true].value}", "emails"),
        ("${path:addresses[primary eq true].country}", "addresses.country"),
        ("${user:email}", ""),
    ],
)
def test_where_a_session_tag_comes_from(source: str, path: str) -> None:
    assert tag_path(source) == path


def test_a_rename_is_said_of_those_who_have_access() -> None:
    before = reading(("ann", "read"))
    renamed = [step("update_user", n, userName=(n, f"{n}2")) for n in ("ann", "ben")]
    impact = impact_of(before, renamed, {})
    assert (impact.gained, impact.lost, impact.renamed) == ((), (), ("ann",))


def test_seats_are_counted_by_user_and_not_by_way() -> None:
    apps = {"a": Application("a", "KiroProfile-x"), "b": Application("b", "Wiki")}
    uses = frozenset(Use(arn, TargetKey("group", group)) for arn in apps for group in ("g", "h"))
    members = {"g": {"ann"}, "h": {"ann"}}
    before = reading(members=members, applications=apps, uses=uses)
    steps = [step("remove_members", "g", "ann"), step("add_members", "g", "ben")]
    [seats] = impact_of(before, steps, {"KiroProfile-": 20, "Kiro": 1}).seats
    assert (seats.application, seats.gained, seats.lost, seats.price) == ("KiroProfile-x", ("ben",), (), 20)


def test_what_takes_a_seat_is_known_by_its_name() -> None:
    assert takes_seat("qdevprofile-eu", {})
    assert not takes_seat("Wiki", {})
    assert takes_seat("Wiki", {"wiki": 3})
    assert price_of("QDevProfile-eu", {}) is None
