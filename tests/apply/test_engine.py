"""The engine against the emulator over HTTP: faults, refusals, order, and what is said of each operation."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from scim_bridge.apply.engine import Applied, Ground, Work, apply
from scim_bridge.errors import CredentialsRefused, Refused
from scim_bridge.model.operation import Change, Member, Operation, Outcome
from scim_bridge.model.operation_kind import OperationKind, Phase
from scim_bridge.sandbox.fault import Fault, FaultKind
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.target.client import ScimClient
from scim_bridge.target.identity_center import IDENTITY_CENTER
from scim_bridge.target.rate import Rate
from scim_bridge.target.retry import Patience
from scim_bridge.target.scim import ScimTarget
from tests.builders import group, on_target, user
from tests.fakes import FakeClock, MemoryTarget, Write


class Notes:
    """A journal that keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[Outcome] = []
        self.done_before: list[Outcome] = []

    def begin(self, operation: Operation) -> None:
        self.begun.append(operation.id)

    def end(self, operation: Operation, outcome: Outcome) -> None:
        assert operation.id in self.begun, "answered before it was on record"
        self.ended.append(outcome)

    def finished(self) -> list[Outcome]:
        return self.done_before


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def target(sandbox: Sandbox) -> Iterator[ScimTarget]:
    clock, token = FakeClock(), sandbox.token
    client = ScimClient(sandbox.url, lambda: token, Rate(100_000), Patience(clock=clock, wait=clock.wait))
    with ScimTarget(client, IDENTITY_CENTER, clock) as opened:
        yield opened


def _user(name: str, after: tuple[str, ...] = ()) -> Operation:
    values = {"externalId": name, "userName": name, "name.givenName": "g", "name.familyName": "f", "displayName": name}
    changes: dict[str, Change] = {path: (None, value) for path, value in values.items()} | {"active": (None, True)}
    return Operation(
        id=f"create {name}",
        kind="create_user",
        phase=Phase.USERS,
        source_id=name,
        target_id=None,
        subject=name,
        reason="new",
        changes=changes,
        after=after,
    )


def _group(name: str) -> Operation:
    changes: dict[str, Change] = {"externalId": (None, name), "displayName": (None, name)}
    return Operation(
        id=f"create {name}",
        kind="create_group",
        phase=Phase.GROUPS,
        source_id=name,
        target_id=None,
        subject=name,
        reason="new",
        changes=changes,
    )


def _members(kind: OperationKind, group: str, *members: Member) -> Operation:
    phase = Phase.GRANT if kind == "add_members" else Phase.REVOKE
    return Operation(
        id=f"{kind} {group}",
        kind=kind,
        phase=phase,
        source_id=group,
        target_id=None,
        subject=group,
        reason="why",
        members=members,
    )


def _run(target: ScimTarget, *operations: Operation, notes: Notes | None = None, work: Work | None = None) -> Applied:
    return apply(operations, target, notes or Notes(), Ground(), work or Work(threads=4))


def _statuses(applied: Applied) -> list[str]:
    return [outcome.status for outcome in applied.outcomes]


def test_users_groups_and_members_land_in_that_order(sandbox: Sandbox, target: ScimTarget) -> None:
    add = _members("add_members", "g", Member("a", None, "a"), Member("b", None, "b"))
    applied = _run(target, _user("a"), _user("b"), _group("g"), add)
    assert applied.has_succeeded
    assert len(next(iter(sandbox.state()["members"].values()))) == 2
    assert sandbox.counts.invalid == 0


@pytest.mark.parametrize("kind", ["cut_before", "cut_after", "error", "throttle"])
def test_a_fault_on_a_create_never_makes_two(sandbox: Sandbox, target: ScimTarget, kind: str) -> None:
    sandbox.fail(Fault(kind=kind, method="POST", left=1))  # type: ignore[arg-type]
    applied = _run(target, _user("a"))
    assert _statuses(applied) == ["done"]
    held = sandbox.state()["users"]
    assert [user["id"] for user in held] == [applied.outcomes[0].target_id]


