"""The JSON documents keep their keys and their order, whatever the values inside are made of."""

from datetime import UTC, datetime

from scim_bridge.model.plan import Conflict
from scim_bridge.model.run import ConflictRecord, RunRecord, RunResult
from scim_bridge.view.document import conflict_document, explanation_document, run_document
from scim_bridge.view.explain import Explanation, InPlan, InSource, OnTarget

NOON = datetime(2027, 3, 13, 12, tzinfo=UTC)


def test_a_run() -> None:
    result = RunResult(summary={"create_user": 1}, counts={"users": (5, 6)}, detail="d", guard=("g",))
    run = RunRecord(
        id=7, connection="corp", command="sync", status="done", started=NOON, ended=None, host="h", pid=1, result=result
    )
    assert list(run_document(run).items()) == [
        ("id", 7),
        ("connection", "corp"),
        ("command", "sync"),
        ("status", "done"),
        ("started", "2027-03-13T12:00:00Z"),
        ("ended", None),
        ("host", "h"),
        ("pid", 1),
        ("summary", {"create_user": 1}),
        ("counts", {"users": {"source": 5, "target": 6}}),
        ("conflicts", 0),
        ("requests", 0),
        ("detail", "d"),
        ("guard", ("g",)),
        ("approved_by", ""),
        ("of_one", False),
        ("access", {}),
    ]


def test_a_conflict() -> None:
    conflict = Conflict(
        key="c-1", kind="drift", subjects=("a",), detail="d", remedy="r", target_id="t", source_id="s", path="title"
    )
    record = ConflictRecord(connection="corp", conflict=conflict, first_seen=NOON, last_seen=NOON, note="n")
    assert list(conflict_document(record).items()) == [
        ("connection", "corp"),
        ("key", "c-1"),
        ("kind", "drift"),
        ("subjects", ("a",)),
        ("detail", "d"),
        ("remedy", "r"),
        ("first_seen", "2027-03-13T12:00:00Z"),
        ("last_seen", "2027-03-13T12:00:00Z"),
        ("closed", None),
        ("target_id", "t"),
        ("resource", "user"),
        ("source_id", "s"),
        ("path", "title"),
        ("resolution", ""),
        ("chosen", ""),
        ("note", "n"),
        ("resolved_by", ""),
    ]


def test_an_explanation() -> None:
    source = InSource(places=("users.csv, line 2",), record={"id": "7"}, raw={}, scope="in scope", rules=())
    told = Explanation(
        kind="user",
        name="a",
        source_id="7",
        source=source,
        plan=InPlan(situation="absent", action="create", operations=("create user a",)),
        target=OnTarget("t", {"title": "x"}),
    )
    assert explanation_document(told) == {
        "kind": "user",
        "name": "a",
        "source_id": "7",
        "target_id": "t",
        "places": ("users.csv, line 2",),
        "record": {"id": "7"},
        "raw": {},
        "scope": "in scope",
        "rules": (),
        "situation": "absent",
        "action": "create",
        "operations": ("create user a",),
        "conflicts": (),
        "applied": {"title": "x"},
        "seen": {},
        "groups": (),
        "but": "",
        "access": None,
    }
