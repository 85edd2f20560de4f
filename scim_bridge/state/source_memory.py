"""What the sources remember (model/source.py): entries and watermark, moved on in one transaction."""

from collections.abc import ItemsView, Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, delete, func, select, update
from sqlmodel import col

from scim_bridge.model.batch import batched_list
from scim_bridge.model.source import Entries, Learned, Memory
from scim_bridge.state.table import DirectoryRow, SourceEntryRow, SourceMemoryRow
from scim_bridge.state.transaction import reading
from scim_bridge.state.upsert import upsert

_FEW = 500


class StoredEntries(Entries):
    """The entries of one connection, looked up in the state: of 100,000 a run needs those that have changed."""

    def __init__(self, engine: Engine, connection: str) -> None:
        self._engine = engine
        self._mine = col(SourceEntryRow.connection) == connection

    def __getitem__(self, key: str) -> str:
        return self.some([key])[key]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key in self.some([key])

    def __iter__(self) -> Iterator[str]:
        query = select(col(SourceEntryRow.entry_key)).where(self._mine)
        with reading(self._engine) as database:
            yield from database.execute(query).yield_per(10_000).scalars()

    def __len__(self) -> int:
        with reading(self._engine) as database:
            query = select(func.count()).select_from(SourceEntryRow).where(self._mine)
            return int(database.execute(query).scalar_one())

    def items(self) -> ItemsView[str, str]:
        """All of them, in one query whose rows are not kept."""
        return _Streamed(self)

    def some(self, keys: Iterable[str]) -> dict[str, str]:
        """The entries of these keys, as far as they are there."""
        found: dict[str, str] = {}
        query = select(col(SourceEntryRow.entry_key), col(SourceEntryRow.entry)).where(self._mine)
        with reading(self._engine) as database:
            for batch in batched_list(keys, _FEW):
                rows = database.execute(query.where(col(SourceEntryRow.entry_key).in_(batch)))
                found |= {row.entry_key: row.entry for row in rows}
        return found

    def all(self) -> Iterator[tuple[str, str]]:
        """Each with its key."""
        return self.beginning("")

    def beginning(self, start: str) -> Iterator[tuple[str, str]]:
        """Those whose keys begin so, as they come from the state."""
        query = select(col(SourceEntryRow.entry_key), col(SourceEntryRow.entry)).where(self._mine)
        query = query.where(col(SourceEntryRow.entry_key).startswith(start, autoescape=True)) if start else query
        with reading(self._engine) as database:
            for row in database.execute(query).yield_per(10_000):
                yield row.entry_key, row.entry


class _Streamed(ItemsView[str, str]):
    """The items of entries, as they come from the state."""

    def __init__(self, entries: StoredEntries) -> None:
        super().__init__(entries)
        self._entries = entries

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return self._entries.all()


def memory_of(engine: Engine, connection: str, source_key: str, since: datetime) -> Memory | None:
    """What is remembered under this key, if it was read whole after `since`."""
    of_it = (
        col(SourceMemoryRow.connection) == connection,
        col(SourceMemoryRow.source_key) == source_key,
        col(SourceMemoryRow.read_whole_at) > since,
    )
    with reading(engine) as database:
        watermark = database.execute(select(col(SourceMemoryRow.watermark)).where(*of_it)).scalar()
        of_all = select(col(DirectoryRow.today)).where(col(DirectoryRow.connection) == connection)
        today = database.execute(of_all).scalar() or ""
    if watermark is None:
        return None
    return Memory(watermark, StoredEntries(engine, connection), today)


def keep_learned(database: Connection, connection: str, source_key: str, learned: Learned, at: datetime) -> None:
    """Move the memory on. at: when the reading was begun, which counts if everything was read."""
    if learned.is_whole:
        database.execute(delete(SourceEntryRow).where(col(SourceEntryRow.connection) == connection))
        memory = {
            "connection": connection,
            "source_key": source_key,
            "watermark": learned.watermark,
            "read_whole_at": at,
        }
        statement = upsert(SourceMemoryRow).values(memory)
        database.execute(statement.on_conflict_do_update(index_elements=["connection"], set_=memory))
    else:
        of_it = col(SourceMemoryRow.connection) == connection
        database.execute(update(SourceMemoryRow).where(of_it).values(watermark=learned.watermark))
    gone = [{"of_key": key} for key, entry in learned.entries.items() if entry is None]
    mine = col(SourceEntryRow.connection) == connection
    for batch in batched_list(gone):
        database.execute(
            delete(SourceEntryRow).where(mine, col(SourceEntryRow.entry_key) == bindparam("of_key")), batch
        )
    rows = (
        {"connection": connection, "entry_key": key, "entry": entry}
        for key, entry in learned.entries.items()
        if entry is not None
    )
    put = upsert(SourceEntryRow)
    put = put.on_conflict_do_update(index_elements=["connection", "entry_key"], set_={"entry": put.excluded.entry})
    for batch in batched_list(rows):
        database.execute(put, batch)