def test_a_name_that_somebody_else_took_meanwhile_holds_that_one(sandbox: Sandbox, target: ScimTarget) -> None:
    name = {"givenName": "g", "familyName": "f"}
    sandbox.seed({"users": [{"userName": "A", "name": name, "displayName": "x", "active": True}]})
    applied = _run(target, _user("a"), _user("b"))
    assert _statuses(applied) == ["held", "done"]
    assert applied.outcomes[0].conflict_kind == "user_name_taken"
    assert "userName 'a' is held by A (" in applied.outcomes[0].detail


def test_of_a_hundred_members_only_the_refused_one_is_held(sandbox: Sandbox, target: ScimTarget) -> None:
    people = [_user(f"u{number}") for number in range(99)]
    members = [Member(f"u{number}", None, f"u{number}") for number in range(99)]
    ghost = Member(None, "00000000-0000-4000-8000-000000000000", "ghost")
    add = _members("add_members", "g", *members[:50], ghost, *members[50:])
    applied = _run(target, *people, _group("g"), add)
    outcome = applied.outcomes[-1]
    assert (outcome.status, outcome.refused) == ("held", (ghost,))
    assert len(next(iter(sandbox.state()["members"].values()))) == 99


def test_the_door_is_shut_even_if_what_rides_along_is_refused(sandbox: Sandbox, target: ScimTarget) -> None:
    _run(target, _user("a"), _user("b"))
    ids = {user["userName"]: user["id"] for user in sandbox.state()["users"]}
    changes: dict[str, Change] = {"active": (True, False), "userName": ("a", "b")}
    shut = Operation(
        id="o",
        kind="deactivate_user",
        phase=Phase.REVOKE,
        source_id="a",
        target_id=ids["a"],
        subject="a",
        reason="left",
        changes=changes,
    )
    outcome = _run(target, shut).outcomes[0]
    assert (outcome.status, outcome.landed) == ("held", ("active",))
    assert next(u for u in sandbox.state()["users"] if u["id"] == ids["a"])["active"] is False


def test_the_door_is_shut_before_it_is_looked_for_who_holds_a_name(sandbox: Sandbox, target: ScimTarget) -> None:
    _run(target, _user("a"), _user("b"))
    ids = {user["userName"]: user["id"] for user in sandbox.state()["users"]}
    sandbox.forget_requests()
    changes: dict[str, Change] = {"active": (True, False), "userName": ("a", "b"), "emails": (None, "b@corp.example")}
    shut = Operation(
        id="o",
        kind="deactivate_user",
        phase=Phase.REVOKE,
        source_id="a",
        target_id=ids["a"],
        subject="a",
        reason="left",
        changes=changes,
    )
    outcome = _run(target, shut).outcomes[0]
    assert [request.method for request in sandbox.requests][:3] == ["PATCH", "PATCH", "GET"]
    assert (outcome.conflict_kind, outcome.landed) == ("user_name_taken", ("active",))


def test_a_stop_while_it_is_looked_for_who_holds_a_name_leaves_the_door_shut(
    sandbox: Sandbox, target: ScimTarget
) -> None:
    _run(target, _user("a"))
    user_id = sandbox.state()["users"][0]["id"]
    sandbox.fail(Fault(kind="error", method="PATCH", status=409, left=1))
    changes: dict[str, Change] = {"active": (True, False), "userName": ("a", "b")}
    shut = Operation(
        id="o",
        kind="deactivate_user",
        phase=Phase.REVOKE,
        source_id="a",
        target_id=user_id,
        subject="a",
        reason="left",
        changes=changes,
    )
    work = Work(is_stopping=lambda: sandbox.requests[-1].method == "GET")
    outcome = _run(target, shut, work=work).outcomes[0]
    assert (outcome.status, outcome.landed) == ("failed", ("active",))
    assert sandbox.state()["users"][0]["active"] is False


