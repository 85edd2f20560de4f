"""The last administrator is named before being shut out; break-glass users are never shut out."""

from dataclasses import replace

import pytest

from scim_bridge.access.last_door import account_of, administrators, closes, standing
from scim_bridge.model.access import AccessReading, Account, Allowed, Edge, Instance, People, PermissionSet, Person
from scim_bridge.model.identity import TargetKey
from scim_bridge.model.policy import KeepAdmins
from tests.access.conftest import NOW

ADMIN = Allowed("administrator", ("administrator",))
BECOMES = Allowed("can-become-administrator", ("can become administrator",))


def reading(*active: str, allowed: Allowed = ADMIN, limited_by: str = "") -> AccessReading:
    users = {n: Person(n, f"{n}@corp.example", n, n in active) for n in ("ann", "ben", "cleo")}
    held = PermissionSet(arn="s", name="S", allowed=allowed, centrally=allowed, limited_by=limited_by)
    return AccessReading(
        as_of=NOW,
        instance=Instance("arn:i", "d-1", "1"),
        people=People(users),
        accounts={"1": Account("1", "payer"), "2": Account("2", "production")},
        sets={"s": held},
        edges=frozenset(Edge("1", "s", TargetKey("user", n)) for n in users),
    )


def said(kept: KeepAdmins, before: AccessReading, after: AccessReading) -> str:
    trip = closes(kept, "1", before, after)
    return trip.sentence if trip is not None else ""


def test_the_last_administrators_are_named() -> None:
    kept = KeepAdmins(2)
    assert said(kept, reading("ann", "ben"), reading("ann", "ben")) == ""
    assert said(kept, reading("ann", "ben"), reading("ann")) == (
        "ben@corp.example would no longer be an administrator of payer, which leaves 1 active administrator of the 2 "
        "that policy.keep_admins asks for"
    )
    assert said(KeepAdmins(1), reading("ann", "ben"), reading("ann")) == ""


def test_what_was_so_before_is_not_the_plans_doing() -> None:
    assert said(KeepAdmins(2), reading("ann"), reading("ann")) == ""
    assert said(KeepAdmins(2), reading(), reading("ann")) == ""


def test_one_who_only_becomes_an_administrator_does_not_count_yet() -> None:
    """Revocations land before grants, and a grant may be refused."""
    assert "leaves 1 active administrator of the 2" in said(
        KeepAdmins(2), reading("ann", "ben"), reading("ann", "cleo")
    )


def test_a_break_glass_user_stays_whatever_the_number_and_does_not_count() -> None:
    kept = KeepAdmins(0, break_glass=("BEN@corp.example",))
    assert said(kept, reading("ann", "ben"), reading("ann")) == (
        "ben@corp.example would no longer be an administrator of payer, and is a break-glass user of policy.keep_admins"
    )
    kept = KeepAdmins(1, break_glass=("ben@corp.example",))
    assert "ann@corp.example would no longer be" in said(kept, reading("ann", "ben"), reading("ben"))
    both = closes(kept, "1", reading("ann", "ben"), reading())
    assert both is not None
    assert {effect.user_id for effect in both.effects if hasattr(effect, "user_id")} == {"ann", "ben"}


def test_only_real_administrators_count() -> None:
    assert administrators(reading("ann"), "1") == {"ann": "ann@corp.example"}
    assert administrators(reading("ann", allowed=BECOMES), "1") == {}
    assert administrators(reading("ann", limited_by="Fence"), "1") == {}
    closed = replace(reading("ann"), accounts={"1": Account("1", "payer", "CLOSED")})
    assert administrators(closed, "1") == {}


def test_check_says_how_many_are_kept() -> None:
    two = reading("ann", "ben")
    assert standing(KeepAdmins(2), two) == (
        "2 active administrators of payer, policy.keep_admins asks for 2", True
    )  # fmt: skip
    assert standing(KeepAdmins(3), two)[1] is False
    said, is_kept = standing(KeepAdmins(1, break_glass=("ANN@corp.example", "glass@x")), two)
    assert (said, is_kept) == (
        "1 active administrator of payer, policy.keep_admins asks for 1; not an administrator: glass@x, of break_glass",
        False,
    )
    assert standing(KeepAdmins(account="nowhere"), two) == (
        "AWS shows no account 'nowhere', so policy.keep_admins keeps no one", False
    )  # fmt: skip


@pytest.mark.parametrize(
    ("named", "number"), [("management", "1"), ("2", "2"), ("Production", "2"), ("payer", "1"), ("elsewhere", "")]
)
def test_an_account_is_named_by_id_or_name(named: str, number: str) -> None:
    assert account_of(reading(), KeepAdmins(account=named)) == number
