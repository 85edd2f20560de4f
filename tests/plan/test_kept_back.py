"""What the target refused waits: until its time, or until the record, the mapping or a decision has changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scim_bridge.model.conflict_kind import Decision
from scim_bridge.model.plan import Conflict, Refusal
from scim_bridge.model.remembered import Remembered, Resolution
from scim_bridge.plan.kept_back import digest, waiting, with_due
from tests.builders import user

NINE = datetime(2027, 3, 13, 9, tzinfo=UTC)
SATO = user("sato", title="Lead;")
CONFLICT = Conflict(key="c-1", kind="refused_by_target", subjects=("sato",), detail="", remedy="")
REFUSAL = Refusal(
    kind="user",
    source_id="sato",
    member="",
    target_id="t-1",
    digest=digest(SATO),
    conflict=CONFLICT,
    paths=frozenset({"title"}),
    mapping="m",
    due=NINE + timedelta(hours=1),
)


def is_due(
    now: datetime = NINE, mapping: str = "m", decision: Decision | None = None, *, is_asked: bool = False
) -> bool:
    made = {"c-1": Resolution(decision, "user", "sato")} if decision is not None else {}
    known = Remembered(refusals={REFUSAL.key: REFUSAL}, resolutions=made)
    return with_due(known, mapping, now, is_asked=is_asked).refusals[REFUSAL.key].is_due


def test_it_is_due_when_its_time_has_come() -> None:
    assert not is_due(NINE + timedelta(minutes=59))
    assert is_due(NINE + timedelta(hours=1))


def test_another_mapping_sends_it_at_once() -> None:
    assert is_due(mapping="another")


def test_a_user_who_is_named_is_sent_at_once_unless_a_person_ignored_the_refusal() -> None:
    assert is_due(is_asked=True)
    assert not is_due(is_asked=True, decision="ignore")


def test_a_decision_goes_before_the_time() -> None:
    assert is_due(decision="source")
    assert not is_due(NINE + timedelta(days=9), decision="ignore")


def test_it_waits_for_exactly_what_was_refused() -> None:
    waits = replace(REFUSAL, is_due=False)
    assert waiting(waits, "t-1", SATO) == waits
    assert waiting(waits, "t-1", user("sato", title="Lead")) is None, "the record has changed"
    assert waiting(waits, "t-2", SATO) is None, "it is another resource now"
    assert waiting(replace(waits, is_due=True), "t-1", SATO) is None
    assert waiting(None, "t-1", SATO) is None


@pytest.mark.parametrize("changed", [user("sato", title="x"), user("ito", title="Lead;")])
def test_a_digest_tells_records_apart(changed: object) -> None:
    assert digest(SATO) != digest(changed)  # type: ignore[arg-type]
    assert digest(SATO) == digest(replace(SATO, places=("elsewhere",)))
