"""Every route, tried by every role and by no one. A route without a row here fails, so add one with each new route."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from scim_bridge.model.actor import ROLES, Role
from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from tests.service.seed import NOON, Seeder, quiet_plan
from tests.service.sign_in import signed_in


@dataclass(frozen=True)
class Row:
    """A route. role: the least that may use it, "open" for everyone. example: its path with values, if it has any."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    role: Role | Literal["open"]
    example: str = ""


ROWS = (
    Row("GET", "/healthz", "open"),
    Row("GET", "/readyz", "open"),
    Row("GET", "/metrics", "open"),  # on loopback alone; test_metrics.py has the rest
    Row("GET", "/sign-in", "open"),
    Row("POST", "/sign-out", "open"),
    Row("GET", "/signed-out", "open"),
    Row("GET", "/sign-in/start", "open"),
    Row("GET", "/sign-in/callback", "open"),
    Row("GET", "/sign-out/provider", "open"),
    Row("GET", "/", "viewer"),
    Row("GET", "/runs", "viewer"),
    Row("GET", "/runs/{run_id}", "viewer", "/runs/1"),
    Row("GET", "/runs/{run_id}/operations.csv", "viewer", "/runs/1/operations.csv"),
    Row("GET", "/runs/{run_id}/operations.json", "viewer", "/runs/1/operations.json"),
    Row("POST", "/runs/{run_id}/rollback", "approver", "/runs/1/rollback"),
    Row("POST", "/runs/{run_id}/cancel", "operator", "/runs/1/cancel"),
    Row("GET", "/connections/{name:path}", "viewer", "/connections/corp"),
    Row("GET", "/connections/{name:path}/difference", "viewer", "/connections/corp/difference"),
    Row("POST", "/connections/{name:path}/order", "operator", "/connections/corp/order"),
    Row("POST", "/connections/{name:path}/pause", "operator", "/connections/corp/pause"),
    Row("POST", "/connections/{name:path}/resume", "operator", "/connections/corp/resume"),
    Row("POST", "/orders/{number}/cancel", "operator", "/orders/1/cancel"),
    Row("GET", "/plans/{number}", "viewer", "/plans/1"),
    Row("GET", "/plans/{number}/plan.json", "viewer", "/plans/1/plan.json"),
    Row("GET", "/plans/{number}/operations.csv", "viewer", "/plans/1/operations.csv"),
    Row("POST", "/plans/{number}/apply", "approver", "/plans/1/apply"),
    Row("POST", "/plans/{number}/decline", "approver", "/plans/1/decline"),
    Row("GET", "/conflicts", "viewer"),
    Row("POST", "/conflicts/resolve", "operator"),
    Row("POST", "/conflicts/undo", "operator"),
    Row("GET", "/audit", "viewer"),
    Row("GET", "/audit/entries.jsonl", "viewer"),
    Row("GET", "/api/v1/openapi.json", "viewer"),
    Row("GET", "/api/v1/connections", "viewer"),
    Row("GET", "/api/v1/connections/{name}", "viewer", "/api/v1/connections/corp"),
    Row("POST", "/api/v1/connections/{name}/pause", "operator", "/api/v1/connections/corp/pause"),
    Row("POST", "/api/v1/connections/{name}/resume", "operator", "/api/v1/connections/corp/resume"),
    Row("GET", "/api/v1/runs", "viewer"),
    Row("GET", "/api/v1/runs/{run_id}", "viewer", "/api/v1/runs/1"),
    Row("GET", "/api/v1/runs/{run_id}/operations", "viewer", "/api/v1/runs/1/operations"),
    Row("GET", "/api/v1/plans", "viewer"),
    Row("GET", "/api/v1/plans/{plan_id}", "viewer", "/api/v1/plans/1"),
    Row("GET", "/api/v1/plans/{plan_id}/operations", "viewer", "/api/v1/plans/1/operations"),
    Row("GET", "/api/v1/plans/{plan_id}/document", "viewer", "/api/v1/plans/1/document"),
    Row("POST", "/api/v1/plans/{plan_id}/apply", "approver", "/api/v1/plans/1/apply"),
    Row("POST", "/api/v1/plans/{plan_id}/decline", "approver", "/api/v1/plans/1/decline"),
    Row("GET", "/api/v1/conflicts", "viewer"),
    Row("POST", "/api/v1/conflicts/{key}/resolve", "operator", "/api/v1/conflicts/c-1/resolve"),
    Row("POST", "/api/v1/conflicts/{key}/undo", "operator", "/api/v1/conflicts/c-1/undo"),
    Row("GET", "/api/v1/people", "viewer", "/api/v1/people?connection=corp"),
    Row("GET", "/api/v1/people/{connection}/{kind}/{source_id:path}/explain", "viewer",
        "/api/v1/people/corp/user/u1/explain"),
    Row("GET", "/api/v1/access", "viewer", "/api/v1/access?connection=corp"),
    Row("GET", "/api/v1/audit", "viewer"),
    Row("GET", "/api/v1/orders", "viewer"),
    Row("GET", "/api/v1/orders/{order_id}", "viewer", "/api/v1/orders/1"),
    Row("GET", "/api/v1/orders/{order_id}/answer", "operator", "/api/v1/orders/1/answer"),
    Row("POST", "/api/v1/orders", "operator"),
    Row("POST", "/api/v1/orders/{order_id}/cancel", "operator", "/api/v1/orders/1/cancel"),
    Row("POST", "/api/v1/runs/{run_id}/cancel", "operator", "/api/v1/runs/1/cancel"),
    Row("GET", "/api/v1/events", "viewer"),
    Row("GET", "/people", "viewer"),
    Row("POST", "/people/{connection}/push", "operator", "/people/corp/push"),
    Row("GET", "/people/{connection}/{kind}", "viewer", "/people/corp/user?id=b.sato"),
    Row("GET", "/people/{connection}/{kind}/{source_id:path}", "viewer", "/people/corp/user/b.sato"),
    Row("GET", "/access", "viewer"),
    Row("GET", "/access/rows.{form}", "viewer", "/access/rows.csv"),
    Row("GET", "/access/difference", "viewer"),
    Row("GET", "/switch", "viewer"),
    Row("POST", "/switch/{connection}", "operator", "/switch/corp"),
    Row("GET", "/mapping", "viewer"),
    Row("GET", "/mapping/{connection}", "viewer", "/mapping/corp"),
    Row("POST", "/mapping/{connection}/try", "operator", "/mapping/corp/try"),
    Row("POST", "/mapping/{connection}/compare", "operator", "/mapping/corp/compare"),
    Row("GET", "/mapping/{connection}/compared/{number}", "operator", "/mapping/corp/compared/1"),
    Row("GET", "/tokens", "approver"),
    Row("POST", "/tokens", "approver"),
    Row("POST", "/tokens/{token_id}/revoke", "approver", "/tokens/7/revoke"),
    Row("POST", "/sessions/{session_id}/end", "approver", "/sessions/77/end"),
)  # fmt: skip


