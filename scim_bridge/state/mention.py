"""Which operations are about a user or a group, or name one as a member: the way from a person to their history.

Each is a number and not a text, so that the million members of a first sync take 30 MiB. Two that share a number are
told apart by the operation's document.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Connection, insert
from sqlmodel import col

from scim_bridge.model.identity import Kind, Whom
from scim_bridge.model.operation import Operation
from scim_bridge.state.statement import carry_out_many
from scim_bridge.state.table import MentionRow

_PUT = insert(MentionRow).prefix_with("OR IGNORE")


def number_of(whom: Whom) -> int:
    """What stands for a record or a resource: 64 bits, signed as databases have them. A migration has a copy: 0020."""
    digest = hashlib.sha256(f"{whom.side} {whom.kind} {whom.id}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def mention(database: Connection, run_id: int, operations: Iterable[Operation]) -> None:
    """These operations of a run name these. By the record where there is one, since a resource may come and go."""
    rows = sorted((number_of(whom), run_id, each.id) for each in operations for whom in _named_in(each))
    carry_out_many(database, _PUT, ("about", "run_id", "operation_id"), rows)


def _named_in(operation: Operation) -> Iterator[Whom]:
    yield _whom(operation.resource, operation.source_id, operation.target_id)
    yield from (_whom("user", member.source_id, member.target_id) for member in operation.members)


def _whom(kind: Kind, source_id: str | None, target_id: str | None) -> Whom:
    return Whom("source", kind, source_id) if source_id else Whom("target", kind, target_id or "")


def names(kind: Kind, document: Mapping[str, Any], whom: Sequence[Whom]) -> bool:
    """Whether an operation, by its document, is about one of these or names one as a member. kind: its resource's."""
    told: list[tuple[Kind, Mapping[str, Any]]] = [(kind, document)]
    told += [("user", member) for member in document.get("members", ())]
    sides: tuple[Literal["source", "target"], ...] = ("source", "target")
    return any(Whom(side, of, each.get(f"{side}_id") or "") in whom for of, each in told for side in sides)


def mentioned(whom: Iterable[Whom]) -> Any:
    """A condition on mentions: of one of these."""
    return col(MentionRow.about).in_([number_of(each) for each in whom])
