"""The control plane: what a test in another process sets, asks for and is refused."""

from typing import Any

import pytest

from tests.sandbox.conftest import Caller
from tests.sandbox.in_process import person


def test_the_control_plane_seeds_shows_and_counts(caller: Caller) -> None:
    caller.control("seed", {"users": [person("a@x")], "groups": [{"displayName": "g", "members": ["a@x"]}]})
    assert caller.control("state").json() == caller.sandbox.state()
    assert len(caller.sandbox.state()["users"]) == 1
    assert caller.control("counts").json()["total"] == 0
    caller.control("faults", {"faults": [{"kind": "error", "left": 1}]})
    assert caller("GET", "Users").status_code == 503
    caller.control("knobs", {"content_type": "application/scim+json"})
    assert caller("GET", "Users").headers["content-type"] == "application/scim+json"
    assert caller.control("counts").json()["total"] == 2


@pytest.mark.parametrize(
    ("what", "body", "said"),
    [
        ("knobs", {"lag": 1}, "there is no knob 'lag'"),
        ("knobs", {"put_group": 200}, "the knob put_group cannot be 200; it is 501 or 400 or 404 or 405"),
        ("faults", {"faults": [{"kind": "bang"}]}, "the fault setting kind cannot be 'bang'"),
        ("faults", {"faults": [{"method": "GET"}]}, "a fault has a kind"),
        ("faults", {"faults": [{"kind": "slow", "chance": 2}]}, "a number from 0 to 1"),
        ("faults", {"faults": 5}, "faults are a list"),
        ("faults", {}, "'faults' is missing"),
        ("faults", [], "the body is not JSON object"),
        ("tokens", {"tokens": "x"}, "tokens are a list of texts"),
        ("go-on", {"count": "x"}, "the count is a whole number from 0"),
        ("wait-held", {"seconds": []}, "float"),
        ("seed", {"users": [{"userName": 5}]}, "number 1 of users is not an object with a userName"),
        ("seed", {"users": 5}, "a list of users"),
        ("seed", {"users": [person("a"), person("A")]}, "User A: userName is taken"),
        ("seed", {"users": [person("a"), {"userName": "b"}]}, "User b: name is required"),
        ("seed", {"users": [person("a")], "groups": [{"displayName": "g", "members": ["x"]}]}, "'x' is not a userName"),
    ],
)
def test_the_control_plane_refuses_what_does_not_fit_and_changes_nothing(
    caller: Caller, what: str, body: Any, said: str
) -> None:
    answer = caller.control(what, body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert caller.sandbox.state() == {"users": [], "groups": [], "members": {}}
    assert caller("GET", "Users").status_code == 200


def test_knobs_are_shown_and_set_back(caller: Caller) -> None:
    before = caller.control("knobs").json()
    for name, value in {"case_exact": True, "list_lag": 5, "strict_text": True, "put_group": 404}.items():
        assert caller.control("knobs", {name: value}).json() == {}
        assert caller.control("knobs").json()[name] == value
    assert caller.control("knobs", before).status_code == 200
    assert caller.control("knobs").json() == before
