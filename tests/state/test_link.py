"""Links: what makes a resource managed, what was last applied to it and what was last seen."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.model.identity import Existing, Inventory, Kind, SourceKey, Value
from scim_bridge.model.operation import Outcome
from scim_bridge.model.plan import Bookkeeping, Paired
from scim_bridge.state.writer import State
from tests.state.conftest import DONE, ELSEWHERE, HERE, MORNING, Clock, Desk, begin, done, operation, pair


def test_a_pair_becomes_a_link_with_what_was_applied_and_seen(desk: Desk) -> None:
    desk.run(
        Paired(
            kind="user",
            source_id="7",
            target_id="t-7",
            name="b.sato",
            applied={"userName": "b.sato", "title": "", "active": True},
        )
    )
    with desk.open() as state:
        shown = Existing("user", "t-7", {"userName": "B.Sato"})
        state.observe("corp", HERE, Inventory({"t-7": shown}), {}, MORNING)
        [record] = state.reader.links("corp", HERE, "7")
        assert dict(state.reader.known("corp", HERE).users["7"].applied) == {"userName": "b.sato", "active": True}
    assert (record.kind, record.target_id, record.departed) == ("user", "t-7", None)
    assert (record.applied, record.seen) == ({"userName": "b.sato", "active": True}, {"userName": "B.Sato"})


def test_a_held_pair_keeps_what_was_applied_before(desk: Desk) -> None:
    desk.run(pair("7", title="Engineer"))
    desk.run(Paired(kind="user", source_id="7", target_id="t-7", name="7", applied=None))
    with desk.open() as state:
        [record] = state.reader.links("corp", HERE, "7")
    assert record.applied["title"] == "Engineer"


def test_what_was_applied_to_a_resource_that_is_gone_is_not_said_of_the_one_that_is_adopted_in_its_place(
    state: State,
) -> None:
    """Else a process that ends after the adoption would leave a link that says we had deactivated the user."""
    create, lock = operation(1, "create_user", "7", userName="b"), operation(2, "update_user", "7", "t-7", active=False)
    adopt = operation(3, "adopt_user", "7", "t-other", externalId="7")
    journal = begin(state, create, lock, adopt)
    for each in (create, lock):
        journal.end(each, done(each))
    assert dict(state.reader.known("corp", HERE).users["7"].applied) == {"userName": "b", "active": False}
    journal.end(adopt, done(adopt))
    link = state.reader.known("corp", HERE).users["7"]
    assert (link.target_id, dict(link.applied)) == ("t-other", {"externalId": "7"})


def test_a_held_pair_with_another_resource_keeps_nothing_of_the_one_before(desk: Desk) -> None:
    desk.run(pair("7", active=False))
    desk.run(Paired(kind="user", source_id="7", target_id="t-other", name="7", applied=None))
    with desk.open() as state:
        [record] = state.reader.links("corp", HERE, "7")
    assert (record.target_id, record.applied) == ("t-other", {})


def test_a_user_and_a_group_of_one_id_are_two_links(desk: Desk) -> None:
    desk.run(pair("7"), pair("7", "t-g7", "group"))
    with desk.open() as state:
        known = state.reader.known("corp", HERE)
    assert (known.users["7"].target_id, known.groups["7"].target_id) == ("t-7", "t-g7")


def test_a_link_whose_both_sides_are_gone_is_forgotten(desk: Desk) -> None:
    desk.run(pair("7"), pair("8"), pair("7", "t-g7", "group"))
    desk.run(pair("8"), forgotten=(SourceKey("user", "7"),))
    with desk.open() as state:
        known = state.reader.known("corp", HERE)
    assert (list(known.users), list(known.groups)) == (["8"], ["7"])


def test_what_another_connection_has_linked_on_the_same_target_is_known(desk: Desk) -> None:
    desk.run(pair("7"))
    desk.run(pair("1", "t-1"), pair("2", "t-g2", "group"), connection="lab")
    desk.run(pair("3"), connection="lab", endpoint=ELSEWHERE)
    with desk.open() as state:
        known = state.reader.known("corp", HERE)
    assert list(known.users) == ["7"]
    assert known.linked_elsewhere == {("user", "t-1"), ("group", "t-g2")}


def test_the_departure_is_dated_by_the_run_that_saw_it_and_undone_by_a_return(desk: Desk) -> None:
    gone = Paired(kind="user", source_id="7", target_id="t-7", name="b.sato", applied=None, departed=True)
    seen = []
    for there in (pair("7"), gone, gone, pair("7"), gone):
        desk.run(there)
        with desk.open() as state:
            seen.append(state.reader.links("corp", HERE, "7")[0].departed)
    first, last = MORNING + timedelta(minutes=5), MORNING + timedelta(minutes=20)
    assert seen == [None, first, first, None, last]


def test_a_link_is_found_by_source_id_target_id_or_name_in_any_case(desk: Desk) -> None:
    desk.run(
        Paired(
            kind="user",
            source_id="7",
            target_id="t-7",
            name="B.Sato@corp.example",
            applied={"userName": "b.sato@corp.example"},
        ),
        Paired(kind="group", source_id="g7", target_id="t-g7", name="STRASSE", applied={"displayName": "Straße"}),
    )
    with desk.open() as state:
        for text in ("7", "t-7", "b.sato@corp.example", "B.SATO@CORP.EXAMPLE"):
            assert [link.source_id for link in state.reader.links("corp", HERE, text)] == ["7"]
        assert [link.source_id for link in state.reader.links("corp", HERE, "straße")] == ["g7"]
        assert state.reader.links("corp", HERE, "sato") == []
        assert state.reader.links("lab", HERE, "7") == []


def test_a_link_made_by_an_answer_is_found_by_its_name(state: State) -> None:
    create = operation(1, "create_group", "g7", displayName="開発者グループ")
    rename = operation(2, "update_group", "g7", "t-g7", displayName="Developers")
    journal = begin(state, create, rename)
    journal.end(create, done(create))
    assert [link.source_id for link in state.reader.links("corp", HERE, "開発者グループ")] == ["g7"]
    journal.end(rename, done(rename))
    assert state.reader.links("corp", HERE, "開発者グループ") == []
    assert [link.source_id for link in state.reader.links("corp", HERE, "developers")] == ["g7"]


@pytest.mark.state_file
def test_pairs_that_did_not_change_are_not_written_again(desk: Desk) -> None:
    pairs = [pair(str(n), title="Engineer") for n in range(2_000)]
    desk.run(*pairs)
    with desk.open() as state:
        with state._engine.connect() as database:
            before = database.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        state.finish(state.begin_run("corp", HERE, "sync"), DONE, (), Bookkeeping(paired=tuple(pairs)))
        assert before[0] == 0
        assert desk.path.with_name("bridge.db-wal").stat().st_size < 100_000


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state that knows nothing yet, to begin each example with."""
    path = tmp_path_factory.mktemp("blank") / "bridge.db"
    State(path).__exit__(None, None, None)
    return path


