"""The desired side in the state, and the indexes over both sides: they always say what the rows themselves say."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from scim_bridge.model.desired_side import DesiredWhole, Mapped, Moves, Whole, found_by
from scim_bridge.model.identity import (
    EXTERNAL_ID,
    MANAGER,
    Desired,
    Existing,
    Inventory,
    Kind,
    OutOfScope,
    SourceCounts,
    SourceKey,
    TargetKey,
    Whom,
)
from scim_bridge.state.schema import MIGRATIONS
from scim_bridge.state.sqlite_file import migrate
from scim_bridge.state.writer import State

MORNING = datetime(2027, 3, 13, 6, tzinfo=UTC)
WHOLE = Whole(made_with="now", today="2027-03-13", counts=SourceCounts(2, 1, 1))


def mapped(kind: Kind, source_id: str, name: str, **more: str) -> Mapped:
    path = "userName" if kind == "user" else "displayName"
    attributes = {EXTERNAL_ID: source_id, path: name} | more
    desired = Desired(kind=kind, source_id=source_id, attributes=attributes, places=(f"line {source_id}",))
    return Mapped(key=SourceKey(kind, source_id), desired=(desired,), shown=f"{name}{more}", rows=1)


def resource(target_id: str, name: str, external_id: str = "") -> Existing:
    marked = {EXTERNAL_ID: external_id} if external_id else {}
    return Existing("user", target_id, {"userName": name} | marked)


def indexed(path: Path, table: str) -> set[tuple[str, str, int]]:
    with closing(sqlite3.connect(path)) as database:
        return set(database.execute(f"SELECT path, value, row FROM {table}"))


def held(path: Path) -> set[tuple[str, str, int]]:
    """What the resources themselves say."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT id, kind, shown FROM resources").fetchall()
    return {(*claim, row) for row, kind, shown in rows for claim in found_by(kind, orjson.loads(shown))}


ANN, BEN, DEV = mapped("user", "1", "Ann"), mapped("user", "2", "ben", **{MANAGER: "1"}), mapped("group", "g", "Dev")


def filled(state: State) -> None:
    records = {each.key: each for each in (ANN, BEN, DEV)}
    everything = DesiredWhole(whole=WHOLE, records=records, members={"g": (("1",), ())})
    state.move_on("corp", "key", everything, None, MORNING)


def test_a_record_is_found_by_what_it_claims_and_by_its_manager_and_its_groups(tmp_path: Path) -> None:
    with State(tmp_path / "state.db") as state:
        filled(state)
        with state.reader.lookup("corp", "there") as lookup:
            assert lookup.mapped([ANN.key, SourceKey("user", "9")]) == {ANN.key: ANN}
            assert lookup.claiming("user", [("userName", "ann")]) == {"1"}
            assert lookup.claiming("group", [("userName", "ann")]) == set()
            assert lookup.reports(["1"]) == {"2"}
            assert lookup.direct_members(["g"]) == {"g": {ANN.key}}
            assert lookup.groups_around([ANN.key]) == {ANN.key: {"g"}}
        with state.reader.lookup("another", "there") as lookup:
            assert lookup.claiming("user", [("userName", "ann")]) == set()
            assert lookup.mapped([ANN.key]) == {}


def test_what_moves_on_is_found_anew_and_what_is_gone_no_more(tmp_path: Path) -> None:
    with State(tmp_path / "state.db") as state:
        filled(state)
        out = OutOfScope("user", "2", "line 2", "mapping.yaml", "ben")
        records = {
            ANN.key: mapped("user", "1", "anna"),
            BEN.key: Mapped(key=BEN.key, outside=(out,), shown="out", rows=1),
            DEV.key: Mapped(key=DEV.key),
        }
        moves = Moves(whole=WHOLE, records=records, look=frozenset({Whom("source", "user", "1")}))
        state.move_on("corp", "key", moves, None, MORNING)
        with state.reader.lookup("corp", "there") as lookup:
            assert lookup.claiming("user", [("userName", "ann")]) == set()
            assert lookup.claiming("user", [("userName", "anna")]) == {"1"}
            assert (lookup.reports(["1"]), lookup.left_out(), set(lookup.outside(9))) == (set(), 1, {BEN.key})
            assert lookup.called("ben") == {Whom("source", "user", "2")}
            assert lookup.groups_around([ANN.key]) == {}
            assert lookup.to_look_at() == {Whom("source", "user", "1")}


@pytest.mark.state_file
def test_the_index_of_the_target_follows_each_reading_and_each_look(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with State(path) as state:
        users = {"t-1": resource("t-1", "Ann", "1"), "t-2": resource("t-2", "ben")}
        state.observe("corp", "there", Inventory(users, {}), {}, MORNING)
        assert indexed(path, "held_values") == held(path)
        users = {"t-1": resource("t-1", "anna", "1"), "t-3": resource("t-3", "cho")}
        state.observe("corp", "there", Inventory(users, {}), {}, MORNING)
        assert indexed(path, "held_values") == held(path)
        with state.reader.lookup("corp", "there") as lookup:
            assert lookup.holding("user", [("userName", "ann"), ("userName", "anna"), ("userName", "ben")]) == {"t-1"}
        found = {TargetKey("user", "t-1"): None, TargetKey("user", "t-3"): resource("t-3", "Dee")}
        state.look_again("there", found, {}, MORNING)
        assert indexed(path, "held_values") == held(path)


@pytest.mark.state_file
def test_an_older_state_is_indexed_by_what_was_last_seen(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    before = tmp_path / "migrations"
    (before / "versions").mkdir(parents=True)
    (before / "env.py").write_text((MIGRATIONS / "env.py").read_text())
    for file in MIGRATIONS.glob("versions/*.py"):
        if file.name < "0011":
            (before / "versions" / file.name).write_text(file.read_text())
    migrate(path, before, "0010")
    with closing(sqlite3.connect(path)) as database, database:
        columns = "(endpoint, kind, target_id, shown, seen_at)"
        shown = '{"externalId":"1","userName":"Ann Łoś"}'
        database.execute(f"INSERT INTO resources {columns} VALUES ('there', 'user', 't-1', ?, '2027-03-13')", (shown,))
    with State(path) as state:
        assert state.reader.directory("corp") is None  # so that the next run is about everyone
        with state.reader.lookup("corp", "there") as lookup:
            assert lookup.holding("user", [("userName", "ann łoś")]) == {"t-1"}
    assert indexed(path, "held_values") == held(path)


def test_whom_only_the_source_has_is_called_as_the_mapping_calls_them(tmp_path: Path) -> None:
    nameless = Mapped(key=SourceKey("user", "3"), desired=(mapped("user", "3", "").desired[0],), shown="5d41", rows=1)
    with State(tmp_path / "state.db") as state:
        filled(state)
        state.move_on(
            "other", "key", DesiredWhole(whole=WHOLE, records={nameless.key: nameless}, members={}), None, MORNING
        )
        found = {each.kind: each.names for each in state.reader.differing("corp", "there", 9)}
        assert found["user"] == (("Ann", Whom("source", "user", "1")), ("ben", Whom("source", "user", "2")))
        assert found["group"] == (("Dev", Whom("source", "group", "g")),)
        (one,) = state.reader.differing("other", "there", 9)
        assert one.names == (("3", Whom("source", "user", "3")),)
