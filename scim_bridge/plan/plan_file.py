"""The plan document: a plan to bytes and back (docs/design.md §5.2). Versioned; `--out` writes it, `apply` reads it."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from scim_bridge.errors import Misconfigured
from scim_bridge.model.identity import Notice
from scim_bridge.model.operation import Member, Operation
from scim_bridge.model.operation_kind import OperationKind, Phase
from scim_bridge.model.plan import Basis, Conflict, Plan, Requests, Skipped, Trip, Verdict

VERSION = 1


def to_bytes(plan: Plan, **more: Any) -> bytes:
    """The document as UTF-8 JSON, ended by a newline. Operations are written one a line, so that a person can look.

    more: what is to be said beside the plan itself (comparison); `apply` has no use for it.

    Written piece by piece: a plan of 100,000 operations never stands in memory twice as dictionaries.
    """
    head = {
        "version": VERSION,
        "connection": plan.connection,
        "created": plan.created,
        "today": plan.basis.today,
        "basis": {
            "source": plan.basis.source,
            "target": plan.basis.target,
            "target_read": plan.basis.target_read,
            "settings": plan.basis.settings,
            "resources": dict(plan.basis.resources),
        },
        "summary": plan.summary,
    }
    tail = {
        "conflicts": [conflict_document(conflict) for conflict in plan.conflicts],
        "settled": [conflict_document(conflict) for conflict in plan.settled],
        "skipped": [{"subject": s.subject, "reason": s.reason} for s in plan.skipped],
        "warnings": [{"kind": n.kind, "subject": n.subject, "detail": n.detail} for n in plan.warnings],
        "guard": {"passed": plan.verdict.passed, "tripped": [trip.document() for trip in plan.verdict.tripped]},
        "requests": {"writes": plan.requests.writes, "lower_bound": plan.requests.lower_bound},
        "access": plan.impact.document() if plan.impact is not None else {"gained": [], "lost": []},
    } | more
    lines = b",\n  ".join(_operations(plan))
    operations = b"\n  " + lines + b"\n " if lines else b""
    return orjson.dumps(head)[:-1] + b',\n "operations": [' + operations + b"],\n " + orjson.dumps(tail)[1:] + b"\n"


def _operations(plan: Plan) -> Iterator[bytes]:
    for operation in plan.operations:
        yield operation_bytes(operation)


def operation_bytes(operation: Operation) -> bytes:
    """One operation as the document has it, as JSON."""
    return orjson.dumps(operation_document(operation))


def fingerprint(plan: Plan) -> str:
    """What tells this plan from every other: its time, its basis and its operations."""
    # With its time: the same plan made twice is two plans, and the journal of one says nothing about the other.
    digest = hashlib.sha256(f"{plan.connection}\n{plan.created}\n{plan.basis.source}\n{plan.basis.target}\n".encode())
    for line in _operations(plan):
        digest.update(line)
    return digest.hexdigest()


def operation_document(operation: Operation) -> dict[str, Any]:
    """One operation as the document has it."""
    document: dict[str, Any] = {
        "id": operation.id,
        "kind": operation.kind,
        "phase": operation.phase.name.lower(),
        "source_id": operation.source_id,
        "target_id": operation.target_id,
        "subject": operation.subject,
    }
    if operation.renamed_to is not None:
        document["renamed_to"] = operation.renamed_to
    if operation.members:
        document["members"] = [
            {"source_id": m.source_id, "target_id": m.target_id, "name": m.name} for m in operation.members
        ]
    else:
        document["changes"] = operation.changes
    if operation.counts:
        document["counts"] = operation.counts
    if operation.drifted:
        document["drifted"] = operation.drifted
    return document | {"reason": operation.reason, "after": operation.after}


def conflict_document(conflict: Conflict) -> dict[str, Any]:
    """One conflict as the document has it."""
    return {
        "key": conflict.key,
        "kind": conflict.kind,
        "subjects": conflict.subjects,
        "detail": conflict.detail,
        "remedy": conflict.remedy,
        "target_id": conflict.target_id,
        "resource": conflict.resource,
        "source_id": conflict.source_id,
        "path": conflict.path,
    }


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Operation(_Strict):
    id: str
    kind: OperationKind
    phase: Literal["revoke", "free_names", "users", "groups", "grant"]
    source_id: str | None
    target_id: str | None
    subject: str
    renamed_to: str | None = None
    reason: str
    after: tuple[str, ...]
    changes: dict[str, tuple[str | bool | None, str | bool | None]] = {}
    members: tuple[Member, ...] = ()
    counts: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()


class _Trip(_Strict):
    limit: str
    counted: int
    base: int
    allowed: str
    sentence: str
    items: frozenset[str] = frozenset()


class _Guard(_Strict):
    passed: bool
    tripped: tuple[_Trip, ...]


class _Document(_Strict):
    version: int
    connection: str
    created: str
    today: str
    basis: Basis
    summary: dict[str, int]
    operations: tuple[_Operation, ...]
    conflicts: tuple[Conflict, ...]
    settled: tuple[Conflict, ...]
    skipped: tuple[Skipped, ...]
    warnings: tuple[Notice, ...]
    guard: _Guard
    requests: Requests
    access: dict[str, Any]
    comparison: dict[str, Any] = {}


def from_bytes(document: bytes, name: str) -> Plan:
    """The plan that was saved. Raises Misconfigured, naming the file, if it is not a plan of this version."""
    way_out = "Save one with: scim-bridge plan --out FILE."
    try:
        raw = orjson.loads(document)
    except orjson.JSONDecodeError as error:
        raise Misconfigured(f"{name}, line {error.lineno}: not JSON, so not a saved plan", way_out) from None
    if not isinstance(raw, dict) or raw.get("version") != VERSION:
        raise Misconfigured(f"{name} is not a plan saved by this version of scim-bridge", way_out)
    try:
        saved = _Document.model_validate_json(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Misconfigured(f"{name}: {where}: {first['msg']}; this is not a plan as it was saved", way_out) from None
    _require_order(saved.operations, name, way_out)
    return _plan(saved)


def _require_order(operations: tuple[_Operation, ...], name: str, way_out: str) -> None:
    """Ids are unique, and whatever an operation waits for stands before it. Raises Misconfigured."""
    seen: set[str] = set()
    for operation in operations:
        if operation.id in seen or not seen.issuperset(operation.after):
            raise Misconfigured(f"{name}: {operation.id} is out of order; this is not a plan as it was saved", way_out)
        seen.add(operation.id)


def from_document(document: dict[str, Any]) -> Operation:
    """One operation as `operation_document` gave it."""
    return _operation(_Operation.model_validate_json(orjson.dumps(document)))


def _plan(saved: _Document) -> Plan:
    return Plan(
        connection=saved.connection,
        created=saved.created,
        basis=replace(saved.basis, today=saved.today),
        operations=tuple(_operation(operation) for operation in saved.operations),
        conflicts=saved.conflicts,
        skipped=saved.skipped,
        warnings=saved.warnings,
        held=saved.summary.get("held", 0),
        requests=saved.requests,
        verdict=Verdict(tuple(Trip.of(trip.model_dump()) for trip in saved.guard.tripped)),
        settled=saved.settled,
    )


def _operation(saved: _Operation) -> Operation:
    return Operation(
        id=saved.id,
        kind=saved.kind,
        phase=Phase[saved.phase.upper()],
        source_id=saved.source_id,
        target_id=saved.target_id,
        subject=saved.subject,
        reason=saved.reason,
        changes=saved.changes,
        members=saved.members,
        after=saved.after,
        counts=saved.counts,
        drifted=saved.drifted,
    )
