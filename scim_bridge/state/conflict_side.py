"""The records and resources that conflicts are about, as they were last read."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, select
from sqlmodel import col

from scim_bridge.model.conflict_side import Subject
from scim_bridge.model.identity import Whom
from scim_bridge.state.table import ConflictSubjectRow, RecordRow, ResourceRow
from scim_bridge.state.transaction import reading

_MOST = 6
"""Of each conflict so many subjects are looked at: no person compares more side by side."""


def subjects_of(
    engine: Engine | None, connection: str, endpoint: str, keys: Iterable[str]
) -> dict[str, tuple[Subject, ...]]:
    """Key of a conflict → whom it is about."""
    if engine is None:
        return {}
    mine = (col(ConflictSubjectRow.connection) == connection, col(ConflictSubjectRow.key).in_(list(keys)))
    names = (ConflictSubjectRow.key, ConflictSubjectRow.side, ConflictSubjectRow.kind, ConflictSubjectRow.id_of)
    columns: tuple[Any, ...] = tuple(map(col, names))
    with reading(engine) as database:
        about: dict[str, list[Whom]] = defaultdict(list)
        for key, side, kind, number in database.execute(select(*columns).where(*mine)):
            if len(about[key]) < _MOST and number:
                about[key].append(Whom(side, kind, number))
        return {
            key: tuple(_subject(database, connection, endpoint, whom) for whom in sorted(found))
            for key, found in about.items()
        }


def _subject(database: Connection, connection: str, endpoint: str, whom: Whom) -> Subject:
    if whom.side == "source":
        return _record(database, connection, whom)
    return _resource(database, endpoint, whom)


def _record(database: Connection, connection: str, whom: Whom) -> Subject:
    mine = (RecordRow.connection == connection, RecordRow.kind == whom.kind, RecordRow.source_id == whom.id)
    text = database.execute(select(col(RecordRow.wanted)).where(*mine)).scalar()  # type: ignore[arg-type]  # columns
    for wanted in orjson.loads(text or "[]"):
        if "rule" not in wanted:
            places = wanted.get("places", ())
            return Subject(whom, wanted.get("attributes", {}), ", ".join(places))
    return Subject(whom, {})


def _resource(database: Connection, endpoint: str, whom: Whom) -> Subject:
    mine = (ResourceRow.endpoint == endpoint, ResourceRow.kind == whom.kind, ResourceRow.target_id == whom.id)
    text = database.execute(select(col(ResourceRow.shown)).where(*mine)).scalar()  # type: ignore[arg-type]  # columns
    return Subject(whom, orjson.loads(text or "{}"))