@dataclass
class Remembered:
    """What a state must know, as plain as it can be said."""

    links: dict[tuple[Kind, str], tuple[str, dict[str, Value]]] = field(default_factory=dict)

    def merge(self, key: tuple[Kind, str], target_id: str, values: Mapping[str, Value | None]) -> None:
        _, before = self.links.get(key, ("", {}))
        self.links[key] = (target_id, {k: v for k, v in {**before, **values}.items() if v is not None})


IDS = st.sampled_from(["7", "8", "開発"])
KINDS = st.sampled_from(["user", "group"])
VALUES = st.dictionaries(st.sampled_from(["title", "emails", "locale"]), st.sampled_from(["a", "b", "ü", None]))
STEP = st.one_of(
    st.tuples(st.just("create"), KINDS, IDS, VALUES),
    st.tuples(st.sampled_from(["update", "refused"]), KINDS, IDS, VALUES),
    st.tuples(st.sampled_from(["paired", "held", "forgotten"]), KINDS, IDS, VALUES),
    st.tuples(st.just("reopen"), KINDS, IDS, VALUES),
)


def _take(state: State, kept: Remembered, number: int, step: tuple[str, Kind, str, dict[str, Value | None]]) -> None:
    """One thing that happens to a connection, in the state and in the plain model of it."""
    action, kind, source_id, values = step
    key, target_id = (kind, source_id), f"t{number}"
    there = kept.links.get(key)
    applied = {path: value for path, value in values.items() if value is not None}
    if action in ("create", "update", "refused"):
        if action != "create" and there is None:
            return
        at = target_id if action == "create" or there is None else there[0]
        name = "create" if action == "create" else "update"
        sent = operation(1, f"{name}_{kind}", source_id, None if action == "create" else at, **values)  # type: ignore[arg-type]  # one of the kinds
        journal = begin(state, sent, plan=f"plan {number}")
        journal.begin(sent)
        journal.end(
            sent, Outcome(operation_id=sent.id, status="held", target_id=at) if action == "refused" else done(sent, at)
        )
        if action == "create":
            kept.links.pop(key, None)
        if action != "refused":
            kept.merge(key, at, values)
    elif action == "forgotten":
        state.finish(
            state.begin_run("corp", HERE, "sync"), DONE, (), Bookkeeping(paired=(), forgotten=(SourceKey(*key),))
        )
        kept.links.pop(key, None)
    elif action in ("paired", "held"):
        at = there[0] if there is not None else target_id
        found = Paired(
            kind=kind, source_id=source_id, target_id=at, name="x", applied=applied if action == "paired" else None
        )
        state.finish(state.begin_run("corp", HERE, "sync"), DONE, (), Bookkeeping(paired=(found,)))
        kept.links[key] = (at, applied if action == "paired" else (there[1] if there is not None else {}))


@pytest.mark.state_file
@given(st.lists(STEP, max_size=12))
def test_whatever_happens_the_state_knows_what_was_applied(
    blank: Path, steps: list[tuple[str, Kind, str, dict[str, Value | None]]]
) -> None:
    with TemporaryDirectory() as folder:
        path, clock, kept = Path(shutil.copy(blank, folder)), Clock(), Remembered()
        state = State(path, clock)
        for number, step in enumerate(steps):
            if step[0] == "reopen":
                state.__exit__(None, None, None)
                state = State(path, clock)
            _take(state, kept, number, step)
        known = state.reader.known("corp", HERE)
        state.__exit__(None, None, None)
    links = {
        (link.kind, link.source_id): (link.target_id, dict(link.applied))
        for link in (*known.users.values(), *known.groups.values())
    }
    assert links == kept.links
