"""The control plane: how a demo or another process changes the tenant while the emulator runs."""

from typing import Any

import httpx
import pytest

from tests.sandbox.entra.conftest import Caller


def told(graph: Caller, what: str, body: Any = None, method: str = "POST") -> httpx.Response:
    """The answer of the control plane, which is on the plain port."""
    return httpx.request(method, f"{graph.entra.managed_identity_host}/control/{what}", json=body)


def test_a_directory_is_put_in_and_changed_step_by_step(graph: Caller) -> None:
    assert told(graph, "seed", {"users": [{"id": "a"}, {"id": "b"}], "groups": [{"id": "g"}]}).status_code == 200
    changes = [
        {"do": "put_user", "with": ["a"], "set": {"displayName": "Aya"}},
        {"do": "set_manager", "with": ["a", "b"]},
        {"do": "add_member", "with": ["g", "a"]},
        {"do": "delete_user", "with": ["b"]},
    ]
    assert told(graph, "change", {"changes": changes}).json() == {}
    assert graph.get("users/a?$select=displayName").json()["displayName"] == "Aya"
    assert graph.get("users/a/manager").status_code == 404, "who was the manager is deleted"
    assert graph.ids("groups/g/members?$select=id") == ["a"]


def test_links_and_tokens_are_ended_from_outside(graph: Caller) -> None:
    _, link = graph.delta("users/delta?$select=id")
    told(graph, "expire-delta-links", {"refusal": "gone"})
    assert graph.get(link).status_code == 410
    told(graph, "expire-tokens")
    assert graph.get("users").status_code == 401


def test_faults_and_settings_are_exchanged_and_the_counts_begin_anew(graph: Caller) -> None:
    told(graph, "faults", {"faults": [{"kind": "throttle", "path": "users", "retry_after": 5, "left": 1}]})
    assert graph.get("users").headers["retry-after"] == "5"
    told(graph, "knobs", {"without": ["department"], "page_cap": 1})
    assert graph.get("users?$select=department").status_code == 400
    counts = told(graph, "counts", method="GET").json()
    assert (counts["graph"], counts["throttled"], counts["invalid"]) == (2, 1, 1)
    told(graph, "reset-counts")
    assert told(graph, "counts", method="GET").json()["total"] == 0, "the control plane is not counted"


@pytest.mark.parametrize(
    ("what", "body", "said"),
    [
        ("seed", {"users": [{"id": "a", "shoeSize": 42}]}, "shoeSize"),
        ("change", {}, "KeyError: 'changes'"),
        ("change", {"changes": [{"do": "seed"}]}, "seed is not a change"),
        ("change", {"changes": [{"do": "put_user"}]}, "TypeError"),
        ("faults", {"faults": [{"kind": "error", "colour": "red"}]}, "colour"),
        ("knobs", {"colour": "red"}, "colour"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(graph: Caller, what: str, body: Any, said: str) -> None:
    answer = told(graph, what, body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


@pytest.mark.parametrize(("method", "what"), [("GET", "seed"), ("POST", "counts"), ("POST", "reboot")])
def test_there_is_nothing_else(graph: Caller, method: str, what: str) -> None:
    assert told(graph, what, {}, method).status_code == 404


def test_it_is_not_reached_through_the_doors_of_graph_and_login(graph: Caller) -> None:
    for door in (graph.entra.graph, graph.entra.login):
        assert graph.http.get(f"{door}/control/counts").status_code in (400, 401, 404)
