"""What is said over HTTP: headers, bodies, tokens, and requests that are held."""

import threading
from typing import Any

import pytest

from scim_bridge.sandbox.fault import Fault
from tests.sandbox.conftest import Caller
from tests.sandbox.in_process import PATCH_OP, person
from tests.waiting import PATIENCE, sent, until


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json", ""])
def test_a_body_of_another_media_type_is_refused(caller: Caller, kind: str) -> None:
    said = [
        caller.http.post(
            f"{caller.sandbox.url}/Groups",
            content=b'{"displayName": "g%d"}' % number,
            headers={"Content-Type": media_type},
        ).status_code
        for number, media_type in enumerate((kind, "application/scim+json", "Application/JSON; charset=utf-8"))
    ]
    assert said == [400, 201, 201]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_body_where_none_belongs_is_refused(caller: Caller, method: str) -> None:
    path = f"Users/{caller('POST', 'Users', person('a')).json()['id']}"
    assert caller(method, path, {}).status_code == 400
    assert caller("GET", path).status_code == 200


@pytest.mark.parametrize("path", ["Users/", "/Users", "//Users", "Users//x"])
def test_a_path_with_an_empty_part_is_not_there(caller: Caller, path: str) -> None:
    assert caller("GET", path).status_code == 404


def test_the_tenant_itself_is_not_there_and_no_other_tenant(caller: Caller) -> None:
    assert caller.http.get(caller.sandbox.url).status_code == 404


@pytest.mark.parametrize(("setting", "detail"), [(401, "Unauthorized"), (404, "TENANT does not exist.")])
def test_a_tenant_is_removed_and_comes_back(caller: Caller, setting: int, detail: str) -> None:
    caller.control("knobs", {"removed_tenant": setting})
    answer = caller("GET", "Users")
    assert (answer.status_code, answer.json()["detail"]) == (setting, detail)
    caller.control("knobs", {"removed_tenant": None})
    assert caller("GET", "Users").status_code == 200
    assert caller.sandbox.counts.invalid == 0


def test_tokens_expire_and_come_back_while_it_runs(caller: Caller) -> None:
    old = list(caller.sandbox.app.identity.tokens)
    assert caller.control("tokens", {"tokens": ["new"]}).status_code == 200
    assert caller("GET", "Users").status_code == 401
    assert caller("GET", "Users", headers={"Authorization": "Bearer new"}).status_code == 200
    caller.control("tokens", {"tokens": old})
    assert caller("GET", "Users").status_code == 200


@pytest.mark.parametrize(("kind", "status"), [("unauthorized", 401), ("forbidden", 403)])
def test_a_refusal_begins_in_the_middle_and_ends(caller: Caller, kind: Any, status: int) -> None:
    caller.control("faults", {"faults": [{"kind": kind, "path": "Users", "skip": 1, "left": 2}]})
    said = [caller("POST", "Users", person(name)).status_code for name in "abcd"]
    assert said == [201, status, status, 201]
    assert len(caller.sandbox.state()["users"]) == 2
    assert caller.sandbox.counts.invalid == 0


@pytest.mark.parametrize("body", [person("taken"), {"userName": ""}])
def test_what_is_throttled_is_throttled_whatever_it_is(caller: Caller, body: Any) -> None:
    caller("POST", "Users", person("taken"))
    caller.sandbox.fail(Fault("throttle_after", "POST", left=1))
    assert caller("POST", "Users", body).status_code == 429
    caller.sandbox.fail(Fault("error_after", "POST", left=1))
    assert caller("POST", "Users", body).status_code == 503
    caller.control("knobs", {"rate": 1, "applies_throttled_posts": True})
    said = [caller("POST", "Users", body).status_code for _ in range(4)]
    caller.control("knobs", {"rate": None})
    assert said[1:].count(429) >= 2


@pytest.mark.parametrize(("kind", "is_applied"), [("hold_before", False), ("hold_after", True)])
def test_a_request_waits_until_it_is_told_to_go_on(caller: Caller, kind: Any, is_applied: bool) -> None:
    caller.sandbox.fail(Fault(kind, "POST", "Users"))
    said: list[int] = []
    posting = threading.Thread(target=lambda: said.append(caller("POST", "Users", person("a")).status_code))
    posting.start()
    assert caller.sandbox.wait_held(seconds=PATIENCE) == ["POST Users"]
    assert caller("GET", "Users").json()["totalResults"] == is_applied
    assert said == []
    caller.sandbox.go_on()
    posting.join()
    assert said == [201]


def test_requests_are_held_and_go_on_by_the_control_plane_and_then_meet_other_faults(caller: Caller) -> None:
    caller.control(
        "faults", {"faults": [{"kind": "hold_before", "method": "POST"}, {"kind": "error", "method": "POST"}]}
    )
    assert caller.control("wait-held", {"seconds": 0.01}).status_code == 408
    said: list[int] = []
    posting = [
        threading.Thread(target=lambda n=n: said.append(caller("POST", "Users", person(n)).status_code)) for n in "ab"
    ]
    for thread in posting:
        thread.start()
    assert caller.control("wait-held", {"count": 2, "seconds": PATIENCE}).json() == {"held": ["POST Users"] * 2}
    assert caller.control("go-on", {"count": 1}).json() == {"went": 1}
    assert caller.control("held").json() == {"held": ["POST Users"]}
    caller.control("faults", {"faults": []})
    caller.control("go-on", {})
    for thread in posting:
        thread.join()
    assert sorted(said) == [201, 503]


def test_a_write_that_is_held_happens_though_its_client_has_gone(caller: Caller) -> None:
    caller.sandbox.fail(Fault("hold_before", "POST"))
    with sent("POST", f"{caller.sandbox.url}/Users", caller.sandbox.token, person("a")) as posting:
        caller.sandbox.wait_held(seconds=PATIENCE)
        posting.give_up()
    assert caller("GET", "Users").json()["totalResults"] == 0
    caller.sandbox.go_on()
    until(lambda: caller("GET", "Users").json()["totalResults"] == 1)


def test_a_patch_without_its_schemas_is_counted_as_a_mistake(caller: Caller) -> None:
    path = f"Users/{caller('POST', 'Users', person('a')).json()['id']}"
    operations = [{"op": "replace", "path": "title", "value": "T"}]
    assert caller("PATCH", path, {"Operations": operations}).status_code == 400
    assert PATCH_OP in caller.sandbox.counts.told[0]
