"""What a source remembers between runs is kept whole, moved on by changes, and void under another key or when old."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from scim_bridge.model.desired_side import Moves, Whole
from scim_bridge.model.identity import SourceCounts
from scim_bridge.model.source import Learned, Memory
from scim_bridge.state.writer import State

MORNING = datetime(2027, 3, 13, 6, tzinfo=UTC)
YESTERDAY = MORNING - timedelta(days=1)


def learn(state: State, connection: str, key: str, learned: Learned, at: datetime) -> None:
    """What a run keeps of its source, whatever the source wants."""
    nothing = Whole(made_with="", today="2027-03-13", counts=SourceCounts(0, 0, 0))
    state.move_on(connection, key, Moves(whole=nothing), learned, at)


def test_changes_move_the_memory_on_and_a_whole_reading_replaces_it(tmp_path: Path) -> None:
    with State(tmp_path / "state.db") as state:
        learn(state, "corp", "key", Learned("w1", {"a": "1", "b": "2"}, is_whole=True), MORNING)
        assert state.reader.source_memory("corp", "key", YESTERDAY) == Memory("w1", {"a": "1", "b": "2"}, "2027-03-13")
        learn(state, "corp", "key", Learned("w2", {"b": None, "a": "3", "c": "4"}, is_whole=False), MORNING)
        assert state.reader.source_memory("corp", "key", YESTERDAY) == Memory("w2", {"a": "3", "c": "4"}, "2027-03-13")
        learn(state, "corp", "key", Learned("w3", {"d": "5"}, is_whole=True), MORNING)
        assert state.reader.source_memory("corp", "key", YESTERDAY) == Memory("w3", {"d": "5"}, "2027-03-13")


def test_a_memory_of_something_else_or_of_long_ago_says_nothing(tmp_path: Path) -> None:
    with State(tmp_path / "state.db") as state:
        learn(state, "corp", "key", Learned("w1", {"a": "1"}, is_whole=True), MORNING)
        learn(state, "corp", "key", Learned("w2", {}, is_whole=False), MORNING + timedelta(hours=5))
        assert state.reader.source_memory("corp", "another", YESTERDAY) is None
        assert state.reader.source_memory("other", "key", YESTERDAY) is None
        assert state.reader.source_memory("corp", "key", MORNING) is None
