"""What people do on the pages: each button does what it says, and is there only for those who may press it."""

from datetime import timedelta
from pathlib import Path

import httpx
import orjson
import pytest

from scim_bridge.errors import PlanOutdated
from scim_bridge.model.actor import Actor, Role
from scim_bridge.model.order import Approval, OrderEnd, OrderKind, PlacedOrder
from scim_bridge.plan.plan_file import fingerprint, to_bytes
from scim_bridge.state.reader import open_reader
from scim_bridge.state.writer import Ending, State
from tests.service.conftest import Pages
from tests.service.seed import Seeder, busy_plan, hostile_plan, quiet_plan, tripping_plan
from tests.service.test_pages import seen

B_SATO = Actor("b.sato", "page", "127.0.0.1")


def keep(seeder: Seeder, *, is_stopped: bool, is_empty: bool = False) -> int:
    """A plan that waits for a decision."""
    plan = quiet_plan() if is_empty else tripping_plan() if is_stopped else hostile_plan()
    run = seeder.stopped(plan) if is_stopped else None
    with State(seeder.path, seeder.clock) as state:
        if is_stopped and run is not None:
            state.keep_trip(run, "corp", plan.verdict)
        return state.plans.keep(plan, fingerprint=fingerprint(plan), document=to_bytes(plan), by=B_SATO, run=run)


def last_order(path: Path) -> tuple[OrderKind, str]:
    (order,) = open_reader(path).orders.latest(1)
    return order.placed.kind, order.by.name


@pytest.mark.parametrize("kind", ["sync", "plan", "verify", "test_sign_in"])
def test_an_operator_orders_and_sees_what_became_of_it(kind: str, seeder: Seeder, pages: Pages) -> None:
    seeder.run(quiet_plan())
    client = pages(role="operator")
    answer = client.post("/connections/corp/order", data={"kind": kind})
    assert (answer.status_code, answer.headers["location"]) == (303, "/connections/corp?order=1")
    assert last_order(seeder.path) == (kind, "operator@test")
    said = seen(client.get(answer.headers["location"]).text)
    assert "· waiting Order 1 :" in said
    client.post("/orders/1/cancel")
    assert "cancelled Order 1" in seen(client.get("/connections/corp").text)


def test_what_is_being_carried_out_is_cancelled_once(seeder: Seeder, pages: Pages) -> None:
    with State(seeder.path, seeder.clock) as state:
        orders = [state.orders.place(PlacedOrder(connection="osaka", kind=kind), B_SATO) for kind in ("sync", "plan")]
        inside = state.orders.place(PlacedOrder(connection="osaka", kind="only", subjects=("b.sato",)), B_SATO)
        assert all(state.orders.take(number, "w1") for number in orders)
        record = state.orders.one(inside)
        assert record is not None
        assert state.orders.hand_over(record, "w1")
        ordered = state.begin_run("osaka", "endpoint", "sync", order_id=orders[0])
        by_command = state.begin_run("lab", "endpoint", "sync")
        state.schedule.follow({"corp": timedelta(hours=1)})
        assert state.schedule.claim("w1") is not None
        scheduled = state.begin_run("corp", "endpoint", "sync")
    client = pages(role="operator")

    def refused(path: str) -> str:
        answer = client.post(f"/api/v1/{path}/cancel")
        return f"{answer.status_code}: {answer.json()['detail']}"

    assert client.post(f"/runs/{ordered}/cancel").headers["location"] == f"/runs/{ordered}"
    order = client.get(f"/api/v1/orders/{orders[0]}").json()
    assert (order["status"], order["cancelled_by"]) == ("running", "operator@test")
    assert "is being cancelled already" in refused(f"runs/{ordered}")
    assert client.post(f"/orders/{orders[1]}/cancel").headers["location"] == "/connections/osaka?said=ending"
    said = seen(client.get("/connections/osaka?said=ending").text)
    assert ("The run ends between two writes." in said, said.count("being cancelled")) == (True, 2)
    assert "is being carried out by the run in progress" in refused(f"orders/{inside}")
    assert client.post(f"/api/v1/runs/{scheduled}/cancel").status_code == 200
    assert "is being cancelled already" in refused(f"runs/{scheduled}")
    assert refused(f"runs/{by_command}").startswith(f"409: run {by_command} is neither of the schedule nor of an order")
    assert refused("runs/9999") == "404: there is no run 9999."
    entries = client.get("/api/v1/audit").json()["items"]
    wanted = {f"order {number}" for number in orders} | {f"run {scheduled}"}
    assert {entry["subject"] for entry in entries if entry["action"] == "cancel"} == wanted


