"""What a source remembers between two readings, as the state keeps it."""

from scim_bridge.model.source import Memory, SourceReading, moved_on


def remembered(memory: Memory | None, reading: SourceReading) -> Memory:
    """The memory after a reading; of a source that remembers."""
    learned = reading.learned
    assert learned is not None
    before = {} if learned.is_whole or memory is None else memory.entries
    return Memory(learned.watermark, moved_on(before, learned.entries))
