"""Who is named by an operation: written with it, forgotten with it, and filled in for the runs of earlier versions."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine

from scim_bridge.model.identity import Whom
from scim_bridge.state.people import Place
from scim_bridge.state.reader import open_reader
from scim_bridge.state.schema import alembic_config
from tests.service.seed import Seeder, busy_plan

FOUND = {
    "mentions": "SELECT about, run_id, operation_id FROM mentions",
    "held_values": "SELECT path, value, row FROM held_values",
    "claims": "SELECT path, value, row FROM claims",
}


def found(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as database:
        return {name: sorted(database.execute(query)) for name, query in FOUND.items()}


@pytest.mark.state_file
def test_what_a_state_of_an_earlier_version_has_is_found_after_the_migration(tmp_path: Path) -> None:
    seeder = Seeder(tmp_path / "s.db")
    seeder.run(busy_plan())
    before = found(seeder.path)
    assert before["mentions"]
    assert any(path == "known as" for path, _, _ in before["held_values"])
    with closing(sqlite3.connect(seeder.path)) as database:
        database.executescript(
            "DROP TABLE mentions; DROP INDEX ix_conflicts_source; DROP INDEX ix_conflicts_target;"
            "DROP INDEX ix_audit_subject; DELETE FROM held_values WHERE path = 'known as';"
            "DELETE FROM claims WHERE path = 'known as'; UPDATE alembic_version SET version_num = '0019'"
        )
    config = alembic_config()
    engine = create_engine(f"sqlite:///{seeder.path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0020")
    engine.dispose()
    assert found(seeder.path) == before


def test_a_history_is_told_page_by_page_and_nothing_of_it_twice(tmp_path: Path) -> None:
    seeder = Seeder(tmp_path / "s.db")
    for _ in range(4):
        seeder.run(busy_plan())
        seeder.clock.at += timedelta(minutes=5)
    place, whom = Place("corp", "endpoint"), (Whom("source", "user", "k.suzuki"),)
    reader = open_reader(seeder.path)
    whole = reader.history_of(place, whom, 100)
    assert {event[1].kind for event in whole if hasattr(event[1], "run_id")} >= {"update_user", "add_members"}  # type: ignore[union-attr]
    paged, before = [], None
    while page := reader.history_of(place, whom, 2, before):
        paged += page
        before = page[-1][0]
    assert paged == whole
    reader.close()