def test_a_run_in_progress_has_a_button_that_cancels_it(seeder: Seeder, pages: Pages) -> None:
    with State(seeder.path, seeder.clock) as state, state.lock("corp"):
        state.schedule.follow({"corp": timedelta(hours=1)})
        assert state.schedule.claim("w1") is not None
        run = state.begin_run("corp", "endpoint", "sync")
        client = pages(role="operator")
        assert "Cancel this run" in client.get(f"/runs/{run}").text
        assert "Cancel this run" not in pages(role="viewer").get(f"/runs/{run}").text
        client.post(f"/runs/{run}/cancel")
        said = client.get(f"/runs/{run}").text
        assert "Cancel this run" not in said
        assert "Cancelled by operator@test. The run ends between two writes." in seen(said)


def test_a_pause_has_a_reason_and_ends_by_a_button(seeder: Seeder, pages: Pages) -> None:
    seeder.run(quiet_plan())
    client = pages(role="operator")
    where = client.post("/connections/corp/pause", data={"reason": "change <freeze>"}).headers["location"]
    said = seen(client.get(where).text)
    assert "The schedule is stopped." in said
    assert "by operator@test: change <freeze>." in said
    assert client.post("/connections/corp/resume").headers["location"] == "/connections/corp?said=resumed"
    assert "In sync" in seen(client.get("/connections/corp").text)


def test_a_connection_may_have_any_name(tmp_path: Path, pages: Pages) -> None:
    name = "大阪/支社 <b>?#"
    seeder = Seeder(tmp_path / "scim-bridge.db", name)
    seeder.run(quiet_plan())
    client = pages({name: None})
    link = client.get("/").text.split('<h2 id="c-1"><a href="')[1].split('"')[0]
    page = client.get(link)
    assert page.status_code == 200
    assert name in seen(page.text)
    assert "<b>?#" not in page.text
    assert client.get(f"{link}/difference").status_code == 200
    assert client.post(f"{link}/order", data={"kind": "sync"}).headers["location"] == f"{link}?order=1"


def test_what_a_form_has_no_button_for_is_refused(seeder: Seeder, pages: Pages) -> None:
    seeder.run(quiet_plan())
    client = pages()
    assert client.post("/connections/corp/order", data={"kind": "rollback"}).status_code == 404
    assert client.post("/connections/nobody/order", data={"kind": "sync"}).status_code == 404
    assert "There is no connection nobody" in seen(client.get("/connections/nobody").text)
    silent = client.post("/runs/1/rollback", data={"note": " "})
    assert (silent.status_code, "a rollback needs a note" in seen(silent.text)) == (422, True)
    assert client.post("/runs/1/rollback", data={"note": "the source was wrong"}).status_code == 303
    placed = open_reader(seeder.path).orders.latest(9)[0].placed
    assert (placed.kind, placed.approval) == ("rollback", Approval("the source was wrong"))


def test_a_plan_that_is_empty_or_out_of_date_is_not_ordered(seeder: Seeder, pages: Pages) -> None:
    seeder.run(quiet_plan())
    empty, moved = keep(seeder, is_stopped=False, is_empty=True), keep(seeder, is_stopped=False)
    client = pages()

    def answers(number: int) -> list[tuple[int, str]]:
        by_page, by_api = client.post(f"/plans/{number}/apply"), client.post(f"/api/v1/plans/{number}/apply", json={})
        return [(by_page.status_code, seen(by_page.text)), (by_api.status_code, by_api.json()["detail"])]

    for status, said in answers(empty):
        assert (status, f"plan {empty} has nothing to do" in said) == (409, True)
    assert client.post(f"/plans/{moved}/apply").status_code == 303
    with State(seeder.path, seeder.clock) as state:
        (order,) = state.orders.open()
        assert state.orders.take(order.id, "worker")
        state.orders.end(order.id, OrderEnd(status="refused", sentence="moved", exit_code=PlanOutdated.exit_code))
    for status, said in answers(moved):
        assert (status, f"plan {moved} is out of date" in said) == (409, True)