@pytest.mark.parametrize(("kind", "status"), [("refuse_after", "done"), ("error", "held")])
def test_a_rename_of_a_group_that_is_refused_is_looked_at(
    sandbox: Sandbox, target: ScimTarget, kind: FaultKind, status: str
) -> None:
    """A 400 on PATCH of a group does not prove that nothing changed (docs/identity-center.md §7.2)."""
    _run(target, _group("g"))
    group_id = sandbox.state()["groups"][0]["id"]
    sandbox.fail(Fault(kind=kind, method="PATCH", path="Groups", status=400))
    changes: dict[str, Change] = {"displayName": ("g", "renamed")}
    rename = Operation(
        id="o",
        kind="update_group",
        phase=Phase.GROUPS,
        source_id="g",
        target_id=group_id,
        subject="g",
        reason="why",
        changes=changes,
    )
    assert _statuses(_run(target, rename)) == [status]


def test_who_waits_for_a_refused_one_is_not_sent(sandbox: Sandbox, target: ScimTarget) -> None:
    name = {"givenName": "g", "familyName": "f"}
    sandbox.seed({"users": [{"userName": "a", "name": name, "displayName": "x", "active": True}]})
    applied = _run(target, _user("a"), _user("b", after=("create a",)), _user("c", after=("create b",)))
    assert _statuses(applied) == ["held", "not_sent", "not_sent"]
    assert applied.outcomes[1].detail == "it needs create a, which did not succeed"


def test_a_token_that_dies_stops_the_sending_and_every_operation_has_an_outcome(
    sandbox: Sandbox, target: ScimTarget
) -> None:
    people = [_user(f"u{number}") for number in range(30)]
    seen: list[str] = []

    def progress(step: str, done: int, total: int | None) -> None:
        seen.append(step)
        if done == 5:
            sandbox.app.identity = type(sandbox.app.identity)(tokens=("another",))

    applied = _run(target, *people, work=Work(threads=2, progress=progress))
    assert isinstance(applied.stopped, CredentialsRefused)
    assert len(applied.outcomes) == 30
    assert set(_statuses(applied)) == {"done", "failed", "not_sent"}


def test_a_stop_request_ends_it_between_two_writes(sandbox: Sandbox, target: ScimTarget) -> None:
    people = [_user(f"u{number}") for number in range(30)]
    applied = _run(target, *people, work=Work(threads=1, is_stopping=lambda: len(sandbox.app.store.users.by_id) >= 5))
    assert 5 <= len(sandbox.state()["users"]) < 30
    assert _statuses(applied).count("not_sent") == 30 - len(sandbox.state()["users"])


def test_what_gets_no_turn_since_the_run_is_to_stop_cuts_the_run(sandbox: Sandbox) -> None:
    """It may have been tried before. Whether that had an effect is for the next run to find out."""
    token = sandbox.token
    client = ScimClient(sandbox.url, lambda: token, Rate(100_000, is_stopping=lambda: True))
    with ScimTarget(client, IDENTITY_CENTER) as target:
        applied = _run(target, _user("a"), _user("b", after=("create a",)))
    assert (applied.is_cut, applied.stopped, _statuses(applied)) == (True, None, ["failed", "not_sent"])
    assert sandbox.counts.writes == 0


def test_what_an_earlier_run_of_the_plan_did_is_not_sent_again(sandbox: Sandbox, target: ScimTarget) -> None:
    first = _run(target, _user("a"), _group("g"))
    sandbox.forget_requests()
    notes = Notes()
    notes.done_before = list(first.outcomes)
    add = _members("add_members", "g", Member("a", None, "a"))
    applied = _run(target, _user("a"), _group("g"), add, notes=notes)
    assert applied.has_succeeded
    assert notes.begun == ["add_members g"]
    assert sandbox.counts.writes == 1


