"""Managed users and groups by their name, a page at a time, by the index alone."""

from dataclasses import dataclass

from sqlalchemy import Engine, select, tuple_
from sqlmodel import col

from scim_bridge.model.identity import KINDS
from scim_bridge.state.table import LinkRow, RunRow
from scim_bridge.state.transaction import reading


@dataclass(frozen=True, slots=True)
class Managed:
    """A user or group that is linked. name: folded, as it is compared."""

    connection: str
    kind: str
    source_id: str
    target_id: str
    name: str

    @property
    def place(self) -> tuple[str, str, str]:
        """Where it stands among those of its connection."""
        return self.name, self.kind, self.source_id


def managed(
    engine: Engine | None, connection: str, limit: int, after: tuple[str, str, str] | None = None
) -> list[Managed]:
    """All of a connection, at most so many at once. after: the last one of the page before."""
    if engine is None:
        return []
    of = select(col(RunRow.endpoint)).where(col(RunRow.connection) == connection)
    columns = (col(LinkRow.kind), col(LinkRow.source_id), col(LinkRow.target_id), col(LinkRow.name))
    found: list[Managed] = []
    with reading(engine) as database:
        endpoint = database.execute(of.order_by(col(RunRow.id).desc()).limit(1)).scalar()
        # Each kind by the index: asked for together, all links of the connection would be read.
        for kind in KINDS:
            mine = (col(LinkRow.endpoint) == endpoint, col(LinkRow.kind) == kind, col(LinkRow.connection) == connection)
            query = select(*columns).where(*mine).order_by(col(LinkRow.name), col(LinkRow.source_id)).limit(limit)
            if after is not None:
                here = tuple_(col(LinkRow.name), col(LinkRow.kind), col(LinkRow.source_id))
                query = query.where(col(LinkRow.name) >= after[0], here > tuple_(*after))
            found += [Managed(connection, *row) for row in database.execute(query)]
    return sorted(found, key=lambda one: one.place)[:limit]
