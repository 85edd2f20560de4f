"""A state that an earlier version wrote with ids as the source had them: no link and no decision is lost."""

import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command

from scim_bridge.model.plan import conflict_key
from scim_bridge.state import schema, sqlite_file
from scim_bridge.state.writer import State

pytestmark = pytest.mark.state_file

ID = "jörg"
OLD = unicodedata.normalize("NFD", ID)
LINK = (
    "INSERT INTO links (connection, endpoint, kind, source_id, target_id, name, applied, departed)"
    " VALUES ('corp', 'here', 'user', ?, ?, ?, ?, ?)"
)
CONFLICT = (
    "INSERT INTO conflicts (connection, kind, subjects, detail, remedy, target_id, first_seen, last_seen, resource,"
    " path, resolution, chosen, note, resolved_by, key, source_id) VALUES ('corp', 'adopt?', '[]', '', '', 't-9',"
    " '2027-03-13', '2027-03-13', 'user', '', 'ignore', '', '', '', ?, ?)"
)
LEFT = "2027-03-01 09:00:00"


def _earlier(path: Path, *links: tuple[object, ...]) -> None:
    """A state of the version before ids were of one form."""
    config = schema.alembic_config()
    with closing(sqlite3.connect(path)):
        engine = sqlite_file._engine(path)
    with engine.begin() as migrating:
        config.attributes["connection"] = migrating
        command.upgrade(config, "0005")
    engine.dispose()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(LINK, links)


def test_a_link_keeps_its_resource_and_what_was_applied(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    _earlier(path, (OLD, "t-7", OLD.upper(), '{"title":"Lead"}', None))
    with State(path) as state:
        links = state.reader.known("corp", "here").users
        assert {key: (link.target_id, dict(link.applied)) for key, link in links.items()} == {
            ID: ("t-7", {"title": "Lead"})
        }
        assert [link.target_id for link in state.reader.links("corp", "here", OLD)] == ["t-7"]


def test_of_two_forms_of_one_id_the_one_that_has_not_left_stays(tmp_path: Path) -> None:
    for number, (mine, other) in enumerate(((OLD, ID), (ID, OLD))):
        path = tmp_path / f"{number}.db"
        _earlier(path, (mine, "t-here", "", "{}", None), (other, "t-left", "", "{}", LEFT))
        with State(path) as state:
            links = state.reader.known("corp", "here").users
        assert {key: link.target_id for key, link in links.items()} == {ID: "t-here"}


def test_a_decision_about_such_an_id_still_holds(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    _earlier(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(CONFLICT, (conflict_key("adopt?", [f"user:{OLD}", "t-9"]), OLD))
    with State(path) as state:
        [resolution] = state.reader.known("corp", "here").resolutions.items()
    assert resolution[0] == conflict_key("adopt?", [f"user:{ID}", "t-9"])
    assert (resolution[1].decision, resolution[1].source_id) == ("ignore", ID)
