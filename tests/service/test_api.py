"""The API as a program uses it: what it answers, what it refuses and how, and what an order leaves behind."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from scim_bridge.access.graph import access_rows
from scim_bridge.model.access import AccessReading, Account, Allowed, Edge, Instance, People, PermissionSet, Person
from scim_bridge.model.actor import Actor
from scim_bridge.model.identity import TargetKey
from scim_bridge.model.operation import Outcome
from scim_bridge.plan.plan_file import fingerprint, from_bytes, to_bytes
from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.access_memory import keep_reading
from scim_bridge.state.writer import State
from tests.builders import directory, group, planned, target, user
from tests.service.seed import NOON, Seeder, busy_plan, quiet_plan, tripping_plan
from tests.service.sign_in import signed_in

API = "/api/v1"
ANN = Actor("ann@corp.example", "page")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A state with a quiet run, a busy one with conflicts, and a stopped one whose plan is kept."""
    seeder = Seeder(tmp_path_factory.mktemp("state") / "scim-bridge.db")
    seeder.run(quiet_plan())
    busy = busy_plan()
    held = Outcome(operation_id=busy.operations[-1].id, status="held", detail="refused", request_id="r-7")
    seeder.run(busy, [held])
    stopped = replace(tripping_plan(), connection="osaka")
    osaka = Seeder(seeder.path, "osaka")
    run = osaka.stopped(stopped)
    with State(seeder.path, seeder.clock) as state:
        state.keep_trip(run, "osaka", stopped.verdict)
        state.plans.keep(stopped, fingerprint=fingerprint(stopped), document=to_bytes(stopped), by=ANN, run=run)
    shown = Shown(seeder.path, {"corp": None, "lab": None, "osaka": None}, lambda: NOON)
    with Served(create_app(shown), ("127.0.0.1", 0)) as pages:
        yield pages.url, seeder.path


@pytest.fixture(scope="module")
def api(served: tuple[str, Path]) -> Iterator[httpx.Client]:
    with signed_in(*served, "approver", NOON) as client:
        yield client


@pytest.fixture(scope="module")
def operator(served: tuple[str, Path]) -> Iterator[httpx.Client]:
    with signed_in(*served, "operator", NOON) as client:
        yield client


def _all(api: httpx.Client, path: str, **asked: object) -> list[dict[str, object]]:
    """The items of every page."""
    found, cursor = [], None
    while True:
        given = asked | ({"cursor": cursor} if cursor else {})
        answer = api.get(f"{API}{path}", params=given).raise_for_status().json()  # type: ignore[arg-type]
        found += answer["items"]
        cursor = answer["next"]
        if cursor is None:
            return found


