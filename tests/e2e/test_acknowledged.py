"""What the service has acknowledged is there after its death: SIGKILL as soon as it has answered, then a new one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from scim_bridge.model.actor import Actor
from scim_bridge.service.auth.csrf import HEADER, token_for
from scim_bridge.state.writer import State
from tests.e2e.conftest import Cli
from tests.e2e.process import start
from tests.e2e.world import People, World
from tests.waiting import PATIENCE, until

NOTE = "a department was moved"


@contextmanager
def service(world: World) -> Iterator[httpx.Client]:
    """A client that is signed in by the link. The service is killed after the block, at once."""
    process = start(world, "run")
    assert process.stderr is not None
    try:
        url = process.stderr.readline().removeprefix("pages: ").strip()
        link = process.stderr.readline().rpartition(": ")[2].strip()
        with httpx.Client(base_url=url, timeout=PATIENCE) as client:
            client.get(link)
            (secret,) = client.cookies.values()
            client.headers.update({"Origin": url, HEADER: token_for(secret)})
            yield client
            process.kill()
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def waiting(world: World, cli: Cli) -> World:
    """A plan that the guard has stopped and a conflict, both waiting for a person; the schedule is paused."""
    people = People()
    for number in range(12):
        people.add(f"u{number}")
    people.add("x1", login="twin@corp.example").add("x2", login="twin@corp.example")
    world.configure(extra="    policy: {limits: {deactivate: 10%, floor: 0}}\n")
    world.write(people)
    assert cli("sync").code == 5
    for number in range(4, 12):
        del people.users[f"u{number}"]
    world.write(people)
    assert cli("sync").code == 4
    with State(world.state) as state:
        state.pause("corp", Actor("ann"), "it is looked at")
    return world


def test_an_order_a_decision_and_an_approval_outlive_the_service_that_took_them(waiting: World) -> None:
    with State(waiting.state) as state:
        (conflict,) = (record.conflict for record in state.reader.conflicts("corp"))
        (plan,) = state.plans.latest(1)
    asked = {"connection": "corp", "kind": "test_sign_in"}
    decision = {"key": conflict.key, "decision": "ignore", "note": NOTE}
    with service(waiting) as client, ThreadPoolExecutor() as people:
        told = [
            people.submit(client.post, "/api/v1/orders", json=asked),
            people.submit(client.post, "/conflicts/resolve", data=decision),
            people.submit(client.post, f"/plans/{plan.id}/apply", data={"note": NOTE}),
        ]
        ordered, decided, approved = (each.result() for each in told)
    assert [answer.status_code for answer in (ordered, decided, approved)] == [202, 303, 303]
    placed = [ordered.json()["id"], int(approved.headers["location"].rpartition("order=")[2])]

    with service(waiting) as client:
        (shown,) = client.get("/api/v1/conflicts", params={"decided": "true"}).json()["items"]
        assert (shown["key"], shown["resolution"], shown["note"]) == (conflict.key, "ignore", NOTE)
        for number in placed:
            until(lambda: client.get(f"/api/v1/orders/{number}").json()["status"] not in ("waiting", "running"))  # noqa: B023
        entries = client.get("/api/v1/audit").json()["items"]
    done = {(each["action"], each["subject"]): each["detail"] for each in entries}
    assert {("resolve", conflict.key), ("test sign-in", f"order {placed[0]}")} <= done.keys()
    assert done["apply", f"order {placed[1]}"] == f"plan {plan.id}; approved: {NOTE}"