def test_who_was_found_locked_before_a_plan_was_cut_gets_nothing_when_it_goes_on(
    sandbox: Sandbox, target: ScimTarget
) -> None:
    """The journal says that the user is there; that somebody had locked the user, only the target tells."""
    name = {"givenName": "g", "familyName": "f"}
    sandbox.seed({"users": [{"externalId": "a", "userName": "a", "name": name, "displayName": "x", "active": False}]})
    first = _run(target, _user("a"), _group("g"))
    assert first.outcomes[0].found_locked
    notes = Notes()
    notes.done_before = [
        Outcome(operation_id=o.operation_id, status="done", target_id=o.target_id, request_id=o.request_id)
        for o in first.outcomes
    ]
    add = _members("add_members", "g", Member("a", None, "a"))
    ground = Ground(inventory=target.read())
    applied = apply((_user("a"), _group("g"), add), target, notes, ground, Work(threads=4))
    assert "is inactive on the target, so the membership waits" in applied.outcomes[2].detail
    assert list(sandbox.state()["members"].values()) == [[]]


def test_a_manager_who_is_refused_keeps_nobody_out(sandbox: Sandbox, target: ScimTarget) -> None:
    name = {"givenName": "g", "familyName": "f"}
    sandbox.seed({"users": [{"userName": "boss", "name": name, "displayName": "x", "active": True}]})
    report = _user("report", after=("create boss",))
    changes = {**report.changes, "enterprise.manager": (None, "boss")}
    applied = _run(target, _user("boss"), replace(report, changes=changes))
    assert _statuses(applied) == ["held", "done"]
    assert "enterprise.manager" not in (applied.outcomes[1].landed or ())


def test_an_email_that_somebody_holds_is_left_out_and_all_else_lands(sandbox: Sandbox, target: ScimTarget) -> None:
    other = {
        "userName": "other",
        "name": {"givenName": "g", "familyName": "f"},
        "displayName": "x",
        "emails": [{"value": "A@corp.example", "type": "work", "primary": True}],
        "active": True,
    }
    sandbox.seed({"users": [other]})
    wanted = _user("a")
    applied = _run(target, replace(wanted, changes={**wanted.changes, "emails": (None, "a@corp.example")}))
    outcome = applied.outcomes[0]
    assert (outcome.status, outcome.conflict_kind) == ("held", "email_taken")
    assert "is held by other (" in outcome.detail
    created = next(user for user in sandbox.state()["users"] if user["userName"] == "a")
    assert created["id"] == outcome.target_id
    assert not created.get("emails")


def test_a_deactivation_of_somebody_who_is_gone_is_done(sandbox: Sandbox, target: ScimTarget) -> None:
    gone = "00000000-0000-4000-8000-000000000000"
    shut = Operation(
        id="o",
        kind="deactivate_user",
        phase=Phase.REVOKE,
        source_id="a",
        target_id=gone,
        subject="a",
        reason="left",
        changes={"active": (True, False)},
    )
    assert _statuses(_run(target, shut)) == ["done"]


def test_who_fell_out_of_a_group_by_a_refused_request_is_put_back() -> None:
    target = MemoryTarget()
    people = [user(f"u{number}") for number in range(5)]
    for person in people:
        target.put(on_target(f"t-{person.source_id}", person))
    target.put(on_target("g", group("g")), "t-u0", "t-u1", "t-u2")

    def empty_and_refuse(write: Write) -> None:
        if "t-u4" in write.members:
            target.members["g"].clear()
            raise Refused("400 with effect")

    target.before = empty_and_refuse
    members = tuple(Member(f"u{number}", f"t-u{number}", f"u{number}") for number in (3, 4))
    add = Operation(
        id="add",
        kind="add_members",
        phase=Phase.GRANT,
        source_id="g",
        target_id="g",
        subject="g",
        reason="why",
        members=members,
    )
    ground = Ground(members={"g": frozenset({"t-u0", "t-u1", "t-u2"})})
    applied = apply([add], target, Notes(), ground, Work())
    assert applied.outcomes[0].refused == (members[1],)
    assert target.members["g"] == {"t-u0", "t-u1", "t-u2", "t-u3"}


