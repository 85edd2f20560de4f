"""Who is looked at by the next run: whatever becomes known of a resource, and whatever a person decides, says so."""

from dataclasses import replace

import pytest

from scim_bridge.model.actor import Actor
from scim_bridge.model.identity import Existing, Inventory, Kind, TargetKey, Value, Whom
from scim_bridge.model.operation import Operation
from scim_bridge.model.operation_kind import OperationKind
from scim_bridge.state.aftermath import Aftermath
from scim_bridge.state.writer import Closing, State
from tests.state.conftest import DONE, ELSEWHERE, HERE, MORNING, adding, begin, conflict, done, operation
from tests.state.test_desired import filled

ME = Actor("me")
WAITS = Whom("source", "user", "waits")
EVERYONE = ("corp", "branch")


def looks(state: State, connection: str) -> set[Whom]:
    with state.reader.lookup(connection, HERE) as lookup:
        return lookup.to_look_at()


def resource(name: str, kind: Kind = "user", **more: Value) -> Existing:
    return Existing(kind, f"t-{name}", {"userName" if kind == "user" else "displayName": name} | more)


def inventory(*found: Existing) -> Inventory:
    users, groups = ({each.target_id: each for each in found if each.kind == kind} for kind in ("user", "group"))
    return Inventory(users, groups)


SEEN = (resource("sato"), resource("ito"), resource("dev", "group"))


@pytest.fixture
def told(state: State) -> State:
    """Both connections have read this target, and another one has read another target."""
    for connection, endpoint in (*((each, HERE) for each in EVERYONE), ("far", ELSEWHERE)):
        state.observe(connection, endpoint, inventory(*SEEN), {"t-dev": frozenset({"t-sato"})}, MORNING)
    assert not any(looks(state, connection) for connection in (*EVERYONE, "far"))
    return state


def test_what_a_whole_reading_shows_otherwise_is_told_to_the_others(told: State) -> None:
    now = (resource("ito", title="by hand"), resource("dev", "group"), resource("new"))
    told.observe("corp", HERE, inventory(*now), {"t-dev": frozenset({"t-ito"})}, MORNING)
    assert looks(told, "branch") == {Whom.resource("user", f"t-{name}") for name in ("sato", "ito", "new")}
    assert looks(told, "corp") == set()
    assert looks(told, "far") == set()


def test_what_a_look_at_some_shows_otherwise_is_told_to_all(told: State) -> None:
    found = {TargetKey("user", "t-sato"): None, TargetKey("user", "t-ito"): resource("ito")}
    told.look_again(HERE, found, {"t-dev": frozenset({"t-ito"})}, MORNING)
    for connection in EVERYONE:  # she is gone, and with her the membership; he is as he was, but in the group
        assert looks(told, connection) == {Whom.resource("user", "t-sato"), Whom.resource("user", "t-ito")}


@pytest.mark.parametrize(("kind", "told_of"), [("update_user", "t-sato"), ("delete_user", "t-sato"), ("add", None)])
def test_what_one_writes_is_told_to_the_others(told: State, kind: OperationKind | str, told_of: str | None) -> None:
    sent: Operation = adding(1, "dev", "ito") if kind == "add" else operation(1, kind, "sato", "t-sato", title="Lead")  # type: ignore[arg-type]
    journal = begin(told, sent)
    journal.begin(sent)
    journal.end(sent, done(sent))
    assert looks(told, "branch") == ({Whom.resource("user", told_of)} if told_of else set())
    assert looks(told, "corp") == set()


def keep(state: State, *keys: str, closing: Closing = "none", aftermath: Aftermath | None = None) -> None:
    """A run that has ended with these conflicts."""
    kept = [replace(conflict(key), about=frozenset({WAITS})) for key in keys]
    state.finish(state.begin_run("corp", HERE, "sync"), DONE, kept, closing=closing, aftermath=aftermath)


EVERYONE_WAS = Aftermath(again=frozenset(), is_everyone=True)
SOMEONE = Whom("source", "user", "someone")


def about_everyone(state: State, *keys: str, closing: Closing = "none") -> None:
    """A run about everyone that has ended with these conflicts."""
    state.begin_run("corp", HERE, "sync")
    filled(state)
    assert looks(state, "corp") == set()
    keep(state, *keys, closing=closing, aftermath=EVERYONE_WAS)


def test_where_anyone_is_looked_at_all_who_are_in_conflict_are(told: State) -> None:
    keep(told, "c-1")
    assert looks(told, "corp") == set()
    told.look_at("corp", [SOMEONE])
    assert looks(told, "corp") == {SOMEONE, WAITS}


def test_what_is_put_down_while_everyone_is_synced_is_looked_at_by_the_next_run(told: State) -> None:
    filled(told)
    told.look_at("corp", [SOMEONE])
    keep(told, aftermath=EVERYONE_WAS)
    assert looks(told, "corp") == {SOMEONE}


def test_what_is_put_down_while_a_run_is_under_way_is_not_taken_off_by_it(told: State) -> None:
    """It has loaded what was before; also of one who was to be looked at anyway."""
    seen, anew = Whom.resource("user", "t-sato"), Whom.resource("user", "t-ito")
    told.look_at("branch", [seen, anew])
    run = told.begin_run("branch", HERE, "sync")
    told.observe("corp", HERE, inventory(resource("sato"), resource("ito", title="by hand"), SEEN[2]), {}, MORNING)
    told.finish(run, DONE, [], aftermath=Aftermath(again=frozenset(), subjects=frozenset({seen, anew})))
    assert looks(told, "branch") == {anew}
    run = told.begin_run("branch", HERE, "sync")
    told.finish(run, DONE, [], aftermath=Aftermath(again=frozenset(), subjects=frozenset({anew})))
    assert looks(told, "branch") == set()


def test_who_is_decided_about_while_everyone_is_read_is_looked_at_by_the_next_run(told: State) -> None:
    keep(told, "c-1")
    told.begin_run("corp", HERE, "sync")
    assert told.resolve("corp", "c-1", "ignore", ME)
    filled(told)
    assert looks(told, "corp") == {WAITS}


def test_a_decision_is_looked_at_when_it_is_made_taken_back_and_over(told: State) -> None:
    about_everyone(told, "c-1", "c-2")
    assert told.resolve("corp", "c-1", "ignore", ME)
    assert looks(told, "corp") == {WAITS}
    about_everyone(told, "c-1", "c-2")
    assert told.undo("corp", "c-1", ME)
    assert looks(told, "corp") == {WAITS}
    assert told.resolve("corp", "c-1", "ignore", ME)
    about_everyone(told, "c-2", closing="all")
    assert looks(told, "corp") == {WAITS}
    about_everyone(told, closing="all")
    assert looks(told, "corp") == set()  # no one had decided that one


def test_after_a_whole_reading_everyone_is_looked_at_until_a_run_about_everyone_has_ended(told: State) -> None:
    about_everyone(told)
    for is_settled in (True, False):
        whole = told.reader.directory("corp")
        assert whole is not None
        assert whole.is_settled is is_settled
        told.observe("corp", HERE, inventory(*SEEN), {}, MORNING)
