"""The faults that a client of Graph must have, over real HTTPS; and batches, in which they strike one by one."""

import base64
import time
from typing import Any

import httpx
import orjson
import pytest

from scim_bridge.sandbox.entra.fault import EntraFault
from tests.sandbox.entra.conftest import Caller, code
from tests.waiting import sent, until


@pytest.fixture(autouse=True)
def people(graph: Caller) -> None:
    graph.entra.directory.seed({"users": [{"id": f"u{number}"} for number in range(5)]})


@pytest.mark.parametrize("after", [None, 7])
def test_throttled_with_and_without_a_time_to_wait(graph: Caller, after: int | None) -> None:
    graph.entra.fail(EntraFault("throttle", retry_after=after, left=1))
    answer = graph.get("users")
    assert code(answer) == (429, "TooManyRequests")
    assert answer.headers.get("retry-after") == (None if after is None else str(after))
    assert graph.get("users").status_code == 200
    assert graph.entra.counts.throttled == 1


@pytest.mark.parametrize(
    ("status", "text"), [(503, "ServiceUnavailable"), (504, "GatewayTimeout"), (500, "InternalServerError")]
)
def test_the_service_cannot_answer(graph: Caller, status: int, text: str) -> None:
    graph.entra.fail(EntraFault("error", status=status))
    assert code(graph.get("users")) == (status, text)
    graph.entra.fail(EntraFault("empty", status=status))
    assert graph.get("users").content == b""
    graph.entra.fail(EntraFault("html", status=status))
    assert graph.get("users").headers["content-type"] == "text/html"


def test_an_answer_that_is_no_json(graph: Caller) -> None:
    graph.entra.fail(EntraFault("garbage"))
    with pytest.raises(ValueError, match=r"codec|Expecting|Extra"):
        graph.get("users").json()


@pytest.mark.parametrize("kind", ["cut", "truncated"])
def test_the_connection_ends_before_or_within_the_answer(graph: Caller, kind: Any) -> None:
    graph.entra.fail(EntraFault(kind))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        graph.get("users")
    graph.entra.fail()
    assert graph.get("users").status_code == 200


def test_an_answer_comes_late_or_never(graph: Caller) -> None:
    graph.entra.fail(EntraFault("slow", seconds=0.1))
    start = time.monotonic()
    assert graph.get("users").status_code == 200
    assert time.monotonic() - start >= 0.1
    graph.entra.fail(EntraFault("hang"))
    graph.entra.forget_requests()
    with sent("GET", f"{graph.entra.graph}/v1.0/users", graph.token, tls=graph.tls) as asking:
        until(lambda: graph.entra.counts.graph)
        assert not asking.has_answer()


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        ("unauthorized", (401, "InvalidAuthenticationToken")),
        ("forbidden", (403, "Authorization_RequestDenied")),
        ("sync_state", (400, "syncStateNotFound")),
        ("resync", (400, "resyncRequired")),
        ("gone", (410, "syncStateNotFound")),
        ("expired_page", (400, "Directory_ExpiredPageToken")),
    ],
)
def test_the_second_page_of_a_listing_is_refused(graph: Caller, kind: Any, refusal: tuple[int, str]) -> None:
    graph.entra.fail(EntraFault(kind, path="users", query="skiptoken"))
    first = graph.get("users?$top=3")
    assert first.status_code == 200
    assert code(graph.get(first.json()["@odata.nextLink"])) == refusal


@pytest.mark.parametrize("kind", ["error", "empty", "html", "garbage", "cut", "truncated"])
def test_a_page_in_the_middle_fails_once_and_is_the_same_when_asked_for_again(graph: Caller, kind: Any) -> None:
    graph.set(delta_page=2)
    link = graph.get("users/delta?$select=id").json()["@odata.nextLink"]
    graph.entra.fail(EntraFault(kind, path="users/delta", query="skiptoken", left=1))
    try:
        assert not (answer := graph.get(link)).is_success or not answer.content.startswith(b"{")
    except (httpx.RemoteProtocolError, httpx.ReadError):
        assert kind in ("cut", "truncated")
    assert [row["id"] for row in graph.get(link).json()["value"]] == ["u2", "u3"]


def test_a_page_in_the_middle_loses_its_link_or_leads_elsewhere(graph: Caller) -> None:
    graph.set(delta_page=2)
    link = graph.get("users/delta?$select=id").json()["@odata.nextLink"]
    graph.entra.fail(EntraFault("lost_link", path="users/delta", query="skiptoken"))
    page = graph.get(link).json()
    assert (len(page["value"]), [name for name in page if name.endswith("Link")]) == (2, [])
    graph.entra.fail(EntraFault("foreign_link", path="users/delta", query="skiptoken", host="https://other.example"))
    assert graph.get(link).json()["@odata.nextLink"].startswith("https://other.example/v1.0/users/delta?$skiptoken=")


def test_a_token_ends_between_two_pages(graph: Caller) -> None:
    link = graph.get("users?$top=2").json()["@odata.nextLink"]
    graph.entra.expire_tokens()
    assert code(graph.get(link)) == (401, "InvalidAuthenticationToken")
    graph.token = graph.fetch_token().json()["access_token"]
    assert graph.get(link).status_code == 200


def test_a_claims_challenge_says_what_it_wants(graph: Caller) -> None:
    graph.entra.fail(EntraFault("challenge"))
    wanted = graph.get("users").headers["www-authenticate"]
    claims = orjson.loads(base64.b64decode(wanted.partition('claims="')[2].rstrip('"')))
    assert claims["access_token"]["nbf"]["essential"] is True


