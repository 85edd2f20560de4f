"""Managed users and groups by their name or an id, a page at a time, by the indexes alone."""

from dataclasses import dataclass

from sqlalchemy import Engine, select, tuple_
from sqlmodel import col

from scim_bridge.model.text import folded, normal
from scim_bridge.state.table import LinkRow, RunRow
from scim_bridge.state.transaction import reading

_LAST = "\U0010ffff"


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


def find_managed(
    engine: Engine | None, connection: str, text: str, limit: int, after: tuple[str, str, str] | None = None
) -> list[Managed]:
    """Those whose name begins so, or whose id it is; at most so many. after: the last one of the page before."""
    if engine is None:
        return []
    of = select(col(RunRow.endpoint)).where(col(RunRow.connection) == connection)
    columns = (col(LinkRow.kind), col(LinkRow.source_id), col(LinkRow.target_id), col(LinkRow.name))
    found: dict[tuple[str, str, str], Managed] = {}
    with reading(engine) as database:
        endpoint = database.execute(of.order_by(col(RunRow.id).desc()).limit(1)).scalar()
        for kind in ("group", "user"):
            mine = (col(LinkRow.endpoint) == endpoint, col(LinkRow.kind) == kind, col(LinkRow.connection) == connection)
            named = (col(LinkRow.name) >= folded(text), col(LinkRow.name) < folded(text) + _LAST)
            # Each by its own index: asked for together, all links of the connection would be read.
            by_name = select(*columns).where(*mine, *named).order_by(col(LinkRow.name), col(LinkRow.source_id))
            if after is not None:
                here = tuple_(col(LinkRow.name), col(LinkRow.kind), col(LinkRow.source_id))
                by_name = by_name.where(col(LinkRow.name) >= after[0], here > tuple_(*after))
            by_ids = [
                select(*columns).where(*mine, col(LinkRow.source_id) == normal(text)),
                select(*columns).where(*mine, col(LinkRow.target_id) == text.strip()),
            ]
            for query in (by_name.limit(limit), *by_ids):
                for row in database.execute(query):
                    one = Managed(connection, row.kind, row.source_id, row.target_id, row.name)
                    if after is None or one.place > after:
                        found[one.place] = one
    return [found[place] for place in sorted(found)][:limit]
