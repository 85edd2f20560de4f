"""What the target last showed: a whole reading replaces it, an answered write moves it on."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.model.doubt import Doubt, Settled
from scim_bridge.model.identity import Existing, Inventory, Kind, SourceCounts
from scim_bridge.model.operation import Member, Operation, Outcome
from scim_bridge.model.operation_kind import Phase
from scim_bridge.model.plan import Bookkeeping
from scim_bridge.state.writer import Ending, State
from tests.state.conftest import ELSEWHERE, HERE, MORNING, adding, begin, done, operation


def resource(kind: Kind, target_id: str, **attributes: str) -> Existing:
    return Existing(kind, target_id, attributes)


def inventory(*resources: Existing) -> Inventory:
    by_kind = {kind: {r.target_id: r for r in resources if r.kind == kind} for kind in ("user", "group")}
    return Inventory(by_kind["user"], by_kind["group"])


A, B, G = resource("user", "t-a", userName="a"), resource("user", "t-b", userName="b"), resource("group", "t-g")


def shown(state: State) -> dict[str, dict[str, object]]:
    seen = state.reader.inventory(HERE)
    return {target_id: dict(r.attributes) for target_id, r in (*seen.users.items(), *seen.groups.items())}


def test_an_older_view_never_stands_over_a_newer_one(state: State) -> None:
    """A reading takes minutes, and another connection of the target may write meanwhile."""
    members = {"t-g": frozenset({"t-a"})}
    state.observe("corp", HERE, inventory(A, B, G), members, MORNING - timedelta(days=9))
    sent = operation(1, "update_user", "a", "t-a", title="Lead"), adding(2, "t-g", "t-b")
    began = MORNING - timedelta(days=8)
    journal = begin(state, *sent)
    for each in sent:
        journal.begin(each)
        journal.end(each, done(each))
    written = shown(state), state.reader.members(HERE, ["t-g"])
    state.observe("branch", HERE, inventory(A, B, G), members, began)
    state.look_again(HERE, {A.key: A}, members, began)
    assert (shown(state), state.reader.members(HERE, ["t-g"])) == written
    assert "title" in written[0]["t-a"]


def test_a_reading_is_remembered_whole_with_its_time(state: State) -> None:
    assert state.reader.last_reading("corp", HERE) is None
    state.observe("corp", HERE, inventory(A, B, G), {"t-g": frozenset({"t-a"})}, MORNING)
    assert shown(state) == {"t-a": {"userName": "a"}, "t-b": {"userName": "b"}, "t-g": {}}
    assert state.reader.members(HERE, ["t-g"]) == {"t-g": {"t-a"}}
    assert state.reader.last_reading("corp", HERE) == MORNING
    assert state.reader.last_reading("corp", ELSEWHERE) is None
    assert shown(state).keys() != state.reader.inventory(ELSEWHERE).users.keys()


def test_the_next_reading_replaces_it(state: State) -> None:
    state.observe("corp", HERE, inventory(A, B, G), {"t-g": frozenset({"t-a", "t-b"})}, MORNING)
    renamed = resource("user", "t-b", userName="b2")
    state.observe("corp", HERE, inventory(renamed, G), {"t-g": frozenset({"t-b"})}, MORNING + timedelta(hours=1))
    assert shown(state) == {"t-b": {"userName": "b2"}, "t-g": {}}
    assert state.reader.members(HERE, ["t-g"]) == {"t-g": {"t-b"}}


def test_a_group_whose_members_were_never_read_is_not_called_empty(state: State) -> None:
    state.observe("corp", HERE, inventory(A, G), {}, MORNING)
    assert state.reader.members(HERE, ["t-g"]) == {}


def test_answered_writes_move_it_on(state: State) -> None:
    state.observe("corp", HERE, inventory(A, G), {"t-g": frozenset({"t-a"})}, MORNING)
    create = operation(1, "create_user", "b", userName="b", enterprise_manager="m")
    add = adding(2, "g", "b")
    leave = Operation(
        id="op-000003",
        kind="remove_members",
        phase=Phase.REVOKE,
        source_id="g",
        target_id="t-g",
        subject="g",
        reason="why",
        members=(Member("a", "t-a", "a"),),
    )
    gone = operation(4, "delete_user", "a", "t-a")
    journal = begin(state, operation(0, "create_user", "m"), create, add, leave, gone)
    journal.end(operation(0, "create_user", "m"), Outcome(operation_id="op-000000", status="done", target_id="t-m"))
    journal.end(create, replace(done(create), shown={"enterprise.manager": "t-m"}))
    for step in (add, leave, gone):
        journal.end(step, done(step))
    assert shown(state)["t-b"] == {"userName": "b", "enterprise.manager": "t-m"}
    assert "t-a" not in shown(state)
    assert state.reader.members(HERE, ["t-g"]) == {"t-g": {"t-b"}}


def test_what_was_sent_and_not_answered_is_in_doubt_until_it_was_looked_at(state: State) -> None:
    state.observe("corp", HERE, inventory(A), {}, MORNING)
    sent, held, fine = (operation(n, "update_user", "a", "t-a", title="x") for n in range(3))
    journal = begin(state, sent, held, fine)
    for step in (sent, held, fine):
        journal.begin(step)
    journal.end(held, Outcome(operation_id=held.id, status="held", target_id="t-a"))
    journal.end(fine, done(fine))
    in_doubt = state.reader.doubtful("corp", HERE)
    assert [record.operation_id for record in in_doubt] == [sent.id]  # what was refused is known not to be so
    doubt = Doubt(in_doubt[0].run_id, sent, "t-a", MORNING)
    state.settle([Settled(doubt, has_landed=True, landed={"title": "x"}, members={})])
    assert state.reader.doubtful("corp", HERE) == []
    assert state.reader.operations(doubt.run_id)[0].status == "done"
    assert state.reader.known("corp", HERE).users["a"].applied["title"] == "x"


READING = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xyz"), max_size=4)


@given(st.lists(st.tuples(READING, st.dictionaries(st.sampled_from("gh"), st.sets(st.sampled_from("abcd"))))))
def test_the_last_reading_is_what_is_known(
    tmp_path_factory: pytest.TempPathFactory, readings: list[tuple[dict[str, str], dict[str, set[str]]]]
) -> None:
    with State(tmp_path_factory.mktemp("state") / "bridge.db") as state:
        for users, groups in readings:
            people = [resource("user", name, title=title) for name, title in users.items()]
            seen = inventory(*people, *(resource("group", name) for name in groups))
            members = {name: frozenset(who & users.keys()) for name, who in groups.items()}
            state.observe("corp", HERE, seen, members, MORNING)
            assert shown(state) == {**{n: {"title": t} for n, t in users.items()}, **{n: {} for n in groups}}
            assert state.reader.members(HERE, groups) == members


def test_what_was_seen_is_ours_after_a_run_but_for_what_others_changed_and_is_left_so(state: State) -> None:
    def end(*strays: tuple[str, str]) -> None:
        run_id = state.begin_run("corp", HERE, "sync")
        books = Bookkeeping(paired=(), forgotten=(), counts=SourceCounts(0, 0, 0), strays=frozenset(strays))
        state.finish(run_id, Ending(status="done"), (), books)

    everyone = inventory(A, B, resource("user", "t-c", userName="c"), G)

    def ours() -> frozenset[str]:
        return state.reader.members(HERE, ["t-g"], ours=True)["t-g"]

    state.observe("corp", HERE, everyone, {"t-g": frozenset({"t-a", "t-b"})}, MORNING)
    end(("t-g", "t-b"), ("t-g", "t-c"))  # b was put in by others; c, of whom a lost state knows nothing, was taken out
    assert ours() == {"t-a", "t-c"}
    assert state.reader.members(HERE, ["t-g"]) == {"t-g": {"t-a", "t-b"}}
    end(("t-g", "t-c"))
    assert ours() == {"t-a", "t-b", "t-c"}
    state.observe("corp", HERE, everyone, {"t-g": frozenset({"t-b"})}, MORNING)
    end(("t-g", "t-a"))
    assert ours() == {"t-a", "t-b"}
    end()
    assert ours() == {"t-b"}
    assert state.reader.members(HERE, ["t-g"]) == {"t-g": {"t-b"}}
    # Another connection's run without state took b for ours; this one reports b as put in by others.
    end(("t-g", "t-b"))
    assert ours() == frozenset()