def test_links_and_redirects_lead_to_another_host(graph: Caller) -> None:
    graph.entra.fail(EntraFault("foreign_link", host="https://graph.attacker.example"))
    assert graph.get("users?$top=1").json()["@odata.nextLink"].startswith("https://graph.attacker.example/v1.0/users?")
    link = graph.get("users/delta").json()["@odata.deltaLink"]
    assert link.startswith("https://graph.attacker.example/v1.0/users/delta?$deltatoken=")
    graph.entra.fail(EntraFault("redirect", host="https://graph.attacker.example"))
    answer = graph.get("users?$top=1")
    assert (answer.status_code, answer.headers["location"]) == (302, "https://graph.attacker.example/v1.0/users?$top=1")


def test_links_are_lost(graph: Caller) -> None:
    graph.entra.fail(EntraFault("lost_link"))
    for path in ("users?$top=1", "users/delta"):
        assert not [name for name in graph.get(path).json() if name.endswith("Link")]


def test_a_fault_lets_so_many_pass_and_strikes_so_often(graph: Caller) -> None:
    graph.entra.fail(EntraFault("error", path="users", skip=2, left=2))
    assert [graph.get("users").status_code for _ in range(6)] == [200, 200, 503, 503, 200, 200]
    graph.entra.fail(EntraFault("error", path="groups"))
    assert graph.get("users").status_code == 200


def test_a_fault_by_chance_strikes_the_same_requests_each_time(graph: Caller) -> None:
    struck = []
    for _ in range(2):
        graph.entra.reset()
        graph.token = graph.fetch_token().json()["access_token"]
        graph.entra.fail(EntraFault("error", chance=0.3))
        struck.append([graph.get("users").status_code for _ in range(60)])
    assert struck[0] == struck[1]
    assert 5 <= struck[0].count(503) <= 35


@pytest.mark.parametrize("number", [7000222, 53003, 650052, 90033])
def test_the_token_endpoint_refuses_by_number(graph: Caller, number: int) -> None:
    graph.entra.fail(EntraFault("aadsts", where="login", path="oauth2", code=number))
    answer = graph.fetch_token()
    assert answer.json()["error_codes"] == [number]
    assert graph.get("users").status_code == 200, "Graph itself is well"


@pytest.mark.parametrize(("kind", "status"), [("throttle", 429), ("error", 503), ("html", 503)])
def test_the_login_host_and_the_metadata_endpoint_fail_too(graph: Caller, kind: Any, status: int) -> None:
    graph.entra.fail(EntraFault(kind, where="login", retry_after=3))
    answer = graph.fetch_token()
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "3")
    graph.entra.fail(EntraFault(kind, where="metadata"))
    url = f"{graph.entra.managed_identity_host}/metadata/identity/oauth2/token"
    assert graph.http.get(url).status_code == status


def test_the_quota_is_counted_in_units_and_told_when_it_nears_its_end(graph: Caller) -> None:
    graph.set(units=10)
    answers = [graph.get("users") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 200, 429]
    assert answers[0].headers["x-ms-resource-unit"] == "2"
    assert answers[0].headers.get("x-ms-throttle-limit-percentage") is None
    assert answers[4].headers["x-ms-throttle-limit-percentage"] == "1.0"
    assert int(answers[5].headers["retry-after"]) >= 1
    graph.set(units=10)
    assert [graph.get("users?$select=id").status_code for _ in range(10)] == [200] * 10, "$select halves the cost"


def batched(graph: Caller, *urls: str, **more: Any) -> httpx.Response:
    asked = [{"id": str(number), "method": "GET", "url": url, **more} for number, url in enumerate(urls)]
    return graph.post("$batch", {"requests": asked})


def test_a_batch_answers_each_request_with_a_status_of_its_own(graph: Caller) -> None:
    answer = batched(
        graph, "/users/u1?$select=id", "/users/nobody", "/users/$count", headers={"ConsistencyLevel": "eventual"}
    )
    by_id = {one["id"]: one for one in answer.json()["responses"]}
    assert (by_id["0"]["status"], by_id["0"]["body"]["id"]) == (200, "u1")
    assert (by_id["1"]["status"], by_id["1"]["body"]["error"]["code"]) == (404, "Request_ResourceNotFound")
    assert base64.b64decode(by_id["2"]["body"]) == b"5"
    assert (graph.entra.counts.graph, graph.entra.counts.parts) == (1, 3)


def test_one_request_of_a_batch_is_throttled(graph: Caller) -> None:
    graph.entra.fail(EntraFault("throttle", path="users/u2", retry_after=4))
    answer = batched(graph, "/users/u1", "/users/u2")
    assert answer.status_code == 200
    by_id = {one["id"]: one for one in answer.json()["responses"]}
    assert (by_id["0"]["status"], by_id["1"]["status"]) == (200, 429)
    assert by_id["1"]["headers"]["Retry-After"] == "4"


def test_a_batch_of_more_than_twenty_or_of_equal_ids_is_refused(graph: Caller) -> None:
    assert len(batched(graph, *["/users/u1"] * 20).json()["responses"]) == 20
    assert code(batched(graph, *["/users/u1"] * 21)) == (400, "BadRequest")
    assert code(batched(graph, "/users/u1", "/users/u2", id="same")) == (400, "BadRequest")
    assert code(graph.post("$batch", [])) == (400, "BadRequest")
