"""Which run was rolled back by which: an order says it, or the audit where a command was given."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, select
from sqlmodel import col

from scim_bridge.state.table import AuditRow, OrderRow, RunRow
from scim_bridge.state.transaction import reading


class Undone:
    """Looks up rollbacks, for the pages of both runs."""

    def __init__(self, engine: Engine | None) -> None:
        self._engine = engine

    def by(self, run_id: int) -> int | None:
        """The newest run that has rolled this one back to its end, None if none has."""
        ordered = (col(OrderRow.kind) == "rollback", col(OrderRow.about_run) == run_id)
        orders = self._numbers(select(col(OrderRow.run_id)).where(*ordered))
        commanded = (col(AuditRow.action) == "rollback", col(AuditRow.detail) == f"of run {run_id}")
        subjects = self._numbers(select(col(AuditRow.subject)).where(*commanded))
        found = {number for number in map(_number, (*orders, *subjects)) if number is not None}
        whole = (col(RunRow.command) == "rollback", col(RunRow.is_complete), col(RunRow.id).in_(found))
        return max((number for number in self._numbers(select(col(RunRow.id)).where(*whole)) if number), default=None)

    def of(self, run_id: int) -> int | None:
        """The run that this rollback undoes, None if that is not known."""
        ordered = (col(OrderRow.kind) == "rollback", col(OrderRow.run_id) == run_id)
        orders = self._numbers(select(col(OrderRow.about_run)).where(*ordered))
        commanded = (col(AuditRow.action) == "rollback", col(AuditRow.subject) == f"run {run_id}")
        details = self._numbers(select(col(AuditRow.detail)).where(*commanded))
        return next((number for number in map(_number, (*orders, *details)) if number is not None), None)

    def _numbers(self, query: Any) -> Sequence[Any]:
        if self._engine is None:
            return ()
        with reading(self._engine) as database:
            return database.execute(query).scalars().all()


def _number(told: Any) -> int | None:
    """Of a run: as an order has it, or as the audit does ("run 7", "of run 7")."""
    text = str(told).removeprefix("of ").removeprefix("run ")
    return int(text) if text.isdecimal() else None
