"""What a plan is bound to: what moves the hash of either side, and what is said of it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from scim_bridge.model.desired_side import Mapped, digest_of
from scim_bridge.model.identity import AmbiguousMember, Desired, Directory
from scim_bridge.model.plan import Plan
from scim_bridge.model.policy import Policy, Protect
from scim_bridge.model.source import DirectMembers
from scim_bridge.plan.fingerprint import changed_since, fingerprint_settings
from tests.builders import Target, directory, group, linked, on_target, outlook, target, user

SATO, ITO, DEV = user("sato", title="Engineer"), user("ito"), group("dev")
INSIDE = {"dev": (("sato", "ito"), ())}


def fingerprint(*records: Desired, members: Mapping[str, DirectMembers], left_open: int = 0) -> str:
    """The hash of what is wanted: of these records and direct memberships, and so many references that are open."""
    may_be = AmbiguousMember(
        reference="sato", groups=("dev",), users=("sato",), nested=(), fits=(), detail="", remedy="", count=1
    )
    return digest_of([Mapped(key=r.key, desired=(r,), rows=1) for r in records], members, [may_be] * left_open)


WHOLE = fingerprint(SATO, ITO, DEV, members=INSIDE)


@pytest.mark.parametrize("other", [
    fingerprint(user("sato", title="Lead"), ITO, DEV, members=INSIDE),
    fingerprint(SATO, ITO, DEV, members={"dev": (("sato",), ())}),
    fingerprint(SATO, DEV, members=INSIDE),
    fingerprint(SATO, ITO, DEV, members=INSIDE, left_open=1),
])  # fmt: skip
def test_whatever_the_plan_follows_from_moves_the_fingerprint_of_the_source(other: str) -> None:
    assert other != WHOLE


def test_order_and_place_and_who_is_out_of_scope_do_not() -> None:
    moved = replace(SATO, places=("users.csv, line 99",))
    assert fingerprint(ITO, moved, DEV, members={"dev": (("ito", "sato", "out"), ())}) == WHOLE


def test_a_plan_made_under_another_policy_or_for_another_endpoint_is_another() -> None:
    one = fingerprint_settings(Policy(), "here")
    assert one != fingerprint_settings(Policy(protect=Protect(users=("a*",))), "here")
    assert one != fingerprint_settings(Policy(), "elsewhere")


WANTED = directory(user("sato", title="Lead"), ITO, user("new"), group("dev"), members={"dev": ["sato", "ito"]})
THERE = target(on_target("t-1", SATO), on_target("t-2", ITO), on_target("s-1", group("dev")), members={"s-1": ["t-1"]})
KNOWN = linked(("user", "sato", "t-1"), ("user", "ito", "t-2"), ("group", "dev", "s-1"))


def moved(now: Target, begun: frozenset[str] = frozenset(), wanted: Directory = WANTED) -> str:
    """What is said to have changed since the plan for these sides was made."""
    saved = outlook(WANTED, THERE, KNOWN).plan
    basis = outlook(wanted, now, KNOWN).plan.basis
    return changed_since(saved, basis, now.inventory, now.members, begun)


def test_nothing_moved() -> None:
    assert moved(THERE) == ""


def test_a_resource_that_the_plan_touches_is_named() -> None:
    now = target(on_target("t-1", SATO, title="Boss"), *THERE.resources[1:], members=THERE.members)
    assert moved(now) == "sato@corp.example changed on the target"


def test_one_that_it_does_not_touch_may_change() -> None:
    now = target(THERE.resources[0], on_target("t-2", ITO, title="Boss"), THERE.resources[2], members=THERE.members)
    assert moved(now) == ""


def test_the_members_of_a_group_that_it_touches_are_its_own_matter() -> None:
    assert moved(Target(THERE.resources, {"s-1": frozenset()})) == "dev changed on the target"


def test_somebody_else_bears_the_name_of_whom_it_creates() -> None:
    taken = on_target("t-9", user("new"), externalId="")
    assert moved(target(*THERE.resources, taken, members=THERE.members)) == "new@corp.example changed on the target"


def test_what_was_sent_by_the_plan_itself_has_changed_by_our_own_hand() -> None:
    now = target(on_target("t-1", SATO, title="Lead"), *THERE.resources[1:], members=THERE.members)
    saved: Plan = outlook(WANTED, THERE, KNOWN).plan
    (sent,) = (o.id for o in saved.operations if o.kind == "update_user")
    assert moved(now) != ""
    assert moved(now, frozenset({sent})) == ""


def test_the_source_goes_before_the_target() -> None:
    assert moved(target(), wanted=replace(WANTED, digest="another")) == "the source changed"
