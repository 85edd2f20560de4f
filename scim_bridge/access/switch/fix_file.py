"""The file of a fix plan, as `switch-report --fix-plan` writes it: JSON, a rename a line, each with its inverse."""

from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from scim_bridge.errors import Misconfigured
from scim_bridge.model.identity import Kind
from scim_bridge.model.switch import FixPlan, Rename

KIND = "identity-store-renames"
"""What tells this file from a plan for the SCIM endpoint; `apply` takes both."""
_MARK = b'"kind":"' + KIND.encode() + b'"'


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Inverse(_Strict):
    before: str
    after: str


class _Operation(_Strict):
    id: str
    kind: Literal["rename_user", "rename_group", "adopt_user", "adopt_group"]
    target_id: str
    source_id: str
    before: str
    after: str
    revision: str
    reason: str
    undo: _Inverse


class _Document(_Strict):
    kind: Literal["identity-store-renames"]
    version: Literal[1]
    connection: str
    created: str
    identity_store: str
    is_undo: bool
    not_possible: tuple[str, ...]
    operations: tuple[_Operation, ...]


def is_fix_file(content: bytes) -> bool:
    """Whether a file is one of these, whole or not."""
    return content[:200].replace(b" ", b"").startswith(b"{" + _MARK)


def fix_bytes(plan: FixPlan) -> bytes:
    """The plan as its file."""
    head = {
        "kind": KIND,
        "version": 1,
        "connection": plan.connection,
        "created": plan.created,
        "identity_store": plan.store,
        "is_undo": plan.is_undo,
        "not_possible": plan.not_possible,
    }
    lines = b",\n  ".join(orjson.dumps(_operation(number, one)) for number, one in enumerate(plan.renames, start=1))
    body = b"\n  " + lines + b"\n " if lines else b""
    return orjson.dumps(head)[:-1] + b',\n "operations": [' + body + b"]}\n"


def _operation(number: int, one: Rename) -> dict[str, Any]:
    return {
        "id": f"r{number}",
        "kind": f"{'adopt' if one.is_adoption else 'rename'}_{one.kind}",
        "target_id": one.id,
        "source_id": one.source_id,
        "before": one.before,
        "after": one.after,
        "revision": one.revision,
        "reason": one.reason,
        "undo": {"before": one.after, "after": one.before},
    }


def fix_of(name: str, content: bytes) -> FixPlan:
    """Read the file of a fix plan. Raises Misconfigured, saying what does not fit."""
    try:
        read = _Document.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        problem = f"{name} is not a fix plan as it was saved ({place}: {first['msg']})"
        raise Misconfigured(
            problem, "Write one with: scim-bridge switch-report --to external --fix-plan FILE"
        ) from None
    return FixPlan(
        connection=read.connection,
        created=read.created,
        store=read.identity_store,
        renames=tuple(map(_rename, read.operations)),
        is_undo=read.is_undo,
        not_possible=read.not_possible,
    )


def _rename(one: _Operation) -> Rename:
    what, _, of = one.kind.partition("_")
    kind: Kind = "user" if of == "user" else "group"
    return Rename(
        kind=kind,
        id=one.target_id,
        before=one.before,
        after=one.after,
        source_id=one.source_id,
        is_adoption=what == "adopt",
        revision=one.revision,
        reason=one.reason,
    )
