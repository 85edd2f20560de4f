"""What a terminal and a pipe are given: every line readable, every empty list a sentence."""

import dataclasses
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from scim_bridge.model.identity import Notice
from scim_bridge.model.operation import Member, Operation
from scim_bridge.model.operation_kind import Phase
from scim_bridge.model.plan import Basis, Conflict, Plan, Requests, Skipped, Trip, Verdict
from scim_bridge.model.run import ConflictRecord, OperationRecord, RunRecord, RunResult
from scim_bridge.view import terminal
from scim_bridge.view.check import Check
from scim_bridge.view.conflict import view_conflicts
from scim_bridge.view.explain import Explanation, InPlan, InSource, OnTarget
from scim_bridge.view.operation import of_record
from scim_bridge.view.plan import plan_view
from scim_bridge.view.run import view_run, view_runs

NOON = datetime(2027, 3, 13, 3, 0, tzinfo=UTC)
CONFLICT = Conflict(
    key="c-81",
    kind="duplicate_user_name",
    subjects=("a", "b"),
    detail="userName 'a' is claimed twice",
    remedy="Rename one of them.",
)


def printed(show: Callable[..., None], *values: Any, width: int = 250, is_terminal: bool = False) -> str:
    out = io.StringIO()
    show(Console(file=out, width=width, force_terminal=is_terminal, color_system=None), *values)
    return out.getvalue()


def operation(number: int, kind: Any = "update_user", **fields: Any) -> Operation:
    given: dict[str, Any] = {"reason": "title changed", "changes": {"title": ("主任", "課長")}} | fields
    return Operation(
        id=f"op-{number}",
        kind=kind,
        phase=Phase.USERS,
        source_id=f"u{number}",
        target_id="t",
        subject=f"佐藤{number}@corp.example",
        **given,
    )


def plan(*operations: Operation, **fields: Any) -> Plan:
    basis = Basis(source="s", target="t", target_read="2027-03-13T03:00:00Z", settings="p", today="2027-03-13")
    return Plan(
        connection="corp",
        created="2027-03-13T03:00:00Z",
        basis=basis,
        operations=operations,
        **fields,
    )


def run(**fields: Any) -> RunRecord:
    names = {each.name for each in dataclasses.fields(RunResult)}
    result = RunResult(**{name: fields.pop(name) for name in names & fields.keys()})
    given: dict[str, Any] = {"status": "done", "ended": NOON + timedelta(seconds=4)} | fields
    return RunRecord(id=7, connection="corp", command="sync", started=NOON, host="h", pid=1, result=result, **given)


def outcome(**fields: Any) -> OperationRecord:
    document = {"changes": {"active": [True, False]}, "reason": "left the source"}
    given: dict[str, Any] = {"status": "done", "document": document, "request_id": "r-1"} | fields
    return OperationRecord(
        run_id=7, operation_id="op-1", kind="deactivate_user", subject="b.sato@corp.example", **given
    )


def test_an_operation_is_told_with_what_changes_and_why() -> None:
    said = printed(terminal.show_plan, plan_view(plan(operation(1))))
    assert "update user (1)\n  ~ 佐藤1@corp.example  (title changed)\n      title: 主任 → 課長\n" in said


def test_at_most_twenty_of_a_kind_are_listed_then_their_number() -> None:
    many = [operation(n) for n in range(332)]
    said = printed(terminal.show_plan, plan_view(plan(*many, operation(999, "create_user"))))
    assert "… and 312 more\n" in said
    assert said.count("  ~ ") == 20
    assert said.count("  + ") == 1


def test_members_are_named_and_many_are_counted() -> None:
    members = tuple(Member(f"u{n}", None, f"m{n}") for n in range(9))
    said = printed(terminal.show_plan, plan_view(plan(operation(1, "add_members", changes={}, members=members))))
    assert "m0, m1, m2, m3, m4 and 4 more" in said
    assert "add members (9 in 1 group)\n" in said