def _assert_problem(answer: httpx.Response, status: int, said: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status
    assert said in answer.json()["detail"]


def test_a_connection_says_how_it_is_in_a_word_and_a_sentence(api: httpx.Client) -> None:
    corp, lab, osaka = api.get(f"{API}/connections").json()["items"]
    assert (osaka["name"], osaka["state"], osaka["needs_you"]) == ("osaka", "blocked", True)
    assert "nothing was written" in osaka["sentence"]
    assert (lab["state"], lab["last_run"], lab["counts"]) == ("never_run", None, {})
    assert api.get(f"{API}/connections/corp").json() == corp
    _assert_problem(api.get(f"{API}/connections/nowhere"), 404, "there is no connection nowhere")


def test_a_list_comes_page_by_page_and_loses_nothing(api: httpx.Client) -> None:
    assert [run["id"] for run in _all(api, "/runs", limit=1)] == [3, 2, 1]
    assert [run["id"] for run in _all(api, "/runs", status="done", limit=1)] == [2, 1]
    whole = _all(api, "/runs/2/operations")
    assert len(whole) > 10
    assert _all(api, "/runs/2/operations", limit=3) == whole
    assert [each["number"] for each in _all(api, "/audit", limit=1)] == [each["number"] for each in _all(api, "/audit")]


@pytest.mark.parametrize("cursor", ["x", "!!", "WyJhIl0", "LTE", "dHJ1ZQ", "bnVsbA=", "1e999"])
def test_a_cursor_of_ones_own_making_is_refused(cursor: str, api: httpx.Client) -> None:
    for path in ("/runs", "/conflicts", "/plans/1/operations", "/people?connection=corp"):
        answer = api.get(f"{API}{path}", params={"cursor": cursor, "connection": "corp"})
        assert answer.status_code in (200, 422)
        if answer.status_code == 422:
            _assert_problem(answer, 422, "`cursor` is not one of this API")


def test_operations_are_found_by_whom_they_are_about(api: httpx.Client) -> None:
    everything = _all(api, "/runs/2/operations")
    leaver = _all(api, "/runs/2/operations", person="Y.TAKAHASHI")
    assert {each["kind"] for each in leaver} == {"deactivate_user", "remove_members"}
    assert [each["kind"] for each in _all(api, "/runs/2/operations", group="監査")] == ["create_group", "add_members"]
    assert [each["kind"] for each in _all(api, "/runs/2/operations", kind="create_group")] == ["create_group"]
    (held,) = _all(api, "/runs/2/operations", outcome="held")
    assert held["outcome"]["request_id"] == "r-7"  # type: ignore[index]
    assert _all(api, "/runs/2/operations", q="no such name") == []
    assert _all(api, "/runs/2/operations", q="reason") == [], "the keys of the document are no names"
    assert _all(api, "/runs/2/operations", q="new.3", limit=1) == [
        each for each in everything if "new.3@" in str(each["subject"]) or "new.3@" in str(each.get("members"))
    ]


def test_a_run_has_what_is_kept_beside_it(api: httpx.Client) -> None:
    run = api.get(f"{API}/runs/3").json()
    assert (run["status"], run["plan"], run["order"], run["progress"]) == ("stopped_by_guard", 1, None, None)
    assert api.get(f"{API}/runs/2").json()["outcomes"]["held"] == 1
    _assert_problem(api.get(f"{API}/runs/99"), 404, "there is no run 99")


def test_a_kept_plan_is_its_document_and_its_operations(api: httpx.Client) -> None:
    plan = api.get(f"{API}/plans/1").json()
    stopped = tripping_plan()
    assert (plan["made_by"], plan["run"], plan["guard"]) == (
        ANN.name, 3, [trip.sentence for trip in stopped.verdict.tripped]
    )  # fmt: skip
    assert plan["document"]["guard"]["passed"] is False
    assert "operations" not in plan["document"]
    found = _all(api, "/plans/1/operations", limit=1)
    assert [each["id"] for each in found] == [operation.id for operation in stopped.operations]
    one = stopped.operations[0]
    assert [each["id"] for each in _all(api, "/plans/1/operations", q=one.subject.upper())] == [one.id]
    assert _all(api, "/plans/1/operations", kind="create_user") == []


def test_the_document_of_a_plan_without_operations_is_read_too(tmp_path: Path) -> None:
    from scim_bridge.view.plan_document import Filter, operations_of, outline_of

    for plan in (quiet_plan(), busy_plan(), planned(directory(user("a"), group("g", displayName="],\n {")), target())):
        saved = to_bytes(plan)
        pieces = [saved[at : at + 7] for at in range(0, len(saved), 7)]  # wherever they are cut
        assert [each["id"] for _, each in operations_of(pieces, Filter(), 100)] == [o.id for o in plan.operations]
        head = outline_of(lambda: [saved]).head  # noqa: B023 - called at once
        assert (head["summary"], head["version"], len(head["conflicts"])) == (plan.summary, 1, len(plan.conflicts))
        assert from_bytes(saved, "x").basis == plan.basis


def test_people_are_found_by_how_their_name_begins_and_by_id(api: httpx.Client) -> None:
    names = [str(one["name"]) for one in _all(api, "/people", connection="corp", q="NEW.", limit=3)]
    assert names == [f"new.{n}@corp.example" for n in range(8)]
    (one,) = _all(api, "/people", connection="corp", q="k.suzuki")
    assert _all(api, "/people", connection="corp", q=one["target_id"]) == [one]
    assert {one["kind"] for one in _all(api, "/people", connection="corp", q="監")} == {"group"}
    _assert_problem(api.get(f"{API}/people", params={"connection": "x"}), 404, "there is no connection x")


def test_who_has_an_answer_already_gets_none_again(api: httpx.Client) -> None:
    first = api.get(f"{API}/runs")
    known = {"If-None-Match": first.headers["etag"]}
    assert (api.get(f"{API}/runs", headers=known).status_code, api.get(f"{API}/runs", headers=known).content) == (
        304,
        b"",
    )
    assert api.get(f"{API}/connections", headers=known).status_code == 200


def test_an_order_is_placed_once_for_each_key(operator: httpx.Client) -> None:
    asked = {"connection": "corp", "kind": "only", "subjects": ["b.sato"]}
    key = {"Idempotency-Key": "k-1"}
    first = operator.post(f"{API}/orders", json=asked, headers=key)
    assert (first.status_code, first.json()["status"], first.json()["placed_via"]) == (202, "waiting", "page")
    assert first.headers["location"] == f"{API}/orders/{first.json()['id']}"
    assert operator.post(f"{API}/orders", json=asked, headers=key).json() == first.json()
    other = operator.post(f"{API}/orders", json=asked | {"subjects": ["k.suzuki"]}, headers=key)
    _assert_problem(other, 422, "came before with another request")
    assert operator.get(first.headers["location"]).json() == first.json()
    cancelled = operator.post(f"{API}/orders/{first.json()['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    again = operator.post(f"{API}/orders/{first.json()['id']}/cancel")
    _assert_problem(again, 409, "has ended, so it cannot be cancelled")


def test_only_an_approver_approves(operator: httpx.Client, api: httpx.Client) -> None:
    asked = {"connection": "osaka", "kind": "sync", "approve": {"note": "they left"}}
    _assert_problem(operator.post(f"{API}/orders", json=asked), 403, "The role approver may do this")
    for kind, about in (("rollback", {"roll_back": 2}), ("apply", {"plan": 1})):
        asked_so = {"connection": "osaka", "kind": kind} | about
        _assert_problem(operator.post(f"{API}/orders", json=asked_so), 403, "The role approver may do this")
    placed = api.post(f"{API}/orders", json=asked)
    assert (placed.status_code, placed.json()["approved"], placed.json()["note"]) == (202, True, "they left")
    entry = api.get(f"{API}/audit", params={"limit": 1}).json()["items"][0]
    assert (entry["action"], entry["detail"]) == ("sync", "approved: they left")


def test_a_plan_that_limits_stopped_needs_an_approval_and_can_be_declined(api: httpx.Client) -> None:
    _assert_problem(api.post(f"{API}/plans/1/apply", json={}), 409, "was stopped by limits")
    for note in ("", " "):
        _assert_problem(api.post(f"{API}/plans/1/apply", json={"approve": {"note": note}}), 422, "needs a note")
        asked = {"connection": "osaka", "kind": "sync", "approve": {"note": note}}
        _assert_problem(api.post(f"{API}/orders", json=asked), 422, "needs a note")
    placed = api.post(f"{API}/plans/1/apply", json={"approve": {"note": "ok"}})
    assert (placed.status_code, placed.json()["kind"], placed.json()["plan"]) == (202, "apply", 1)
    declined = api.post(f"{API}/plans/1/decline", json={"reason": "half of sales stays"})
    assert (declined.status_code, declined.json()["note"]) == (200, "half of sales stays")
    _assert_problem(api.post(f"{API}/plans/1/apply", json={"approve": {}}), 409, "was declined by")
    _assert_problem(
        api.post(f"{API}/orders", json={"connection": "osaka", "kind": "sync", "approve": {}}),
        409,
        "waits for an approval",
    )


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"connection": "nowhere", "kind": "sync"}, 404, "no connection nowhere"),
        ({"connection": "corp", "kind": "dance"}, 422, "body.kind"),
        ({"connection": "corp", "kind": "only"}, 422, "names users or groups"),
        ({"connection": "corp", "kind": "sync", "subjects": ["a"]}, 422, "names users or groups"),
        ({"connection": "corp", "kind": "only", "subjects": [""]}, 422, "1 to 100 names"),
        ({"connection": "corp", "kind": "apply", "plan": 99}, 404, "no kept plan 99"),
        ({"connection": "corp", "kind": "rollback", "roll_back": 99}, 404, "no run 99"),
        ({"connection": "lab", "kind": "rollback", "roll_back": 2}, 404, "no run 2"),
        ({"connection": "corp", "kind": "rollback", "roll_back": 2}, 422, "a rollback needs a note"),
        ({"connection": "corp", "kind": "rollback", "roll_back": 2, "approve": {"note": " "}}, 422, "needs a note"),
        ({"connection": "corp", "kind": "plan", "approve": {}}, 422, "needs no approval"),
        ({"connection": "corp", "kind": "sync", "force": True}, 422, "body.force"),
        ({"connection": "corp", "kind": "sync", "approve": {"note": "x" * 2_001}}, 422, "body.approve.note"),
        ([], 422, "body"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(asked: object, status: int, said: str, api: httpx.Client) -> None:
    _assert_problem(api.post(f"{API}/orders", json=asked), status, said)


def test_whatever_goes_wrong_is_a_problem_document(api: httpx.Client, served: tuple[str, Path]) -> None:
    _assert_problem(api.get(f"{API}/nowhere"), 404, "There is no such path; GET /api/v1/openapi.json lists them.")
    _assert_problem(api.delete(f"{API}/runs"), 405, "This path does not take that method; GET")
    _assert_problem(api.get(f"{API}/runs/abc"), 422, "path.run_id")
    _assert_problem(api.get(f"{API}/runs", params={"limit": 0}), 422, "query.limit")
    _assert_problem(api.post(f"{API}/orders", content=b"{", headers={"Content-Type": "application/json"}), 422, "body")
    with httpx.Client(base_url=served[0]) as stranger:
        _assert_problem(stranger.get(f"{API}/runs"), 401, "Authorization: Bearer")


def test_what_the_pages_can_order_the_api_can_order_too(api: httpx.Client, operator: httpx.Client) -> None:
    mapping = (Path(__file__).parents[2] / "mappings" / "csv.yaml").read_text(encoding="utf-8")
    asked = {"connection": "corp", "kind": "compare_mapping", "mapping": mapping}
    placed = operator.post(f"{API}/orders", json=asked)
    assert (placed.status_code, placed.json()["kind"]) == (202, "compare_mapping")
    _assert_problem(operator.get(f"{placed.headers['location']}/answer"), 404, "no answer of order")
    report = {"connection": "corp", "kind": "switch_report", "to": "external"}
    assert operator.post(f"{API}/orders", json=report).status_code == 202
    for wrong, why in (
        ({**asked, "mapping": "users: ["}, "line 1"),
        ({**asked, "mapping": ""}, "takes `mapping`"),
        ({**report, "to": None}, "takes `to`"),
        ({"connection": "corp", "kind": "sync", "to": "external"}, "no other order does"),
    ):
        _assert_problem(operator.post(f"{API}/orders", json=wrong), 422, why)


@pytest.mark.parametrize("path", ["runs", "orders", "plans", "conflicts", "audit", "access", "people"])
def test_a_list_of_a_connection_that_is_not_there_is_not_an_empty_one(path: str, api: httpx.Client) -> None:
    _assert_problem(api.get(f"{API}/{path}", params={"connection": "x"}), 404, "there is no connection x")
    assert api.get(f"{API}/{path}", params={"connection": "lab"}).json()["items"] == []


@pytest.mark.parametrize(("path", "named"), [
    ("runs/2/operations?kind=bogus", "create_user"), ("runs/2/operations?outcome=bogus", "superseded"),
    ("plans/1/operations?kind=bogus", "create_user"), ("conflicts?kind=bogus", "not_answered"),
    ("runs?status=bogus", "stopped_by_guard"),
])  # fmt: skip
def test_a_filter_that_fits_nothing_there_is_names_what_does(path: str, named: str, api: httpx.Client) -> None:
    _assert_problem(api.get(f"{API}/{path}"), 422, named)


def test_a_body_that_needs_nothing_may_be_left_out(api: httpx.Client) -> None:
    assert api.post(f"{API}/connections/lab/pause").json()["paused"] is True
    assert api.post(f"{API}/connections/lab/resume").json()["paused"] is False
    _assert_problem(api.post(f"{API}/plans/99/apply"), 404, "no kept plan 99")
    _assert_problem(api.post(f"{API}/plans/99/decline"), 404, "no kept plan 99")
    _assert_problem(api.post(f"{API}/conflicts/c-0/undo"), 404, "no conflict c-0")


def test_a_conflict_is_decided_by_key_or_kind_and_undone(operator: httpx.Client) -> None:
    (conflict, *_) = _all(operator, "/conflicts")
    assert "ignore" in conflict["decisions"]  # type: ignore[operator]
    path = f"{API}/conflicts/{conflict['key']}"
    _assert_problem(operator.post(f"{path}/undo", json={}), 409, "nothing is decided")
    _assert_problem(operator.post(f"{path}/resolve", json={"decision": "adopt"}), 422, "adopt cannot decide a conflict")
    _assert_problem(operator.post(f"{path}/resolve", json={"decision": "link"}), 422, "Give `link`")
    assert operator.post(f"{path}/resolve", json={"decision": "ignore", "note": "known"}).json() == {"conflicts": 1}
    (decided,) = _all(operator, "/conflicts", decided=True)
    assert (decided["resolution"], decided["note"], decided["resolved_by"]) == ("ignore", "known", "operator@test")
    assert operator.post(f"{path}/undo", json={}).status_code == 200
    assert _all(operator, "/conflicts", decided=True) == []
    all_of_kind = f"{API}/conflicts/{conflict['kind']}/resolve"
    assert operator.post(all_of_kind, json={"decision": "ignore"}).json()["conflicts"] >= 1
    _assert_problem(operator.post(f"{API}/conflicts/c-0/resolve", json={"decision": "ignore"}), 404, "no conflict c-0")


def test_a_schedule_is_stopped_and_goes_on(operator: httpx.Client) -> None:
    assert operator.post(f"{API}/connections/lab/pause", json={"reason": "a move"}).json()["paused"] is True
    lab = operator.get(f"{API}/connections/lab").json()
    assert (lab["state"], lab["paused_by"]) == ("paused", "operator@test")
    assert operator.post(f"{API}/connections/lab/resume").json()["paused"] is False
    assert operator.get(f"{API}/connections/lab").json()["state"] == "never_run"
    _assert_problem(operator.post(f"{API}/connections/x/pause", json={}), 404, "no connection x")


def test_access_comes_in_pages_and_by_user_account_and_permission_set(
    api: httpx.Client, served: tuple[str, Path]
) -> None:
    read = _reading()
    keep_reading(served[1], "lab", read)
    rows = _all(api, "/access", connection="lab", limit=1)
    assert {(row["user"], row["account"]) for row in rows} == {(row.user, row.account) for row in access_rows(read)}
    assert len(rows) == len(access_rows(read)) > 2
    for name, of_row in (("user", "user_id"), ("user", "user"), ("account", "account"), ("permission_set",) * 2):
        wanted = str(rows[0][of_row])
        found = _all(api, "/access", connection="lab", **{name: wanted.upper() if of_row == "user" else wanted})
        assert found == [row for row in rows if row[of_row] == wanted]
    asked = {"connection": "lab", "user": str(rows[0]["user"])}
    assert api.get(f"{API}/access", params=asked).json()["as_of"] == "2027-03-13T03:00:00Z"
    assert _all(api, "/access", connection="lab", user="no one") == []


def _reading() -> AccessReading:
    people = {f"u{n}": Person(f"u{n}", f"ann{n}@corp.example", "Ann") for n in range(3)}
    sets = {f"arn:{n}": PermissionSet(arn=f"arn:{n}", name=f"Set{n}", allowed=_READS, centrally=_READS) for n in "ab"}
    return AccessReading(
        as_of=NOON,
        instance=Instance("arn:i", "d-1"),
        people=People(people, {"g": "developers"}, {"g": frozenset(people)}),
        accounts={"1": Account("1", "production"), "2": Account("2", "test")},
        sets=sets,
        edges=frozenset({Edge("1", "arn:a", TargetKey("group", "g")), Edge("2", "arn:b", TargetKey("user", "u1"))}),
    )


_READS = Allowed("read", ("reads",))


def test_access_that_was_never_read_is_an_empty_list(api: httpx.Client) -> None:
    assert api.get(f"{API}/access", params={"connection": "corp"}).json() == {
        "as_of": None, "items": [], "next": None, "applications": [], "warnings": []
    }  # fmt: skip


def test_who_ordered_a_plan_does_not_approve_it_where_these_are_two_people(served: tuple[str, Path]) -> None:
    from scim_bridge.model.order import Approval, PlacedOrder
    from scim_bridge.service.orders import Desk, place
    from scim_bridge.service.refusal import NotNow
    from scim_bridge.state.kept_open import KeptOpen

    plan = replace(tripping_plan(), created="2027-03-13T04:00:00Z")
    with State(served[1]) as state:
        number = state.plans.keep(plan, fingerprint="another", document=to_bytes(plan), by=ANN)
    desk = Desk(KeptOpen(served[1]), ("corp",), is_separate=True)
    asked = PlacedOrder(connection="corp", kind="apply", plan=number, approval=Approval("ok"))
    with pytest.raises(NotNow, match="another person has to approve it"):
        place(desk, asked, ANN)
    assert place(desk, asked, Actor("bob", "api")) > 0
    desk.kept.close()


@pytest.mark.parametrize("name", ['a "b" \\ c', "100% _x", "Ünsal", "ЖУКОВ", "開発"])
def test_a_name_of_any_letters_is_found_however_it_is_written(name: str, tmp_path: Path) -> None:
    from scim_bridge.state.operation_search import OperationQuery

    seeder = Seeder(tmp_path / "scim-bridge.db")
    seeder.run(planned(directory(user("u1"), group("g1", displayName=f"x{name}y"), members={"g1": ["u1"]}), target()))
    with State(seeder.path) as state:
        for text in (name, name.lower(), name.upper()):
            found = state.reader.find_operations(1, OperationQuery(group=text), 10)
            assert [each.kind for each in found] == ["create_group", "add_members"], text
        assert state.reader.find_operations(1, OperationQuery(person=name), 10) == []
        assert state.reader.find_operations(1, OperationQuery(text="%"), 10) == (
            state.reader.find_operations(1, OperationQuery(group="%"), 10)
        )
