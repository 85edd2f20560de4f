"""Which operations are about a user or a group, or name one as a member: the way from a person to their history.

Each is a number and not a text, so that the million members of a first sync take 30 MiB. Two that share a number are
told apart by the operation's document.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, delete
from sqlmodel import col

from scim_bridge.model.identity import Kind, Whom
from scim_bridge.model.operation import Operation
from scim_bridge.model.operation_kind import OPERATION_KINDS
from scim_bridge.state.statement import carry_out_many
from scim_bridge.state.table import MentionRow
from scim_bridge.state.upsert import upsert

_MENTION = ("about", "run_id", "operation_id")
_PUT = upsert(MentionRow).values({name: bindparam(name) for name in _MENTION}).on_conflict_do_nothing()
_KEY: tuple[Any, ...] = (col(MentionRow.about), col(MentionRow.run_id), col(MentionRow.operation_id))
_FORGET = delete(MentionRow).where(*(column == bindparam(f"of_{column.key}") for column in _KEY))


def number_of(whom: Whom) -> int:
    """What stands for a record or a resource: 64 bits, signed as databases have them. A migration has a copy: 0020."""
    digest = hashlib.sha256(f"{whom.side} {whom.kind} {whom.id}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def mention(database: Connection, run_id: int, operations: Iterable[Operation]) -> None:
    """These operations of a run name these. By the record where there is one, since a resource may come and go."""
    told = (
        (each.id, whom)
        for each in operations
        for whom in (
            _whom(each.resource, each.source_id, each.target_id),
            *(_whom("user", member.source_id, member.target_id) for member in each.members),
        )
    )
    rows = sorted((number_of(whom), run_id, operation_id) for operation_id, whom in told)
    carry_out_many(database, _PUT, _MENTION, rows)


def forget_mentions(
    database: Connection, run_id: int, operations: Iterable[tuple[str, str, Mapping[str, Any]]]
) -> None:
    """These operations of a run (id, kind, document) are forgotten."""
    rows = (
        (number_of(_whom(of, each.get("source_id"), each.get("target_id"))), run_id, operation_id)
        for operation_id, kind, document in operations
        for of, each in _told(kind, document)
    )
    carry_out_many(database, _FORGET, ("of_about", "of_run_id", "of_operation_id"), rows)


def _whom(kind: Kind, source_id: str | None, target_id: str | None) -> Whom:
    return Whom("source", kind, source_id) if source_id else Whom("target", kind, target_id or "")


def _told(kind: str, document: Mapping[str, Any]) -> Iterator[tuple[Kind, Mapping[str, Any]]]:
    """Whom a document names: kind, and where its ids are."""
    row = OPERATION_KINDS.get(kind)  # type: ignore[call-overload]  # a journal may be of another version
    yield (row.resource if row is not None else "user"), document
    yield from (("user", member) for member in document.get("members", ()))


def names(kind: str, document: Mapping[str, Any], whom: Sequence[Whom]) -> bool:
    """Whether an operation, by its kind and document, is about one of these or names one as a member."""
    sides: tuple[Literal["source", "target"], ...] = ("source", "target")
    told = _told(kind, document)
    return any(Whom(side, of, each.get(f"{side}_id") or "") in whom for of, each in told for side in sides)


def mentioned(whom: Whom) -> Any:
    """A condition on mentions: of this one."""
    return col(MentionRow.about) == number_of(whom)
