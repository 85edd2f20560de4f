"""`INSERT … ON CONFLICT`, the same statement for SQLite and for PostgreSQL, from which SQLite took it over."""

from typing import Any

from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.dialects.sqlite.dml import OnConflictDoNothing, OnConflictDoUpdate
from sqlalchemy.ext.compiler import compiles

__all__ = ["upsert"]


@compiles(OnConflictDoNothing, "postgresql")
@compiles(OnConflictDoUpdate, "postgresql")
def _for_postgresql(clause: Any, compiler: Any, **options: Any) -> str:
    clause.constraint_target = None  # all that PostgreSQL's own form has beyond this one
    text: str = getattr(compiler, f"visit_{clause.__visit_name__}")(clause, **options)
    return text
