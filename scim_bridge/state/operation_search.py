"""The operations of a run that a person looks for: by name, kind and outcome, a page at a time, at any size."""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, and_, func, or_, select
from sqlmodel import col

from scim_bridge.model.operation_filter import MEMBER_KINDS, OperationFilter
from scim_bridge.model.run import OperationRecord
from scim_bridge.state.record import operation_record
from scim_bridge.state.table import OperationRow
from scim_bridge.state.transaction import reading

_COLUMNS: tuple[Any, ...] = tuple(OperationRow.__table__.c)  # type: ignore[attr-defined]  # SQLModel has it
_BATCH = 500


class OperationSearch:
    """Looks at the operations of one run."""

    def __init__(self, engine: Engine | None, run_id: int) -> None:
        self._engine = engine
        self._of_run = col(OperationRow.run_id) == run_id

    def counts(self) -> dict[tuple[str, str], int]:
        """(kind, outcome) → how many."""
        if self._engine is None:
            return {}
        by = (col(OperationRow.kind), col(OperationRow.status))
        with reading(self._engine) as database:
            rows = database.execute(select(*by, func.count()).where(self._of_run).group_by(*by)).all()
        return {(str(kind), str(status)): int(count) for kind, status, count in rows}

    def page(self, wanted: OperationFilter, limit: int, offset: int) -> tuple[int, list[OperationRecord]]:
        """How many there are, and some of them, in the order of sending."""
        if self._engine is None:
            return 0, []
        with reading(self._engine) as database:
            if wanted.text:
                found = self._found(database, wanted)
                return len(found), list(self._these(database, found[offset : offset + limit]))
            mine = (self._of_run, *_plain(wanted))
            total = database.execute(select(func.count()).select_from(OperationRow).where(*mine)).scalar_one()
            query = select(*_COLUMNS).where(*mine).order_by(col(OperationRow.operation_id)).limit(limit).offset(offset)
            return total, [operation_record(row) for row in database.execute(query)]  # type: ignore[arg-type]  # columns

    def all(self, wanted: OperationFilter) -> Iterator[OperationRecord]:
        """All of them, read a batch at a time."""
        if self._engine is None:
            return
        with reading(self._engine) as database:
            ids = self._found(database, wanted)
            for start in range(0, len(ids), _BATCH):
                yield from self._these(database, ids[start : start + _BATCH])

    def _found(self, database: Connection, wanted: OperationFilter) -> list[str]:
        """Ids in the order of sending. Names of members stand in documents, so those are read where they may match."""
        mine = (self._of_run, *_plain(wanted))
        query = select(col(OperationRow.operation_id)).where(*mine)
        if not wanted.text:
            return [row[0] for row in database.execute(query.order_by(col(OperationRow.operation_id)))]
        whole = (col(OperationRow.target_id) == wanted.text, col(OperationRow.request_id) == wanted.text)
        named = or_(col(OperationRow.subject).icontains(wanted.text, autoescape=True), *whole)
        found = {row[0] for row in database.execute(query.where(named))}
        # As JSON writes it: a quotation mark in a name has a backslash before it.
        written = orjson.dumps(wanted.text).decode()[1:-1]
        holds = col(OperationRow.document).icontains(written, autoescape=True)
        may = and_(col(OperationRow.kind).in_(MEMBER_KINDS), holds)
        columns = (col(OperationRow.operation_id), col(OperationRow.document))
        for operation_id, document in database.execute(select(*columns).where(*mine, may)):
            if _names(document, wanted.text):
                found.add(operation_id)
        return sorted(found)

    def _these(self, database: Connection, ids: Sequence[str]) -> Iterator[OperationRecord]:
        mine = (self._of_run, col(OperationRow.operation_id).in_(ids))
        for row in database.execute(select(*_COLUMNS).where(*mine).order_by(col(OperationRow.operation_id))):
            yield operation_record(row)  # type: ignore[arg-type]  # its columns


def _plain(wanted: OperationFilter) -> Iterator[Any]:
    if wanted.kind:
        yield col(OperationRow.kind) == wanted.kind
    if wanted.status:
        yield col(OperationRow.status) == wanted.status


def _names(document: str, text: str) -> bool:
    members = orjson.loads(document).get("members", ())
    return any(text.casefold() in str(m["name"]).casefold() or text == m.get("source_id") for m in members)
