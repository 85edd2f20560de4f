"""$batch: requests of their own inside one (learn.microsoft.com/graph/json-batching)."""

from typing import Any

import pytest

from scim_bridge.sandbox.entra.fault import EntraFault
from tests.sandbox.entra.conftest import Caller, code

EVENTUAL = {"ConsistencyLevel": "eventual"}


@pytest.fixture(autouse=True)
def people(graph: Caller) -> None:
    people = [{"id": f"u{number}"} for number in range(5)]
    graph.entra.directory.seed({"users": people, "groups": [{"id": "g", "members": ["u1", "u2", "u3"]}]})


def asked(number: int, url: str, **more: Any) -> dict[str, Any]:
    return {"id": str(number), "method": "GET", "url": url, **more}


def parts(graph: Caller, *requests: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The answers by the ids of their requests."""
    answer = graph.post("$batch", {"requests": list(requests)})
    assert answer.status_code == 200
    return {one["id"]: one for one in answer.json()["responses"]}


def test_answers_come_in_another_order_than_the_requests(graph: Caller) -> None:
    shown = graph.post("$batch", {"requests": [asked(1, "/users/u1"), asked(2, "/users/u2")]}).json()["responses"]
    assert [one["id"] for one in shown] == ["2", "1"]


def test_a_part_that_is_none_is_refused_by_itself(graph: Caller) -> None:
    found = parts(graph, asked(1, "/people"), asked(2, "/users/u1"), {"id": "3"}, asked(4, "/users", method="DELETE"))
    assert [found[number]["status"] for number in "1234"] == [400, 200, 400, 400]


def test_a_listing_in_a_batch_goes_on_by_an_absolute_link_of_its_own(graph: Caller) -> None:
    page = parts(graph, asked(1, "/groups/g/members?$select=id&$top=2"))["1"]["body"]
    assert [row["id"] for row in page["value"]] == ["u1", "u2"]
    assert page["@odata.nextLink"].startswith(f"{graph.entra.graph}/v1.0/groups/g/members?")
    assert graph.ids(page["@odata.nextLink"]) == ["u3"]


def test_a_round_of_changes_runs_in_a_batch(graph: Caller) -> None:
    link = parts(graph, asked(1, "/users/delta?$select=id"))["1"]["body"]["@odata.deltaLink"]
    graph.entra.directory.delete_user("u2")
    relative = link.removeprefix(f"{graph.entra.graph}/v1.0")
    [row] = parts(graph, asked(1, relative))["1"]["body"]["value"]
    assert (row["id"], "@removed" in row) == ("u2", True)
    graph.entra.expire_delta_links("gone")
    expired = parts(graph, asked(1, relative))["1"]
    assert expired["status"] == 410
    assert expired["headers"]["Location"].startswith(f"{graph.entra.graph}/v1.0/users/delta?")


def test_eventual_consistency_is_said_by_each_part_and_not_by_the_batch(graph: Caller) -> None:
    bearer = {"authorization": f"Bearer {graph.token}", **EVENTUAL}
    requests = [asked(1, "/users?$count=true"), asked(2, "/users?$count=true", headers=EVENTUAL)]
    answer = graph.http.post(f"{graph.entra.graph}/v1.0/$batch", headers=bearer, json={"requests": requests})
    found = {one["id"]: one for one in answer.json()["responses"]}
    assert (found["1"]["status"], found["2"]["status"]) == (400, 200)
    assert found["2"]["body"]["@odata.count"] == 5


def test_objects_are_fetched_by_ids_in_a_batch(graph: Caller) -> None:
    body = {"ids": ["u1", "g", "nobody"]}
    request = asked(1, "/directoryObjects/getByIds", method="POST", body=body, headers={"Content-Type": "x"})
    assert [row["id"] for row in parts(graph, request)["1"]["body"]["value"]] == ["u1", "g"]


def test_a_batch_with_a_token_that_ended_is_refused_as_a_whole(graph: Caller) -> None:
    graph.entra.expire_tokens()
    answer = graph.post("$batch", {"requests": [asked(1, "/users/u1")]})
    assert code(answer) == (401, "InvalidAuthenticationToken")
    assert graph.entra.counts.parts == 0


def test_a_fault_of_the_batch_strikes_all_of_it_and_one_of_a_part_that_part(graph: Caller) -> None:
    graph.entra.fail(EntraFault("error", path="$batch", left=1), EntraFault("error", path="users/u1", status=504))
    requests = [asked(1, "/users/u1"), asked(2, "/users/u2")]
    assert graph.post("$batch", {"requests": requests}).status_code == 503
    found = parts(graph, *requests)
    assert (found["1"]["status"], found["2"]["status"]) == (504, 200)
    assert found["1"]["body"]["error"]["code"] == "GatewayTimeout"


def test_each_part_is_paid_from_the_quota(graph: Caller) -> None:
    graph.set(units=4)
    requests = [asked(number, "/users/u1") for number in range(6)]
    statuses = [found["status"] for found in parts(graph, *requests).values()]
    assert statuses == [200, 200, 200, 200, 429, 429]


@pytest.mark.parametrize("body", [None, {}, {"requests": {}}, {"requests": ["x"]}, {"requests": [{"url": "/users"}]}])
def test_a_batch_that_is_none_is_refused(graph: Caller, body: Any) -> None:
    assert code(graph.post("$batch", body)) == (400, "BadRequest")


def test_a_batch_is_posted_as_json(graph: Caller) -> None:
    assert graph.get("$batch").status_code == 400
    bearer = {"authorization": f"Bearer {graph.token}"}
    answer = graph.http.post(f"{graph.entra.graph}/v1.0/$batch", headers=bearer, content=b"{")
    assert code(answer) == (400, "BadRequest")
