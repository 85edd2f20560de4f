"""Whether anything has changed in the state, and of which connections, found out by a few short queries."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, or_, select, text
from sqlmodel import col

from scim_bridge.model.order import OPEN
from scim_bridge.state.table import AuditRow, OrderRow, RunRow
from scim_bridge.state.transaction import in_words

_RUN = (col(RunRow.id), col(RunRow.connection), col(RunRow.status))
_ORDER = (col(OrderRow.id), col(OrderRow.connection), col(OrderRow.status))


@dataclass(frozen=True, slots=True)
class _Seen:
    """Up to where the tables have been looked at, and what was not over then."""

    run: int = 0
    entry: int = 0
    order: int = 0
    running: frozenset[int] = frozenset()
    open_orders: frozenset[int] = field(default=frozenset())


class Watch:
    """Looks at one state again and again, for one thread. Holds a connection of its own; no transaction stays open."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._database: Connection | None = None
        self._version: object = None
        self._seen: _Seen | None = None

    def has_changed(self) -> bool:
        """Whether anyone has written since the last call. True where the database cannot say that at no cost."""
        with in_words(self._engine, "read"):
            if self._database is None:
                self._database = self._engine.connect()
            if self._database.dialect.name != "sqlite":
                return True
            # It differs if, and only if, another connection has committed (https://sqlite.org/pragma.html).
            now = self._database.execute(text("PRAGMA data_version")).scalar()
            self._database.rollback()
        before, self._version = self._version, now
        return before != now

    def changed(self) -> frozenset[str]:
        """The connections of which there is something new since the last call: a run, an order, an act of a person.

        What pages show changes with one of these. The first call only finds out where to begin.
        """
        with in_words(self._engine, "read"), self._engine.connect() as database:
            before = self._seen
            self._seen, found = _first(database) if before is None else _since(database, before)
        return found

    def close(self) -> None:
        """Give the connection back."""
        if self._database is not None:
            self._database.close()


def _first(database: Connection) -> tuple[_Seen, frozenset[str]]:
    def newest(number: object) -> int:
        return database.execute(select(number).order_by(number.desc()).limit(1)).scalar() or 0  # type: ignore[call-overload,attr-defined]

    running = select(col(RunRow.id)).where(col(RunRow.status) == "running")
    waiting = select(col(OrderRow.id)).where(text("status IN ('waiting', 'running')"))
    seen = _Seen(
        run=newest(col(RunRow.id)),
        entry=newest(col(AuditRow.number)),
        order=newest(col(OrderRow.id)),
        running=frozenset(database.execute(running).scalars()),  # type: ignore[arg-type]  # a key is never null
        open_orders=frozenset(database.execute(waiting).scalars()),  # type: ignore[arg-type]  # likewise
    )
    return seen, frozenset()


def _since(database: Connection, before: _Seen) -> tuple[_Seen, frozenset[str]]:
    of_runs = or_(col(RunRow.id) > before.run, col(RunRow.id).in_(before.running))
    of_orders = or_(col(OrderRow.id) > before.order, col(OrderRow.id).in_(before.open_orders))
    runs = database.execute(select(*_RUN).where(of_runs)).all()
    orders = database.execute(select(*_ORDER).where(of_orders)).all()
    entries = database.execute(
        select(col(AuditRow.number), col(AuditRow.connection)).where(col(AuditRow.number) > before.entry)
    ).all()
    seen = _Seen(
        run=max([before.run, *(row.id for row in runs)]),
        entry=max([before.entry, *(row.number for row in entries)]),
        order=max([before.order, *(row.id for row in orders)]),
        running=frozenset(row.id for row in runs if row.status == "running"),
        open_orders=frozenset(row.id for row in orders if row.status in OPEN),
    )
    new_runs = {row.connection for row in runs if row.id > before.run or row.status != "running"}
    new_orders = {row.connection for row in orders if row.id > before.order or row.status not in OPEN}
    return seen, frozenset(new_runs | new_orders | {row.connection for row in entries}) - {""}