def application(path: Path) -> FastAPI:
    return create_app(Shown(path, {"corp": None}, lambda: NOON))


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, httpx.Client]]:
    """A client for each role, and for no one."""
    seeder = Seeder(tmp_path_factory.mktemp("state") / "scim-bridge.db")
    seeder.run(quiet_plan())
    with ExitStack() as stack:
        url = stack.enter_context(Served(application(seeder.path), ("127.0.0.1", 0))).url
        signed: dict[str, httpx.Client] = {
            role: stack.enter_context(signed_in(url, seeder.path, role, NOON)) for role in ROLES
        }
        yield {"no one": stack.enter_context(httpx.Client(base_url=url)), **signed}


def test_every_route_has_a_row(tmp_path: Path) -> None:
    routes = [each for each in iter_route_contexts(application(tmp_path / "scim-bridge.db").routes) if each.methods]
    there = {(method, each.path) for each in routes for method in each.methods or () if method != "HEAD"}
    assert there == {(row.method, row.path) for row in ROWS}
    assert len(ROWS) == len(there)


# To sign out would sign the clients of the whole table out; test_sign_in.py has it.
TRIED = [(row, who) for row in ROWS for who in ("no one", *ROLES) if row.path != "/sign-out" or who == "no one"]


@pytest.mark.parametrize(("row", "who"), TRIED, ids=[f"{row.method} {row.path}, {who}" for row, who in TRIED])
def test_every_route_is_for_its_role_and_those_above(row: Row, who: str, clients: Mapping[str, httpx.Client]) -> None:
    with clients[who].stream(row.method, row.example or row.path) as answer:  # events never end
        pass
    if row.role == "open":
        assert answer.status_code in (200, 303, 404)  # 404: what is there with service.auth alone
    elif who == "no one":
        _assert_asked_to_sign_in(row, answer)
    elif ROLES.index(who) < ROLES.index(row.role):
        assert answer.status_code == 403
    else:
        assert answer.status_code not in (401, 403)
        assert answer.status_code < 500
        assert "/sign-in" not in answer.headers.get("location", "")


def _assert_asked_to_sign_in(row: Row, answer: httpx.Response) -> None:
    if row.path.startswith("/api/"):
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
        assert answer.headers["www-authenticate"] == "Bearer"
    else:
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")