BUTTONS = {
    "/connections/corp": ("operator", ("Sync now", "Plan now", "Full verify", "Test sign-in", "Pause")),
    "/conflicts": ("operator", ("Decide here", "Ignore")),
    "/runs/2": ("approver", ("Roll back …",)),
    "/plans/1": ("approver", ("Approve and apply", "Decline")),
}


@pytest.fixture
def asked(seeder: Seeder, pages: Pages) -> dict[Role, httpx.Client]:
    keep(seeder, is_stopped=True)
    seeder.run(busy_plan())
    return {role: pages(role=role) for role in ("viewer", "operator", "approver")}


def test_buttons_are_there_only_for_those_who_may_press_them(asked: dict[Role, httpx.Client]) -> None:
    order: tuple[Role, ...] = ("viewer", "operator", "approver")
    for path, (least, buttons) in BUTTONS.items():
        for role, client in asked.items():
            said = seen(client.get(path).text)
            may = order.index(role) >= order.index(least)
            assert {button: button in said for button in buttons} == dict.fromkeys(buttons, may), (path, role)


def test_a_blocked_plan_shows_its_limit_and_whom_it_concerns(seeder: Seeder, pages: Pages) -> None:
    number = keep(seeder, is_stopped=True)
    client = pages()
    said = seen(client.get(f"/plans/{number}").text)
    assert "Limits stop this plan before the first write 4 of 8 active managed users" in said
    assert "Whom it concerns (4) deactivate p4@corp.example deactivate p5@corp.example" in said
    assert f"See plan {number}, whom it concerns, and decide" in seen(client.get("/runs/1").text)
    client.post(f"/plans/{number}/apply", data={"note": "they left on Friday"})
    (order,) = open_reader(seeder.path).orders.latest(1)
    assert (order.placed.kind, order.placed.plan) == ("apply", number)
    assert order.placed.approval is not None
    assert order.placed.approval.note == "they left on Friday"


def test_a_plan_is_declined_once(seeder: Seeder, pages: Pages) -> None:
    number = keep(seeder, is_stopped=False)
    client = pages()
    assert "can be applied" in seen(client.get(f"/plans/{number}").text)
    client.post(f"/plans/{number}/decline", data={"note": "not before Monday"})
    said = seen(client.get(f"/plans/{number}").text)
    assert "declined by approver@test" in said
    assert "not before Monday" in said
    refused = client.post(f"/plans/{number}/apply")
    assert refused.status_code == 409
    assert "was declined by approver@test" in seen(refused.text)


def test_a_plan_that_was_found_out_of_date_or_does_nothing_has_no_button_to_apply_it(
    seeder: Seeder, pages: Pages
) -> None:
    empty, old = keep(seeder, is_stopped=False, is_empty=True), keep(seeder, is_stopped=False)
    client = pages()
    assert "can be applied" in seen(client.get(f"/plans/{old}").text)
    with State(seeder.path, seeder.clock) as state:
        number = state.orders.place(PlacedOrder(connection="corp", kind="apply", plan=old), B_SATO)
        state.orders.take(number, "w")
        refused = OrderEnd(status="refused", sentence="b.sato has changed", exit_code=PlanOutdated.exit_code)
        state.orders.end(number, refused)
    for plan, status in ((old, "out of date"), (empty, "nothing to do")):
        page = client.get(f"/plans/{plan}").text
        assert f"/plans/{plan}/apply" not in page
        assert status in seen(page)
        assert f"Plan {plan}" in seen(client.get("/connections/corp").text)
    said = seen(client.get("/connections/corp").text)
    assert "out of date" in said
    assert "can be applied" not in said


