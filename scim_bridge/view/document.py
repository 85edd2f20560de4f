"""Runs, conflicts and the rest as JSON documents, for `--output json`. Times are UTC."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from scim_bridge.model.kept_plan import KeptPlan
from scim_bridge.model.mapping_comparison import Comparison
from scim_bridge.model.order import OrderRecord
from scim_bridge.model.progress import RunProgress
from scim_bridge.model.run import ConflictRecord, OperationRecord, RunRecord
from scim_bridge.view import words
from scim_bridge.view.explain import Explanation


def run_document(run: RunRecord) -> dict[str, Any]:
    """One run."""
    document: dict[str, Any] = asdict(run) | {"started": words.utc(run.started), "ended": words.utc(run.ended)}
    result: dict[str, Any] = document.pop("result")
    access = {"access": result.pop("access")}
    del result["cause"]  # for views; the sentence of `detail` says it to everyone else
    result["counts"] = {what: {"source": s, "target": t} for what, (s, t) in run.result.counts.items()}
    asked = {name: document.pop(name) for name in ("approved_by", "of_one")}
    return document | result | asked | access


def operation_document(record: OperationRecord) -> dict[str, Any]:
    """One journaled operation: as planned, and its outcome."""
    return record.document | {
        "outcome": {
            "status": record.status,
            "target_id": record.target_id,
            "request_id": record.request_id,
            "detail": record.detail,
            "sent_at": words.utc(record.sent_at),
            "answered_at": words.utc(record.answered_at),
        }
    }


def conflict_document(conflict: ConflictRecord) -> dict[str, Any]:
    """One conflict with its sightings."""
    about = asdict(conflict.conflict)
    seen = (conflict.first_seen, conflict.last_seen, conflict.closed)
    names = ("key", "kind", "subjects", "detail", "remedy")
    return {
        "connection": conflict.connection,
        **{name: about[name] for name in names},
        **dict(zip(("first_seen", "last_seen", "closed"), map(words.utc, seen), strict=True)),
        **{name: value for name, value in about.items() if name not in (*names, "about")},
        "resolution": conflict.resolution,
        "chosen": conflict.chosen,
        "note": conflict.note,
        "resolved_by": conflict.resolved_by,
    }


def order_document(order: OrderRecord) -> dict[str, Any]:
    """One order with its outcome. run: what carries it out; roll_back: the run that it is about."""
    placed, end = order.placed, order.end
    return {
        "id": order.id,
        "connection": placed.connection,
        "kind": placed.kind,
        "subjects": list(placed.subjects),
        "plan": placed.plan,
        "run": order.run,
        "roll_back": placed.run,
        "approved": placed.approval is not None,
        "note": placed.approval.note if placed.approval is not None else "",
        "placed_by": order.by.name,
        "placed_via": order.by.via,
        "placed": words.utc(order.at),
        "status": order.status,
        "cancelled_by": order.handling.cancelled_by,
        "begun": words.utc(order.begun),
        "ended": words.utc(order.ended),
        "sentence": end.sentence if end is not None else "",
        "exit_code": end.exit_code if end is not None else None,
    }


def kept_plan_document(plan: KeptPlan) -> dict[str, Any]:
    """One kept plan without its document."""
    return {
        "id": plan.id,
        "connection": plan.connection,
        "run": plan.run,
        "made_by": plan.by.name,
        "made_via": plan.by.via,
        "made": words.utc(plan.made),
        "summary": dict(plan.summary),
        "guard": list(plan.guard),
        "conflicts": plan.conflicts,
        "applied_by": plan.applied_by,
        "declined_by": plan.declined_by,
        "note": plan.note,
    }


def progress_document(progress: RunProgress) -> dict[str, Any]:
    """How far a run in progress has come. left: in seconds."""
    left = progress.left
    return {
        "id": progress.run,
        "connection": progress.connection,
        "phase": progress.step,
        "done": progress.done,
        "total": progress.total,
        "requests": progress.requests,
        "pace": round(progress.pace, 2) if progress.pace is not None else None,
        "left": round(left.total_seconds()) if left is not None else None,
    }


def show_document(run: RunRecord, operations: Iterable[OperationRecord]) -> dict[str, Any]:
    """One run with its operations."""
    return run_document(run) | {"operations": [operation_document(operation) for operation in operations]}


_EXPLAINED = (
    "kind", "name", "source_id", "target_id", "places", "record", "raw", "scope", "rules", "situation", "action",
    "operations", "conflicts", "applied", "seen", "groups", "but", "access",
)  # fmt: skip
"""The keys of an explanation, in their order: flat, whatever parts it is made of."""


def explanation_document(explanation: Explanation) -> dict[str, Any]:
    """One identity on its way through the picture."""
    document = asdict(explanation)
    parts = document | document["source"] | document["plan"] | document["target"]
    if explanation.access is not None:
        parts["access"] |= {"as_of": words.utc(explanation.access.as_of)}
    return {name: parts[name] for name in _EXPLAINED}


def rows_document(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Plain rows (access, check): their fields as they are."""
    return [asdict(row) for row in rows]


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """What a changed mapping makes different. changes: path → [under today's mapping, under the changed one]."""
    document = asdict(comparison)
    guard = {"passed": comparison.verdict.passed, "tripped": [trip.sentence for trip in comparison.verdict.tripped]}
    del document["verdict"]
    return document | {"guard_now": guard}
