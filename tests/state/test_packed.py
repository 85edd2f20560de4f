"""Texts that are kept packed: they come back as they were, also those of a state of an earlier version."""

import sqlite3
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from alembic import command
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text
from sqlmodel import col

from scim_bridge.model.state_address import StateAddress
from scim_bridge.state import packed, schema, sqlite_file
from scim_bridge.state.packed import pack, unpack
from scim_bridge.state.reader import utc_now
from scim_bridge.state.server import engine_of
from scim_bridge.state.source_memory import memory_of
from scim_bridge.state.table import RecordRow
from scim_bridge.state.writer import State
from tests.postgres_server import require_postgres, the_server

APPLIED = orjson.dumps(
    {
        "active": True,
        "displayName": "Jane Doe",
        "emails": "jane.doe@corp.example",
        "enterprise.department": "Dept 49",
        "externalId": "200000000000000004999",
        "name.familyName": "Doe",
        "name.givenName": "Jane",
        "userName": "jane.doe@corp.example",
    }
).decode()


@given(st.text(st.characters(codec="utf-8")))
def test_every_text_comes_back_as_it_was(told: str) -> None:
    assert unpack(pack(told)) == told
    assert pack(told) == pack(told)


def test_attributes_take_a_third() -> None:
    assert len(pack(APPLIED)) * 3 < len(APPLIED)


def test_what_was_packed_with_earlier_names_is_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    before = pack(APPLIED)
    monkeypatch.setitem(packed._DICTIONARIES, 2, b"other names")
    monkeypatch.setattr(packed, "_NEWEST", 2)
    assert pack(APPLIED) != before
    assert unpack(before) == unpack(pack(APPLIED)) == APPLIED


LINK = text(
    "INSERT INTO links (connection, endpoint, kind, source_id, target_id, name, applied, is_confirmed)"
    " VALUES ('corp', 'here', 'user', 'u-1', 't-1', 'jane', :applied, true)"
)
RECORD = text(
    "INSERT INTO records (connection, kind, source_id, shown, rows, wanted, manager, is_choosing, is_outside)"
    " VALUES ('corp', 'user', 'u-1', '', 1, '[]', '', false, false)"
)
MEMORY = text("INSERT INTO source_memories VALUES ('corp', 'key', 'position', '2027-03-13 00:00:00')")
ENTRY = text("INSERT INTO source_entries (connection, entry_key, entry) VALUES ('corp', :of_key, :entry)")
ENTRIES = {f"user {n}": f"entry {n} é" for n in range(5_003)}


def _earlier(engine: Engine) -> None:
    """A state of the version before texts were packed."""
    config = schema.alembic_config()
    with engine.begin() as migrating:
        config.attributes["connection"] = migrating
        command.upgrade(config, "0024")
        migrating.execute(LINK, {"applied": APPLIED})
        migrating.execute(RECORD)
        migrating.execute(MEMORY)
        migrating.execute(ENTRY, [{"of_key": key, "entry": entry} for key, entry in ENTRIES.items()])
    engine.dispose()


def _nothing_is_lost(address: StateAddress) -> None:
    with State(address) as state:
        (link,) = state.reader.known("corp", "here").users.values()
        assert dict(link.applied) == orjson.loads(APPLIED)
        engine = state.reader._engine
        assert engine is not None
        with engine.connect() as database:
            assert database.execute(select(col(RecordRow.wanted))).scalar() == "[]"
        memory = memory_of(engine, "corp", "key", utc_now().replace(year=2020))
        assert memory is not None
        assert dict(memory.entries.items()) == ENTRIES


@pytest.mark.state_file
def test_nothing_of_an_earlier_file_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    with closing(sqlite3.connect(path)):
        _earlier(sqlite_file._engine(path))
    _nothing_is_lost(path)


def test_nothing_of_an_earlier_state_on_a_server_is_lost() -> None:
    require_postgres()
    server = the_server()
    address = server.empty()
    _earlier(engine_of(address))
    _nothing_is_lost(address)
    server.give_back(address)
