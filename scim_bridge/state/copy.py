"""A state copied to another place, from a file to a server or back: all of it, compared row by row, or nothing.

The source is read in one transaction, so what is copied is one moment of it. The target is written in one transaction,
which ends only after every row was read again and was the same. An interruption leaves an empty target.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, insert, select, text
from sqlmodel import SQLModel, col

from scim_bridge.errors import Misconfigured, StateUnusable
from scim_bridge.model.batch import batched_list
from scim_bridge.model.state_address import StateAddress
from scim_bridge.state import schedule as schedules
from scim_bridge.state import table as tables
from scim_bridge.state.database import open_database, open_existing
from scim_bridge.state.lock import lock
from scim_bridge.state.table import ConnectionRow, LeaseRow, RunRow
from scim_bridge.state.transaction import in_words, is_file
from scim_bridge.state.workers import WorkerRow

_OF_PROCESSES = frozenset({str(LeaseRow.__tablename__), str(WorkerRow.__tablename__)})
"""They say which processes there are at that place, and what these hold."""
_BATCH = 5_000


def copy_state(
    source: StateAddress, target: StateAddress, now: datetime, tell: Callable[[str, int], None] = lambda *_: None
) -> dict[str, int]:
    """Copy a state to a place where there is none yet. Gives table → rows.

    tell: called for each table that is copied, with its rows. Raises Busy if a run is in progress, Misconfigured if
    there is nothing to copy or the target is not empty, StateUnusable if either refuses.
    """
    if str(source) == str(target):
        raise Misconfigured(f"{target} is where the state is already", "Name another place with --to.")
    with ExitStack() as stack:
        there = _opened(stack, open_existing(source))
        if there is None:
            raise Misconfigured(f"there is no state in {source} yet", "There is nothing to copy; write the new place.")
        to = _opened(stack, open_database(target))
        for name in _connections(there):
            stack.enter_context(lock(source, name, now))
        with in_words(there, "read"), _one_moment(there) as old, in_words(to, "written"), to.begin() as new:
            _require_empty(new, target)
            copied = {}
            for each in _all_tables():
                copied[each.name] = _copy_table(old, new, each)
                tell(each.name, copied[each.name])
            _go_on_counting(new)
            for each in _all_tables():
                _compare(old, new, each)
        return {name: rows for name, rows in copied.items() if rows}


def _opened(stack: ExitStack, engine: Engine | None) -> Any:
    if engine is not None:
        stack.callback(engine.dispose)
    return engine


def _all_tables() -> Sequence[Table]:
    """Every table, those first that others point to."""
    assert tables and schedules  # noqa: S101 - imported so that all of them are known
    return [each for each in SQLModel.metadata.sorted_tables if each.name not in _OF_PROCESSES]


@contextmanager
def _one_moment(engine: Engine) -> Iterator[Connection]:
    """What the state holds now, whatever others write meanwhile."""
    with engine.connect() as database:
        if is_file(database):
            database.exec_driver_sql("BEGIN")
            yield database
        else:
            with database.execution_options(isolation_level="REPEATABLE READ").begin():
                yield database


def _connections(engine: Engine) -> list[str]:
    """Whose runs must not be in progress."""
    with in_words(engine, "read"), engine.connect() as database:
        run = database.execute(select(col(RunRow.connection)).distinct()).scalars()
        return sorted({*run, *database.execute(select(col(ConnectionRow.name))).scalars()})


def _require_empty(database: Connection, target: StateAddress) -> None:
    for each in _all_tables():
        if database.execute(select(*each.primary_key.columns).limit(1)).first() is not None:
            raise Misconfigured(
                f"there is a state in {target} already", "Name a place that is empty; nothing was copied."
            )


def _copy_table(old: Connection, new: Connection, each: Table) -> int:
    found = old.execute(select(each).execution_options(stream_results=True)).yield_per(_BATCH)
    rows = 0
    for batch in batched_list(found, _BATCH):
        _put(new, each, batch)
        rows += len(batch)
    return rows


def _put(database: Connection, each: Table, batch: Sequence[Any]) -> None:
    if is_file(database):
        database.execute(insert(each), [dict(row._mapping) for row in batch])  # noqa: SLF001 - SQLAlchemy's name
        return
    processors = [
        column.type.dialect_impl(database.dialect).bind_processor(database.dialect) for column in each.columns
    ]
    names = ", ".join(database.dialect.identifier_preparer.quote(column.name) for column in each.columns)
    driver: Any = database.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {each.name} ({names}) FROM STDIN") as copy:
        for row in batch:
            copy.write_row([make(v) if make is not None else v for make, v in zip(processors, row, strict=True)])


def _go_on_counting(database: Connection) -> None:
    """What is added next gets the number after the highest one."""
    if is_file(database):
        return
    for each in _all_tables():
        for column in each.primary_key.columns:
            serial = database.execute(_SERIAL, {"table": each.name, "column": column.name}).scalar()
            last = database.execute(select(func.max(column))).scalar() if serial is not None else None
            if last is not None:
                database.execute(text("SELECT setval(:serial, :last)"), {"serial": serial, "last": last})


_SERIAL = text("SELECT pg_get_serial_sequence(quote_ident(:table), :column)")


def _compare(old: Connection, new: Connection, each: Table) -> None:
    """Raise StateUnusable unless both hold the same rows."""
    ordered = select(each).order_by(*each.primary_key.columns).execution_options(yield_per=_BATCH, stream_results=True)
    for mine, theirs in zip_longest(old.execute(ordered), new.execute(ordered)):
        if mine is None or theirs is None or tuple(mine) != tuple(theirs):
            row = (mine if mine is not None else theirs)._mapping  # noqa: SLF001 - SQLAlchemy's name
            key = ", ".join(str(row[column.name]) for column in each.primary_key.columns)
            raise StateUnusable(f"the row {key} of {each.name} is not the same in both places", "Nothing was copied.")
