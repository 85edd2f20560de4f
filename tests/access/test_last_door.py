"""The last administrator is named before being shut out; break-glass users are never shut out."""

from dataclasses import replace

from scim_bridge.access.last_door import LastDoor, administrators
from scim_bridge.model.access import AccessReading, Account, Allowed, Edge, Instance, People, PermissionSet, Person
from scim_bridge.model.identity import TargetKey
from tests.access.conftest import NOW

ADMIN = Allowed("administrator", ("administrator",))
BECOMES = Allowed("can-become-administrator", ("can become administrator",))


def reading(*active: str, allowed: Allowed = ADMIN, limited_by: str = "") -> AccessReading:
    users = {n: Person(n, f"{n}@corp.example", n, n in active) for n in ("ann", "ben")}
    held = PermissionSet(arn="s", name="S", allowed=allowed, centrally=allowed, limited_by=limited_by)
    return AccessReading(
        as_of=NOW,
        instance=Instance("arn:i", "d-1", "1"),
        people=People(users),
        accounts={"1": Account("1", "management")},
        sets={"s": held},
        edges=frozenset(Edge("1", "s", TargetKey("user", n)) for n in users),
    )


def test_the_last_administrators_are_named() -> None:
    door = LastDoor(2, "1")
    assert door.refusal(reading("ann", "ben"), reading("ann", "ben")) == ""
    assert door.refusal(reading("ann", "ben"), reading("ann")) == (
        "ben@corp.example would no longer be an administrator of management, which leaves 1 active administrator of 2"
    )
    assert LastDoor(1, "1").refusal(reading("ann", "ben"), reading("ann")) == ""


def test_what_was_so_before_is_not_the_plans_doing() -> None:
    assert LastDoor(2, "1").refusal(reading("ann"), reading("ann")) == ""
    assert LastDoor(2, "1").refusal(reading(), reading("ann")) == ""


def test_a_break_glass_user_stays_whatever_the_number() -> None:
    door = LastDoor(0, "1", ("BEN@corp.example",))
    assert "and is a break-glass user" in door.refusal(reading("ann", "ben"), reading("ann"))


def test_only_real_administrators_count() -> None:
    assert administrators(reading("ann"), "1") == {"ann": "ann@corp.example"}
    assert administrators(reading("ann", allowed=BECOMES), "1") == {}
    assert administrators(reading("ann", limited_by="Fence"), "1") == {}
    closed = replace(reading("ann"), accounts={"1": Account("1", "management", "CLOSED")})
    assert administrators(closed, "1") == {}
