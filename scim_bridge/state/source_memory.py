"""What the sources remember (model/source.py): entries and watermark, moved on in one transaction."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import col

from scim_bridge.model.source import Learned, Memory
from scim_bridge.state.observed import batched_list
from scim_bridge.state.table import SourceEntryRow, SourceMemoryRow


def memory_of(database: Connection, connection: str, source_key: str, since: datetime) -> Memory | None:
    """What is remembered under this key, if it was read whole after `since`."""
    of_it = (
        col(SourceMemoryRow.connection) == connection,
        col(SourceMemoryRow.source_key) == source_key,
        col(SourceMemoryRow.read_whole_at) > since,
    )
    watermark = database.execute(select(col(SourceMemoryRow.watermark)).where(*of_it)).scalar()
    if watermark is None:
        return None
    query = select(col(SourceEntryRow.entry_key), col(SourceEntryRow.entry))
    rows = database.execute(query.where(col(SourceEntryRow.connection) == connection))
    return Memory(watermark, {row.entry_key: row.entry for row in rows})


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
    put = insert(SourceEntryRow).prefix_with("OR REPLACE")
    for batch in batched_list(rows):
        database.execute(put, batch)