@pytest.mark.parametrize("is_ordered", [True, False])
def test_a_run_that_was_rolled_back_and_its_rollback_name_each_other(
    is_ordered: bool, seeder: Seeder, pages: Pages
) -> None:
    seeder.run(busy_plan())
    client = pages()
    assert 'action="/runs/1/rollback"' in client.get("/runs/1").text
    with State(seeder.path, seeder.clock) as state:
        number = None
        if is_ordered:
            number = state.orders.place(PlacedOrder(connection="corp", kind="rollback", run=1), B_SATO)
        asked_by = None if is_ordered else B_SATO
        run = state.begin_run("corp", "endpoint", "rollback", by=asked_by, detail="of run 1", order_id=number)
        assert "Rolled back by" not in client.get("/runs/1").text
        state.finish(run, Ending(status="done", is_complete=True))
    page = client.get("/runs/1").text
    assert 'action="/runs/1/rollback"' not in page
    assert "Rolled back by Run 2" in seen(page)
    assert "Rolls back Run 1" in seen(client.get("/runs/2").text)


def test_a_plan_is_searched_and_taken_away(seeder: Seeder, pages: Pages) -> None:
    plan = busy_plan()
    with State(seeder.path, seeder.clock) as state:
        number = state.plans.keep(plan, fingerprint=fingerprint(plan), document=to_bytes(plan), by=B_SATO)
    client = pages(role="viewer")
    found = seen(client.get(f"/plans/{number}?q=SUZUKI&kind=update_user").text)
    assert "1 of 14 operations" in found
    assert "title 主任 → 課長" in found
    assert client.get(f"/plans/{number}/plan.json").content == to_bytes(plan)
    assert client.get(f"/plans/{number}/operations.csv").text.count("\r\n") > len(plan.operations)
    assert client.get("/plans/99").status_code == 404


def test_a_conflict_is_decided_and_the_decision_undone(seeder: Seeder, pages: Pages) -> None:
    seeder.run(busy_plan())
    client = pages(role="operator")
    (conflict,) = open_reader(seeder.path).conflicts("corp")
    form = {"key": conflict.conflict.key, "connection": "corp", "decision": "ignore", "note": "twins"}
    answer = client.post("/conflicts/resolve", data=form)
    assert answer.headers["location"] == "/conflicts?connection=corp&done=1"
    said = seen(client.get(answer.headers["location"]).text)
    assert "1 conflict is decided." in said
    assert "decided by operator@test (twins)" in said
    client.post("/conflicts/undo", data={"key": conflict.conflict.key, "connection": "corp"})
    assert "Waiting for a decision (1)" in seen(client.get("/conflicts").text)
    assert client.post("/conflicts/resolve", data=form | {"decision": "adopt"}).status_code == 422


def test_all_of_a_kind_are_decided_at_once(seeder: Seeder, pages: Pages) -> None:
    from tests.builders import directory, planned, target, user

    names = ("ann", "ben")
    twins = [user(f"{name}{n}", userName=f"{name}@corp.example") for name in names for n in (1, 2)]
    seeder.run(planned(directory(*twins), target()))
    client = pages(role="operator")
    page = seen(client.get("/conflicts?kind=duplicate_user_name").text)
    assert "Decide about all 2 of this kind at once" in page
    answer = client.post("/conflicts/resolve", data={"key": "duplicate_user_name", "decision": "ignore"})
    assert answer.headers["location"] == "/conflicts?done=2"
    assert "Nothing waits for a decision." in seen(client.get("/conflicts").text)


def test_the_audit_is_filtered_and_taken_away_with_its_hashes(seeder: Seeder, pages: Pages) -> None:
    seeder.run(quiet_plan())
    client = pages()
    client.post("/connections/corp/pause", data={"reason": "=cmd|' /C calc'!A0 \u202e"})
    client.post("/connections/corp/resume")
    said = seen(client.get("/audit?action=pause").text)
    assert "approver@test page · 127.0.0.1 pause corp" in said
    assert "\\u202e" in said
    assert "resume corp" not in said
    lines = client.get("/audit/entries.jsonl?q=approver&connection=corp").text.splitlines()
    assert [orjson.loads(line)["action"] for line in lines] == ["pause", "resume"]
    assert all(len(orjson.loads(line)["hash"]) == 64 for line in lines)
    assert "No entry is like this." in seen(client.get("/audit?q=nobody").text)