def test_a_heading_tells_members_and_groups_apart() -> None:
    """One group may take several requests; the headline counts members, and so does the heading."""
    members = tuple(Member(f"u{n}", None, f"m{n}") for n in range(3))
    batches = [operation(n, "add_members", changes={}, members=members) for n in (1, 1, 2)]
    assert "add members (9 in 2 groups)\n" in printed(terminal.show_plan, plan_view(plan(*batches)))


def test_a_plan_with_nothing_to_do_says_so_and_still_tells_what_it_leaves_alone() -> None:
    empty = plan(
        conflicts=(CONFLICT,),
        skipped=(Skipped("breakglass@corp.example", "protected"),),
        warnings=(Notice("unknown_member", "g1", "members.csv, line 3: no one is called u99"),),
        held=1,
    )
    said = printed(terminal.show_plan, plan_view(empty))
    assert said.startswith("corp: nothing to do; 1 held\n")
    assert "duplicate_user_name c-81\n      userName 'a' is claimed twice.\n      Rename one of them.\n" in said
    assert "breakglass@corp.example: protected" in said
    assert "members.csv, line 3: no one is called u99" in said


def test_the_guard_speaks_in_numbers_and_names_the_way_out() -> None:
    trip = Trip(
        limit="deactivate",
        counted=212,
        base=1840,
        allowed="10%",
        sentence="212 of 1,840 active managed users would be deactivated (11.5 %)",
    )
    said = printed(
        terminal.show_plan, plan_view(plan(operation(1), verdict=Verdict((trip,)), requests=Requests(21, 20)))
    )
    assert "212 of 1,840 active managed users would be deactivated (11.5 %)" in said
    assert "scim-bridge sync corp --approve" in said
    assert "21 write requests (at least 20 are needed)" in said


def test_brackets_in_a_name_are_no_markup_and_an_escape_stays_visible() -> None:
    odd = Operation(
        id="op",
        kind="create_user",
        phase=Phase.USERS,
        source_id="u",
        target_id=None,
        subject="[red]a[/red]\x1b[2J",
        reason="new",
        changes={"title": (None, "[b]")},
    )
    conflict = Conflict(key="c", kind="k", subjects=("x",), detail="x\x1b]0;owned\x07 is claimed", remedy="Do [this].")
    said = printed(terminal.show_plan, plan_view(plan(odd, conflicts=(conflict,))))
    assert "[red]a[/red]\\x1b[2J" in said
    assert "title: [b]" in said
    assert "Do [this]." in said
    assert not any(c in said for c in "\x1b\x07")


@pytest.mark.parametrize("width", [80, 200])
def test_japanese_is_wrapped_by_what_it_takes_on_the_screen(width: int) -> None:
    detail = "長い説明" * 60
    said = printed(
        terminal.show_conflicts, view_conflicts([conflict_record(detail=detail)]), width=width, is_terminal=True
    )
    assert max(cell_len(line) for line in said.splitlines()) <= width
    assert "".join(said.split()).count("長い説明") == 60


def conflict_record(**fields: Any) -> ConflictRecord:
    about: dict[str, Any] = {"detail": "claimed twice", "remedy": "Rename one."}
    about |= {name: fields.pop(name) for name in ("detail", "remedy", "target_id", "kind") if name in fields}
    conflict = Conflict(**({"key": "c-81", "kind": "duplicate_user_name", "subjects": ("a",)} | about))
    first = fields.pop("first_seen", NOON)
    return ConflictRecord(connection="corp", conflict=conflict, first_seen=first, last_seen=NOON, **fields)


def test_the_conflict_that_waits_longest_comes_first() -> None:
    records = [conflict_record(detail="young"), conflict_record(detail="old", first_seen=NOON - timedelta(days=3))]
    said = printed(terminal.show_conflicts, view_conflicts(records))
    assert said.index("old.") < said.index("young.")


