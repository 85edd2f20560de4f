"""The tables as they are declared: each of them, and each index, can be made by SQLite and by PostgreSQL."""

import pytest
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlmodel import SQLModel

from scim_bridge.state.table import Row

DIALECTS = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}  # type: ignore[no-untyped-call]


def _indexes(dialect: Dialect) -> dict[str, str]:
    tables = SQLModel.metadata.sorted_tables
    return {str(i.name): str(CreateIndex(i).compile(dialect=dialect)) for table in tables for i in table.indexes}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_table_can_be_made(dialect: str) -> None:
    assert issubclass(Row, SQLModel)
    for table in SQLModel.metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=DIALECTS[dialect])).strip().startswith("CREATE TABLE")


def test_an_index_of_some_rows_is_one_of_some_rows_in_every_database() -> None:
    lite, postgres = (_indexes(DIALECTS[name]) for name in ("sqlite", "postgresql"))
    partial = {name: text.partition(" WHERE ")[2] for name, text in lite.items() if " WHERE " in text}
    assert partial
    assert {name: postgres[name].partition(" WHERE ")[2] for name in partial} == partial
    assert lite.keys() == postgres.keys()
