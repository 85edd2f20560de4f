"""The key of a conflict stays as long as its kind and the identities in it do; names and order may change."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from scim_bridge.model.conflict_kind import decisions
from scim_bridge.model.identity import Flaw
from scim_bridge.model.plan import Conflict
from scim_bridge.plan import conflict
from tests.builders import on_target, user

SATO, ITO = user("sato"), user("ito")
THERE = on_target("t-1", SATO)
RENAMED, MOVED = user("sato", userName="new@x"), on_target("t-1", SATO, userName="new@x")

ONE_OF_EACH: dict[str, Callable[[], tuple[Conflict, Conflict]]] = {
    "adopt?": lambda: (conflict.adopt(SATO, THERE, "userName"), conflict.adopt(RENAMED, MOVED, "userName")),
    "rehire?": lambda: (conflict.rehire(SATO, THERE), conflict.rehire(RENAMED, MOVED)),
    "missing": lambda: (conflict.missing(SATO, "t-1"), conflict.missing(RENAMED, "t-1")),
    "disabled_there": lambda: (conflict.disabled_there(SATO, THERE), conflict.disabled_there(RENAMED, MOVED)),
    "unclaimed": lambda: (conflict.unclaimed(THERE), conflict.unclaimed(MOVED, members=3)),
    "drift": lambda: (conflict.drift(SATO, THERE, ["title"]), conflict.drift(RENAMED, MOVED, ["title"])),
}


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_a_key_survives_a_rename(kind: str) -> None:
    before, after = ONE_OF_EACH[kind]()
    assert before.kind == after.kind == kind
    assert before.key == after.key


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_what_a_person_can_decide_is_offered_in_the_remedy(kind: str) -> None:
    found, _ = ONE_OF_EACH[kind]()
    assert any(f"--{decision}" in found.remedy for decision in decisions(kind) if decision != "ignore")


def test_conflicts_of_two_kinds_or_of_two_users_are_two() -> None:
    keys = [
        conflict.rehire(SATO, THERE).key,
        conflict.adopt(SATO, THERE, "userName").key,
        conflict.rehire(ITO, THERE).key,
    ]
    assert len(set(keys)) == 3


def test_a_duplicate_is_one_conflict_in_whatever_order_its_records_come() -> None:
    one = conflict.duplicate("user", "userName", [SATO, ITO], [SATO, ITO])
    other = conflict.duplicate("user", "userName", [ITO, SATO], [ITO, SATO])
    assert one.key == other.key
    assert one.key != conflict.duplicate("user", "displayName", [SATO, ITO], [SATO, ITO]).key


def test_every_flaw_of_a_record_is_a_conflict_with_its_attribute() -> None:
    flaws = (Flaw("missing_value", "title", "d", "r", fatal=True), Flaw("rule_failed", "active", "d", "r", fatal=True))
    found = conflict.of_flaws(replace(SATO, flaws=flaws))
    assert [(c.kind, c.path, c.subjects) for c in found] == [
        ("missing_value", "title", ("sato@corp.example",)),
        ("rule_failed", "active", ("sato@corp.example",)),
    ]