def _five_in_memory() -> tuple[MemoryTarget, list[Member]]:
    target = MemoryTarget()
    for number in range(5):
        target.put(on_target(f"t-u{number}", user(f"u{number}")))
    target.put(on_target("g", group("g")), "t-u0")
    return target, [Member(f"u{number}", f"t-u{number}", f"u{number}") for number in range(5)]


def test_whose_refused_addition_was_carried_out_after_an_honest_refusal_is_not_held() -> None:
    target, members = _five_in_memory()

    def refuse(write: Write) -> None:
        if len(write.members) > 1:
            raise Refused("400 without effect")

    def refuse_after(write: Write) -> None:
        raise Refused("400 with effect")

    target.before, target.after = refuse, refuse_after
    add = Operation(
        id="add",
        kind="add_members",
        phase=Phase.GRANT,
        source_id="g",
        target_id="g",
        subject="g",
        reason="why",
        members=tuple(members[3:]),
    )
    applied = apply([add], target, Notes(), Ground(members={"g": frozenset({"t-u0"})}), Work())
    assert _statuses(applied) == ["done"]
    assert target.members["g"] == {"t-u0", "t-u3", "t-u4"}


def test_who_came_in_by_a_refused_request_is_put_back_when_a_later_one_empties_the_group() -> None:
    target, members = _five_in_memory()

    def empty_and_refuse(write: Write) -> None:
        if "t-u4" in write.members:
            target.members["g"].clear()
            raise Refused("400 with effect")

    def refuse_after(write: Write) -> None:
        if write.members == ("t-u2", "t-u3"):
            raise Refused("400 with effect")

    target.before, target.after = empty_and_refuse, refuse_after
    adds = [
        Operation(
            id=f"add {part}",
            kind="add_members",
            phase=Phase.GRANT,
            source_id="g",
            target_id="g",
            subject="g",
            reason="why",
            members=tuple(part),
        )
        for part in (members[2:4], members[1:2] + members[4:])
    ]
    applied = apply(adds, target, Notes(), Ground(members={"g": frozenset({"t-u0"})}), Work(threads=1))
    assert _statuses(applied) == ["done", "held"]
    assert target.members["g"] == {"t-u0", "t-u1", "t-u2", "t-u3"}


def test_who_is_found_shut_at_a_create_stays_so_and_gets_no_grants(sandbox: Sandbox, target: ScimTarget) -> None:
    name = {"givenName": "g", "familyName": "f"}
    sandbox.seed({"users": [{"userName": "a", "externalId": "a", "name": name, "displayName": "a", "active": False}]})
    add = _members("add_members", "g", Member("a", None, "a"), Member("b", None, "b"))
    alone = _members("add_members", "h", Member("a", None, "a"))
    applied = _run(target, _user("a"), _user("b"), _group("g"), _group("h"), add, alone)
    state = sandbox.state()
    ids = {user["userName"]: user["id"] for user in state["users"]}
    assert [user["active"] for user in state["users"] if user["userName"] == "a"] == [False]
    assert [member for members in state["members"].values() for member in members] == [ids["b"]]
    assert applied.outcomes[0].shown == {"active": False}, "or the next run takes it for active"
    assert applied.outcomes[-2].refused == (Member("a", None, "a"),)
    assert applied.outcomes[-1].status == "not_sent"
    assert not applied.has_succeeded


def test_who_is_to_be_created_shut_and_is_found_open_is_shut(sandbox: Sandbox, target: ScimTarget) -> None:
    name = {"givenName": "g", "familyName": "f"}
    sandbox.seed({"users": [{"userName": "a", "externalId": "a", "name": name, "displayName": "a", "active": True}]})
    create = _user("a")
    _run(target, replace(create, changes={**create.changes, "active": (None, False)}))
    assert [user["active"] for user in sandbox.state()["users"]] == [False]