def test_empty_lists_are_sentences() -> None:
    assert printed(terminal.show_conflicts, ()) == "Nothing waits for a decision.\n"
    assert printed(terminal.show_runs, ()) == "No run yet.\n"


def test_history_has_one_line_a_run() -> None:
    records = [run(summary={"create_user": 2}), run(status="failed", detail="The source cannot be read.")]
    lines = printed(terminal.show_runs, view_runs(records)).splitlines()
    assert len(lines) == 3
    assert "✓ done" in lines[1]
    assert "2 users created" in lines[1]
    assert "✗ failed" in lines[2]
    assert "The source cannot be read." in lines[2]


def test_a_run_shows_what_became_of_each_operation() -> None:
    refused = outcome(status="held", detail="the target refused the title")
    said = printed(
        terminal.show_run, view_run(run(counts={"users": (5, 6)})), [of_record(outcome()), of_record(refused)], 4
    )
    assert "users: 5 in the source, 6 on the target" in said
    assert (
        "  - deactivate user b.sato@corp.example  ✓ done\n      active: true → false\n      left the source\n" in said
    )
    assert "! held" in said
    assert "the target refused the title" in said
    assert "request r-1" in said
    assert "… and 2 more" in said


def test_a_run_stopped_by_the_guard_changed_nothing_whatever_it_had_planned() -> None:
    stopped = run(status="stopped_by_guard", summary={"deactivate_user": 212}, guard=("212 of 1,840 would …",))
    said = printed(terminal.show_run, view_run(stopped), [], 0)
    assert "nothing changed" in said
    assert "deactivated" not in said
    assert "212 of 1,840 would …" in said


def test_a_check_is_one_line_ok_or_not() -> None:
    checks = [
        Check("mapping", ok=True, detail="8 tests pass"),
        Check("token", ok=False, detail="It is not set. Set it."),
    ]
    lines = printed(terminal.show_checks, checks).splitlines()
    assert lines == ["ok      mapping: 8 tests pass", "not ok  token: It is not set. Set it."]


def test_a_table_repeats_what_the_line_above_says() -> None:
    rows = [("ユーザーB", "本番", "管理者"), ("ユーザーB", "開発", "管理者")]
    lines = printed(terminal.show_rows, ("user", "account", "permission set"), rows).splitlines()
    assert [line.split() for line in lines[1:]] == [list(row) for row in rows]
    assert cell_len(lines[1].split("管")[0]) == cell_len(lines[2].split("管")[0])


def test_an_explanation_shows_what_a_value_was_before_it_was_decoded() -> None:
    record: dict[str, object] = {"accountEnabled": False, "mail": ["a@corp.example", "b@corp.example"], "org": {"x": 1}}
    raw = {"accountEnabled": "userAccountControl=514\x1b[2J"}
    told = Explanation(
        kind="user",
        name="a",
        source_id="7",
        source=InSource(places=("uid=a,dc=corp",), record=record, raw=raw, scope="in scope", rules=()),
        plan=InPlan(situation="absent", action="create"),
        target=OnTarget(),
    )
    said = printed(terminal.show_explanation, told)
    assert "    accountEnabled = no    decoded from userAccountControl=514\\x1b[2J\n" in said
    assert "    mail = a@corp.example, b@corp.example\n    org = x: 1\n" in said


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "sync"),
        ({"of_one": True, "approved_by": "ops@bridge"}, "sync --only"),
        ({"guard": ("212 of 1,840 …",), "approved_by": "ops@bridge"}, "sync, approved"),
        ({"guard": ("212 of 1,840 …",), "status": "stopped_by_guard"}, "sync"),
    ],
)
def test_the_history_says_what_kind_each_run_was(fields: dict[str, Any], kind: str) -> None:
    said = printed(terminal.show_runs, view_runs([run(**fields)]))
    assert said.splitlines()[1].startswith(f"7    corp        {kind}  ")
