"""A run that is on record as running: is it, or was its process killed?"""

from collections.abc import Iterable
from dataclasses import replace

from scim_bridge.model.run import RunRecord
from scim_bridge.model.state_address import StateAddress
from scim_bridge.state.lock import is_held
from scim_bridge.state.reader import StateReader

GONE = "interrupted (the process is gone); the next run goes on from there"


def as_it_is(reader: StateReader, state: StateAddress, records: Iterable[RunRecord]) -> list[RunRecord]:
    """The same records; a run without a process, which the next run will mark as interrupted, is so already."""
    return [_as_it_is(reader, state, record) for record in records]


def _as_it_is(reader: StateReader, state: StateAddress, record: RunRecord) -> RunRecord:
    if record.status != "running" or is_held(state, record.connection):
        return record
    now = reader.run(record.id) or record  # it may have ended between the two looks
    if now.status != "running":
        return now
    return replace(now, status="interrupted", result=replace(now.result, detail=GONE))
